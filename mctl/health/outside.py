"""The systems outside: Kubernetes with Argo CD, the GitOps repository, Helm, GitHub and the single sign-on."""

from collections.abc import Callable

from django.conf import settings

from integrations.errors import Missing, NotAllowed, Refused, Unreachable
from integrations.github import organisation
from integrations.gitops import Gitops, gitops
from integrations.helm import has_engine
from integrations.kubernetes import Cluster, cluster, field_selector, kinds
from integrations.oidc import dex
from mctl.health.lines import Line, NotConfigured, Part, missing_line, not_asked_line, not_configured_line, ok_line


def kubernetes() -> Cluster:
    """Raises NotConfigured where no setting names the cluster and this is no pod."""
    try:
        return cluster()
    except Unreachable as problem:
        if settings.KUBECONFIG:
            raise
        raise NotConfigured(problem.sentence, remedy=problem.remedy) from problem


def repository() -> Gitops:
    if not settings.GITOPS_URL:
        raise NotConfigured("No GitOps repository is set.", remedy="Set MCTL_GITOPS_URL.")
    return gitops()


def look_at_kubernetes() -> Line:
    api = kubernetes()
    api.ping()
    version, name = answer_of(api.version), answer_of(api.own_name)
    known_as = f", and knows us as {name}" if name else ""
    return ok_line("Kubernetes", f"{version or 'The API server'} answers{known_as}.")


def answer_of(question: Callable[[], str]) -> str:
    """Empty where the server keeps it to itself, or is too old to know the question."""
    try:
        return question()
    except (Missing, Refused):
        return ""


def look_at_argocd() -> Line:
    api, namespace = kubernetes(), settings.ARGOCD_NAMESPACE
    try:
        unknown = [kind.kind for kind in (kinds.APPLICATIONS, kinds.APPLICATION_SETS) if not api.serves(kind)]
    except NotAllowed:
        # To read which kinds there are is no right that MCTL needs.
        unknown = None
    if unknown:
        sentence = f"The cluster does not know the kind {' and '.join(unknown)} ({kinds.APPLICATIONS.api_version})."
        return missing_line("Argo CD", sentence, "Install Argo CD with its custom resource definitions.")
    if not api.list(kinds.NAMESPACES, field_selector=field_selector({"metadata.name": namespace})):
        return missing_line(
            "Argo CD", f"There is no namespace {namespace}.", "Set MCTL_ARGOCD_NAMESPACE to that of the Applications."
        )
    if unknown is None:
        return ok_line("Argo CD", f"The namespace {namespace} is there; its kinds we may not ask for.")
    return ok_line("Argo CD", f"Its kinds and the namespace {namespace} are there.")


def look_at_application_set() -> Line:
    name, namespace = settings.ARGOCD_APPLICATION_SET, settings.ARGOCD_NAMESPACE
    try:
        # Reading it is no right that MCTL has. A patch without content, tried only, is the one it uses.
        kubernetes().merge_patch(kinds.APPLICATION_SETS, name, namespace, {}, is_dry_run=True)
    except Missing:
        return missing_line(
            "ApplicationSet",
            f"There is no ApplicationSet {name} in {namespace}: new services wait for Argo CD's own interval.",
            "Set MCTL_ARGOCD_APPLICATION_SET to the one that makes an Application of each service.",
            is_required=False,
        )
    except Refused as problem:
        return not_asked_line("ApplicationSet", problem.sentence, "Give the right named below.", is_required=False)
    return ok_line("ApplicationSet", f"{name} is there.")


def look_at_gitops() -> Line:
    git = repository()
    revision = git.fetch()
    if not git.reader(settings.GITOPS_BASE_PATH).has_layout(str(revision)):
        return missing_line(
            "GitOps repository",
            f"The folder {settings.GITOPS_BASE_PATH} of {settings.GITOPS_BRANCH} has no tenants and no services.",
            "Set MCTL_GITOPS_BASE_PATH to the folder of the layout, or begin it as deploy/gitops says.",
        )
    return ok_line("GitOps repository", f"{settings.GITOPS_BRANCH} was fetched at {str(revision)[:7]}.")


def look_at_push() -> Line:
    name, git = "Pushing to it", repository()
    if settings.READ_ONLY:
        return not_configured_line(name, "This installation changes nothing (MCTL_READ_ONLY).", is_required=False)
    if not git.may_push():
        return missing_line(
            name,
            "The git server takes no push from our account.",
            "Let the account of MCTL_GITOPS_USERNAME and MCTL_GITOPS_TOKEN write to the repository.",
        )
    return ok_line(
        name, "The git server takes pushes from our account; the branch's own rules show at the first commit."
    )


def look_at_helm() -> Line:
    if not has_engine():
        return missing_line(
            "Helm", "There is no Helm engine, so nothing is planned.", "Install helm 3 or 4 where MCTL runs."
        )
    return ok_line("Helm", "Charts can be rendered.")


def look_at_github() -> Line:
    org = settings.GITHUB_ORG
    if not (org and settings.GITHUB_TOKEN):
        return not_configured_line(
            "GitHub",
            "Memberships are not read from GitHub.",
            "Set MCTL_GITHUB_ORG and MCTL_GITHUB_TOKEN if GitHub's teams are to give roles.",
            is_required=False,
        )
    github = organisation(remember=False)
    number = github.organisation_id(org)
    if number is None:
        return missing_line("GitHub", f"The token sees no organisation {org}.", "Set MCTL_GITHUB_ORG to its login.")
    if settings.GITHUB_ORG_ID and number != settings.GITHUB_ORG_ID:
        sentence = f"The organisation {org} has the number {number}, and MCTL_GITHUB_ORG_ID is another one."
        return missing_line("GitHub", sentence, "Correct the two so that they name the same organisation.")
    if not github.sees_teams(org):
        return missing_line("GitHub", f"The token may not list the teams of {org}.", "Give it read access to members.")
    return ok_line("GitHub", f"The token is valid and sees the teams of {org}.")


def look_at_single_sign_on() -> Line:
    issuer = dex()
    if issuer is None:
        sentence = "Tokens of a single sign-on are not taken."
        return not_configured_line(
            "OIDC issuer", sentence, "Set MCTL_DEX_ISSUER and MCTL_DEX_CLIENT_ID.", is_required=False
        )
    keys = issuer.published_keys()
    if not keys:
        return missing_line("OIDC issuer", "It publishes no key that tokens can be verified with.", "Ask who runs it.")
    return ok_line("OIDC issuer", f"It publishes {keys} key{'s' if keys > 1 else ''}.")


CLUSTER, REPOSITORY, PEOPLE = "Cluster", "GitOps", "People"
KUBERNETES, GITOPS = "Kubernetes", "GitOps repository"
CLUSTER_REMEDY = "See that the cluster runs and that MCTL_KUBECONFIG is right."
GIT_REMEDY = "See that the git server of MCTL_GITOPS_URL runs and can be reached from here."
GITHUB_REMEDY = "Renew MCTL_GITHUB_TOKEN, and see that MCTL_GITHUB_URL can be reached from here."
PARTS = (
    Part(CLUSTER, KUBERNETES, look_at_kubernetes, CLUSTER_REMEDY),
    Part(CLUSTER, "Argo CD", look_at_argocd, CLUSTER_REMEDY, stands_on=KUBERNETES),
    Part(CLUSTER, "ApplicationSet", look_at_application_set, CLUSTER_REMEDY, stands_on=KUBERNETES, is_required=False),
    Part(REPOSITORY, GITOPS, look_at_gitops, GIT_REMEDY),
    Part(REPOSITORY, "Pushing to it", look_at_push, GIT_REMEDY, stands_on=GITOPS),
    Part(REPOSITORY, "Helm", look_at_helm),
    Part(PEOPLE, "GitHub", look_at_github, GITHUB_REMEDY),
    Part(PEOPLE, "OIDC issuer", look_at_single_sign_on, "See that MCTL_DEX_ISSUER can be reached from here."),
)
