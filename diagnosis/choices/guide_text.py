"""The troubleshooting guide: what each trouble means and what to do about it. Section ids are what findings point to.

Which live checks answer a paragraph stands in `guide_checks`, by its id.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paragraph:
    """`id` is its own within the whole guide."""

    id: str
    title: str
    means: str
    do: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """`unchecked` says what no live check looks at, and why."""

    id: str
    group: str
    title: str
    paragraphs: tuple[Paragraph, ...]
    unchecked: str = ""


TOKEN = "A token is looked into on the page Connecting: what kind it is, whose, until when, and why it is refused."
NOT_YET = "There is no live check of this yet: what stands here is advice."

SECTIONS = (
    Section("unauthorized", "Signing in", "Unauthorized", (
        Paragraph("token-refused", "The token is not accepted",
                  "The token has expired, was revoked, or the header is not read.", (
            "Sign in again, and make a new token on the page Connecting.",
            "Send it as one header: Authorization: Bearer, a space, the token.",
            "Ask whether your GitHub account still belongs to the organisation.",
            "A connector that signed in by itself: disconnect it and connect it again.")),
    ), TOKEN),
    Section("forbidden", "Signing in", "Forbidden", (
        Paragraph("role-missing", "You are known, but lack the role",
                  "A tenant's roles come from its GitHub team and from its "
                  "members. Taking away a service or a tenant is left to platform admins.", (
            "Read the refusal: it names the role that is missing and who can give it.",
            "Ask an owner of the tenant to add you, or to put you in the team.",
            "Just added? Open your account page and read your memberships again.")),
    ), "Your roles stand on your account page, each with where it comes from."),
    Section("token-types", "Signing in", "Kinds of tokens", (
        Paragraph("kinds-of-tokens", "Which token is which",
                  "They are told apart by their shape alone. Without dots it is a GitHub "
                  "token; with two dots it is signed, by us or by the single sign-on.", (
            "For scripts use a personal token of MCTL, for AI clients let them sign in themselves.",
            "Look at a token's kind on the page Connecting before you guess.")),
    ), TOKEN),
    Section("tools-missing", "AI clients", "Tools do not appear", (
        Paragraph("old-tool-list", "The client remembers an old list",
                  "Clients read the tools once, when a conversation begins.", (
            "Disconnect the server in the client, then connect it again.",
            "Begin a new conversation: a running one keeps the tools it started with.")),
    ), TOKEN),
    Section("timeouts", "AI clients", "Tool calls time out", (
        Paragraph("call-timed-out", "The work goes on without the call",
                  "A change answers with the id of its operation at once; the "
                  "work itself runs in the background.", (
            "Ask for the operation by its id instead of asking for the change again.",
            "Ask for less: one tenant, one service, fewer lines of log.",
            "Where nothing answers at all, see whether this installation is reachable from there: /healthz answers "
            "anyone, without a token.")),
    ), "How far a change has come stands on the page of its operation."),
    Section("connection-refused", "AI clients", "Connection refused", (
        Paragraph("wrong-address", "The address or the transport is wrong",
                  "There is one address, ending in /mcp and in nothing "
                  "else, and it speaks streamable HTTP.", (
            "Copy the configuration from the page Connecting instead of writing it.",
            "Leave out a type of stdio: nothing is started on your machine.",
            "Let the page Connecting check the configuration you have.",
            "Ask for /healthz of this installation from the same machine: it answers anyone, without a token.")),
    ), "A configuration is checked on the page Connecting."),
    Section("stuck", "Deployment", "Pending or progressing for long", (
        Paragraph("image-not-pulled", "The image cannot be pulled",
                  "The pods are placed, but the node does not get the image.", (
            "Compare the image and its tag with the registry, letter by letter.", "See Image pulls below.")),
        Paragraph("pods-refused", "The pods are refused",
                  "A quota is used up, or a rule of the namespace does not admit the pod.", (
            "Compare what the tenant has used with its quota.", "Ask for less, run fewer replicas, or have the quota "
            "raised.")),
        Paragraph("no-node", "No node has room",
                  "The pod asks for more than any node has free, or for a node that is not "
                  "there.", ("Lower the requested CPU or memory.", "Ask a platform admin for more nodes.")),
        Paragraph("port-taken", "A port is taken", "Another process or service holds the port.", (
            "Give the service another port.",)),
        Paragraph("volume-missing", "A volume is missing",
                  "A claim does not exist, is not bound, or is held by another node.", (
            "Name a storage class that exists.", "Stop the pod that still holds the volume.")),
    )),
    Section("out-of-sync", "Deployment", "OutOfSync in Argo CD", (
        Paragraph("change-under-way", "A change is on its way",
                  "For some minutes after a commit the cluster differs from git.", (
            "Wait: Argo CD looks at least every three minutes.",)),
        Paragraph("sync-fails", "The sync fails", "The API server refuses a manifest, or a hook has failed.", (
            "Read the message of the sync and correct what git says.",)),
        Paragraph("git-unreadable", "Git cannot be read or rendered",
                  "The repository does not answer, or chart and values do not fit.", (
            "Plan the change: the plan renders the chart and shows the error.",)),
        Paragraph("changed-by-hand", "Somebody changed the cluster by hand",
                  "Argo CD puts back what git says, unless that is switched "
                  "off.", ("Bring the change into git, or undo it.",)),
    )),
    Section("degraded", "Deployment", "Degraded: running, but not healthy", (
        Paragraph("crashes", "It crashes again and again", "The program ends by itself; its last lines say why.", (
            "Read the log of the previous run.", "Roll back to the version that worked.")),
        Paragraph("probe-fails", "A probe fails",
                  "Nobody answers on the probed port and path, or answers with an error.", (
            "Let the program listen on the configured port, on all addresses.",
            "Set the health check path to one it serves.")),
        Paragraph("settings-missing", "Settings are missing",
                  "A variable, Secret or ConfigMap the program needs is not there.", (
            "Compare the variables the service sets with those it asks for.",)),
        Paragraph("killed-for-memory", "It is killed for memory",
                  "OOMKilled: the container took more than its limit.", (
            "Look at the memory it uses.", "Raise the limit, or find out what it keeps.")),
        Paragraph("node-unwell", "The node is unwell", "The node does not report, or is short of disk or memory.", (
            "Tell a platform admin; pods move when the node is given up.",)),
    )),
    Section("operation-not-found", "Deployment", "Operation not found", (
        Paragraph("unknown-operation", "The name is not one of ours",
                  "Operations are called by their exact name. A run has a longer name, "
                  "its id, with five letters at the end.", (
            "Take a name of the list below; mctl_list_operations tells the parameters too.",)),
    ), "The list below is read from the running installation."),
    Section("image-pull", "Deployment", "Image pulls", (
        Paragraph("pull-back-off", "ErrImagePull, ImagePullBackOff",
                  "The registry does not know the image, or does not give it.", (
            "Try it yourself: docker pull and the whole image name.",
            "Tags are case-sensitive, and a letter O is no zero.",
            "A private image: give the tenant access to its repository.")),
    )),
    Section("database-provisioning", "Databases", "A database cannot be made", (
        Paragraph("database-not-made", "The name, the quota or Vault",
                  "A database of that name exists, the tenant has no pods left, or "
                  "Vault does not let us keep the password.", (
            "Choose another name, or use the database that is there.",
            "Compare the quota of the tenant.", "Have the tenant's Vault policy looked at by a platform admin.")),
    ), "Vault itself is not asked; what its errors left on the objects of the cluster is looked at."),
    Section("database-connection", "Databases", "The database cannot be reached", (
        Paragraph("database-credentials", "Address, port and password",
                  "Credentials come from Vault as a Secret; connections go through the "
                  "pooler on port 5432.", (
            "See that the Secret exists and that the program reads its variables: DATABASE_URL or DB_HOST, DB_PORT, "
            "DB_USER, DB_PASSWORD and DB_NAME.",
            "Use port 5432 and the host the Secret names.")),
    ), "Nobody connects to the database itself; what the service and the operator say about it is looked at."),
    Section("domain-pending", "Domains", "A domain stays pending", (
        Paragraph("record-elsewhere", "The record does not point here",
                  "A domain is verified when its CNAME leads to the service's "
                  "default host.", (
            "Add the CNAME at your DNS provider.", "Wait: minutes as a rule, two days at most.",
            "Then verify the domain again.")),
    ), "Domains by themselves are not looked up yet; what cert-manager says about a service's domain is."),
    Section("certificate", "Domains", "No certificate", (
        Paragraph("certificate-pending", "It is issued after the domain is verified",
                  "cert-manager asks the certificate authority, which "
                  "wants to see the domain point here and limits how often it is asked.", (
            "Look at the CNAME first.", "After many attempts, wait for the limit to pass.",
            "Read the status of the Certificate.")),
    )),
    Section("preview", "Previews", "A preview does not open", (
        Paragraph("preview-over", "It failed, or its time is over",
                  "A preview is a service of its own for a while, a day unless set "
                  "otherwise, and is then taken away.", (
            "See that it is in the list of previews.", "Diagnose it like any service.", "Make it again if it ended.")),
    ), NOT_YET),
    Section("agent-silent", "Self-healing", "No fix is proposed", (
        Paragraph("no-proposal", "Not every alert becomes a proposal",
                  "An alert may be only informational, or silenced as noise.", (
            "See in Alertmanager that it fires.", "Look how the incident was classified.")),
    ), NOT_YET),
    Section("agent-unmerged", "Self-healing", "A fix is not merged", (
        Paragraph("proposal-unmerged", "People decide",
                  "A proposal is a pull request; it waits for a review and an approval.", (
            "Review the pull request in the GitOps repository.", "Answer the request for approval.")),
    ), NOT_YET),
    Section("overview", "Getting help", "When nothing here helps", (
        Paragraph("ask-for-help", "Ask, with the facts",
                  "What was checked, and on which evidence, saves everybody time.", (
            "Download the support bundle beside the service's diagnosis, look through it, and attach it.",
            "Give the id of the operation.", "Open an issue, or ask your platform admins.")),
    ), NOT_YET),
)  # fmt: skip
