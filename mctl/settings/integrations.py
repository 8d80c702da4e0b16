"""Outside systems: Kubernetes, Argo CD, the GitOps repository, GitHub and Dex."""

from mctl import env

KUBECONFIG = env.text("MCTL_KUBECONFIG", "", meaning="kubeconfig of the cluster; empty: in-cluster service account")
KUBERNETES_TIMEOUT_S = env.seconds(
    "MCTL_KUBERNETES_TIMEOUT_S", "5", meaning="how long one read of a detail page may take"
)
PLATFORM_NAMESPACES = env.words(
    "MCTL_PLATFORM_NAMESPACES",
    "platform-db,vault,external-secrets,cert-manager,ingress",
    meaning="namespaces of the platform that a diagnosis may look into beside the tenant's own",
)
ARGOCD_APPLICATION_SET = env.text(
    "MCTL_ARGOCD_APPLICATION_SET", "apps", meaning="the ApplicationSet that makes an Application of each service"
)
ARGOCD_NAMESPACE = env.namespace("MCTL_ARGOCD_NAMESPACE", "argocd", meaning="namespace of the Argo CD Applications")
GITOPS_URL = env.text("MCTL_GITOPS_URL", "", meaning="http(s) or ssh address of the GitOps repository")
GITOPS_USERNAME = env.text("MCTL_GITOPS_USERNAME", "", meaning="user for the GitOps repository")
GITOPS_TOKEN = env.secret("MCTL_GITOPS_TOKEN", "", meaning="password or token for the GitOps repository")
GITOPS_BRANCH = env.text("MCTL_GITOPS_BRANCH", "main", meaning="branch that Argo CD follows")
GITOPS_BASE_PATH = env.text(
    "MCTL_GITOPS_BASE_PATH", "platform-gitops", meaning="folder of the layout in the repository"
)
GITOPS_WEB_URL = env.text("MCTL_GITOPS_WEB_URL", "", meaning="address of a commit, with {sha}; empty: no links")
GITOPS_FETCH_INTERVAL_S = env.seconds(
    "MCTL_GITOPS_FETCH_INTERVAL_S", "10", meaning="how often the observer fetches git"
)
GITHUB_URL = env.text("MCTL_GITHUB_URL", "https://github.com", meaning="GitHub, or a GitHub Enterprise Server")
GITHUB_CLIENT_ID = env.text("MCTL_GITHUB_CLIENT_ID", "", meaning="OAuth app for sign-in; empty: no GitHub sign-in")
GITHUB_CLIENT_SECRET = env.secret("MCTL_GITHUB_CLIENT_SECRET", "", meaning="the OAuth app's secret")
GITHUB_ORG = env.text("MCTL_GITHUB_ORG", "", meaning="organisation whose members may come in; empty: nobody by GitHub")
GITHUB_ORG_ID = env.integer("MCTL_GITHUB_ORG_ID", "0", meaning="its number, which survives renames; 0: not checked")
GITHUB_TOKEN = env.secret(
    "MCTL_GITHUB_TOKEN", "", meaning="token of a GitHub App or person that may read the organisation's teams"
)
GITHUB_TIMEOUT_S = env.seconds("MCTL_GITHUB_TIMEOUT_S", "5", meaning="how long one question to GitHub may take")
TEAM_ROLES = env.words(
    "MCTL_TEAM_ROLES",
    "{team}=developer,{team}-owners=owner,{team}-viewers=viewer",
    meaning="which GitHub team gives which role; {team} is the tenant's team",
)
MEMBERSHIP_MAX_AGE_S = env.seconds(
    "MCTL_MEMBERSHIP_MAX_AGE_S", "60", meaning="how old a team membership may be that a change relies on"
)
MEMBERSHIP_REFRESH_S = env.seconds(
    "MCTL_MEMBERSHIP_REFRESH_S", "20", meaning="how often team memberships are read from GitHub"
)
for _entry in TEAM_ROLES:
    if "{team}" not in _entry or _entry.rpartition("=")[2] not in {"viewer", "developer", "owner"}:
        raise env.WrongSetting(f"MCTL_TEAM_ROLES: {_entry!r} is no team and role. Example: {{team}}-owners=owner")
if GITHUB_CLIENT_ID and not GITHUB_ORG:
    raise env.WrongSetting("MCTL_GITHUB_CLIENT_ID without MCTL_GITHUB_ORG would admit anybody who is on GitHub.")
if GITHUB_CLIENT_ID and not GITHUB_CLIENT_SECRET:
    raise env.WrongSetting("MCTL_GITHUB_CLIENT_ID needs MCTL_GITHUB_CLIENT_SECRET (or ..._SECRET_FILE) beside it.")
DEX_ISSUER = env.text("MCTL_DEX_ISSUER", "", meaning="issuer of Dex, exactly as in its tokens; empty: none taken")
DEX_CLIENT_ID = env.text("MCTL_DEX_CLIENT_ID", "", meaning="audience that Dex's tokens must have")
MCP_FOREIGN_TOKENS = env.boolean(
    "MCTL_MCP_FOREIGN_TOKENS", "true", meaning="take GitHub tokens and Dex JWTs on /mcp too; every use is audited"
)
