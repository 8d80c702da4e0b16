"""The head of a service's page, from the mirror's row, and its history, from git."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from core.actor import Actor
from core.clock import now
from core.text import counted
from core.words import Health, Sync
from integrations.errors import IntegrationError
from integrations.gitops import Commit, gitops
from operations.queries import OperationRow, open_operation
from services.models import Service
from services.policies import may_deploy
from services.queries.away import unreadable_sources
from services.queries.configuration import NOT_IN_GIT
from services.queries.live import LiveList
from services.queries.rows import shown_health
from services.queries.versions import states_of
from tenants.queries import UnreadableSource, sources

HISTORY_PAGE = 30
NOT_OBSERVED = "The cluster has not been observed yet."


@dataclass(frozen=True, slots=True)
class ServiceHead:
    """What every tab shows on top. `sentence` is the status in words; `away` has the sources of a service that cannot
    be read now, which `note` says in words. `refusal` is why the actor may not deploy, empty where that is allowed."""

    row: Service
    tenant: str
    name: str
    health: Health
    sync: Sync
    sentence: str
    refusal: str
    operation: OperationRow | None
    sources: Sequence[Mapping[str, object]]
    away: Sequence[UnreadableSource]
    note: str


@dataclass(frozen=True, slots=True)
class Change:
    """One commit of the service's values file, with who asked for it through which door. `in_ledger`: there is a page
    about its operation; a repository may be older than the ledger."""

    sha: str
    url: str
    subject: str
    author: str
    at: datetime
    via: str
    operation: str
    in_ledger: bool


def service_head(actor: Actor, service: Service) -> ServiceHead:
    deploy = may_deploy(actor, tenant=service.tenant)
    read_from = sources()
    away = unreadable_sources(read_from)
    return ServiceHead(
        row=service,
        tenant=service.tenant,
        name=service.name,
        health=shown_health(service.health, service.urgency),
        sync=Sync.read(service.sync),
        sentence=status_sentence(service),
        refusal="" if deploy.allowed else deploy.reason,
        operation=open_operation(tenant=service.tenant, service=service.name),
        sources=read_from,
        away=away,
        note=" ".join(map(str, away)) if service.cluster_observed_at else NOT_OBSERVED,
    )


def status_sentence(service: Service) -> str:
    """The status in words: the cause where there is one, else what runs."""
    if service.cause:
        return service.cause
    if not service.in_git:
        return "This service is no longer in git; Argo CD is removing what is left of it."
    if service.cluster_observed_at is None:
        return "The cluster has not been observed yet, so nothing is known of what runs."
    if service.git_observed_at is None or service.replicas_wanted is None:
        return git_unread_sentence(service)
    if service.replicas_wanted == 0:
        return "Scaled to 0 on purpose" + (f"; version {service.tag} would run." if service.tag else ".")
    wanted = counted(service.replicas_wanted, "pod")
    if service.replicas_ready is None:
        return f"Git asks for version {service.tag} and {wanted}; what runs cannot be read."
    answer = f"{service.replicas_ready} of {wanted} answer{'s' if service.replicas_wanted == 1 else ''}"
    if service.pods is None:
        return f"Git asks for version {service.tag}; {answer}, and which version they run cannot be read."
    if not service.running_tag:
        return f"Git asks for version {service.tag}; {answer}."
    if service.running_tag != service.tag:
        return f"Version {service.running_tag} runs, git asks for {service.tag}; {answer}."
    return f"Version {service.running_tag} runs; {answer}."


def git_unread_sentence(service: Service) -> str:
    """What runs, where nothing is known of what should run."""
    if service.replicas_ready is None:
        return "Git has not been read yet, and what runs cannot be read."
    runs = f"version {service.running_tag} runs; " if service.running_tag else ""
    answer = f"{counted(service.replicas_ready, 'pod')} answer{'s' if service.replicas_ready == 1 else ''}"
    return f"Git has not been read yet; {runs}{answer}."


def service_history(service: Service, *, before: str = "", limit: int = HISTORY_PAGE) -> LiveList:
    if not service.values_path:
        return LiveList([], now(), NOT_IN_GIT)
    try:
        commits = gitops().history(service.values_path, limit=limit, before=before or None)
    except IntegrationError as problem:
        return LiveList([], now(), problem.sentence, problem.remedy)
    states = states_of(commits)
    return LiveList([change(commit, commit.operation in states) for commit in commits], now())


def change(commit: Commit, in_ledger: bool) -> Change:
    return Change(
        sha=commit.sha,
        url=commit_url(commit.sha),
        subject=commit.subject,
        author=commit.requested_by,
        at=commit.when,
        via=commit.via,
        operation=commit.operation,
        in_ledger=in_ledger,
    )


def commit_url(sha: str) -> str:
    return settings.GITOPS_WEB_URL.replace("{sha}", sha)
