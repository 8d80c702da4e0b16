"""Which versions of a service have run, from the history of its values file and from the ledger."""

from dataclasses import dataclass
from datetime import datetime

from integrations.errors import IntegrationError, Missing, Unreadable
from integrations.gitops import Commit, gitops, mapping, print_value
from operations.choices import OperationState
from operations.models import Operation
from services.models import Service

COMMITS_READ = 40


@dataclass(frozen=True, slots=True)
class Version:
    """A tag that ran. `at` and `sha` are of the newest commit under which it did."""

    tag: str
    at: datetime
    sha: str


def versions_run(tenant: str, name: str) -> list[Version]:
    """Newest first, each tag once. A tag counts where the operation that committed it succeeded; where the ledger has
    no such operation, where a later commit took another one's place; and where ready pods run it now.

    Raises what the GitOps repository raises.
    """
    path = gitops().service_path(tenant, name)
    commits = gitops().history(path, limit=COMMITS_READ)
    states = states_of(commits)
    current, running = current_tag(tenant, name), running_tag(tenant, name)
    found: dict[str, Version] = {}
    for commit in commits:
        tag, state = tag_at(path, commit.sha), states.get(commit.operation)
        ran = state == OperationState.SUCCEEDED if state else tag not in ("", current)
        if tag and (ran or tag == running):
            found.setdefault(tag, Version(tag, commit.when, commit.sha))
    return list(found.values())


def version_before(service: Service) -> str:
    """The tag a rollback returns to by itself; empty where none is known or git cannot be read."""
    try:
        current = current_tag(service.tenant, service.name)
        return next((one.tag for one in versions_run(service.tenant, service.name) if one.tag != current), "")
    except IntegrationError:
        return ""


def known_versions(service: Service) -> list[str]:
    """Tags this service has run, newest first; none where git cannot be read."""
    try:
        return [version.tag for version in versions_run(service.tenant, service.name)]
    except IntegrationError:
        return []


def current_tag(tenant: str, name: str) -> str:
    """As git has it now; empty where the service is not in git."""
    return tag_at(gitops().service_path(tenant, name), "")


def running_tag(tenant: str, name: str) -> str:
    row = Service.objects.filter(tenant=tenant, name=name).only("running_tag").first()
    return row.running_tag if row else ""


def states_of(commits: list[Commit]) -> dict[str, str]:
    """State by public id, of the operations that the ledger has."""
    ids = [commit.operation for commit in commits if commit.operation]
    return dict(Operation.objects.filter(public_id__in=ids).values_list("public_id", "state"))


def tag_at(path: str, sha: str) -> str:
    """Empty where the file is not there or not readable at that commit."""
    try:
        values = gitops().file_at(path, sha).values
    except (Missing, Unreadable):
        return ""
    return print_value(mapping(values.get("image")).get("tag"))
