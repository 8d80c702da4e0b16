"""The page of one service: the mirror's row for its head, the cluster and git for its parts."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings

from core.actor import Actor
from core.clock import now
from core.errors import Problem
from core.words import Health, Sync
from integrations.errors import IntegrationError
from integrations.gitops import Commit, gitops, mapping
from operations.queries import OperationRow, marked, open_operation
from operations.registry import definitions, diagnosis_of
from services.models import Service
from services.policies import may_configure, may_deploy
from services.queries.live import Reading, service_pods
from tenants.queries import sources

HISTORY_SHOWN = 5
NOT_IN_GIT = "This service has no values file in git."
HISTORY_PAGE = 30
VERSIONS_KNOWN = 20
LONGEST_READ_S = 6.0
# More than one page's worth, so that one unreachable source does not hold up the pages of others.
READERS = ThreadPoolExecutor(max_workers=24, thread_name_prefix="service-page")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class ServiceHead:
    """What every tab shows on top. `sentence` is the status in words; `observed_at` the age of its sources."""

    row: Service
    tenant: str
    name: str
    health: Health
    sync: Sync
    sentence: str
    may_deploy: bool
    may_configure: bool
    refusal: str
    operation: OperationRow | None
    sources: Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Change:
    """One commit of the service's values file, with who asked for it through which door."""

    sha: str
    url: str
    subject: str
    author: str
    at: datetime
    via: str
    operation: str


@dataclass(frozen=True, slots=True)
class ServicePage:
    head: ServiceHead
    diagnosis: Mapping[str, Any]
    diagnosis_live: bool
    pods: Reading
    history: Reading


@dataclass(frozen=True, slots=True)
class Configuration:
    """The values file at a revision, and its settings as pairs. Secrets are names of references, never values."""

    path: str
    revision: str
    text: str
    environment: Sequence[tuple[str, str]]
    facts: Sequence[tuple[str, str]]
    error: str = ""


def service_head(actor: Actor, service: Service) -> ServiceHead:
    deploy = may_deploy(actor, tenant=service.tenant)
    return ServiceHead(
        row=service,
        tenant=service.tenant,
        name=service.name,
        health=Health.read(service.health),
        sync=Sync.read(service.sync),
        sentence=status_sentence(service),
        may_deploy=deploy.allowed,
        may_configure=may_configure(actor, tenant=service.tenant).allowed,
        refusal="" if deploy.allowed else deploy.reason,
        operation=open_operation(f"{service.tenant}/{service.name}"),
        sources=sources(),
    )


def service_page(actor: Actor, service: Service) -> ServicePage:
    """Cluster, diagnosis and git are read side by side; what cannot be read says so in its own part."""
    diagnosis = READERS.submit(live_diagnosis, service)
    pods = READERS.submit(service_pods, service)
    history = service_history(service, limit=HISTORY_SHOWN)
    found, is_live = in_time(diagnosis, (service.diagnosis, False))
    findings = marked(found.get("findings", []), definitions())
    diagnosed = {**found, "findings": findings} if found else {}
    return ServicePage(service_head(actor, service), diagnosed, is_live, in_time(pods, too_late()), history)


def in_time(reading: Future[Answer], otherwise: Answer) -> Answer:
    """The answer, or what stands in for it when the cluster keeps a page waiting."""
    try:
        return reading.result(timeout=LONGEST_READ_S)
    except TimeoutError:
        reading.cancel()
        return otherwise


def too_late() -> Reading:
    return Reading([], now(), "The cluster has not answered in time.", "Reload the page in a moment.")


def live_diagnosis(service: Service) -> tuple[Mapping[str, Any], bool]:
    """The diagnosis now, or the one the observer kept when the cluster cannot be asked."""
    try:
        found = diagnosis_of(service.tenant, service.name)
    except Problem:
        found = {}
    return (found, True) if found else (service.diagnosis, False)


def status_sentence(service: Service) -> str:
    """The status in words: the cause where there is one, else what runs."""
    if service.cause:
        return service.cause
    if not service.in_git:
        return "This service is no longer in git; Argo CD is removing what is left of it."
    if service.cluster_observed_at is None:
        return "The cluster has not been observed yet, so nothing is known of what runs."
    if service.replicas_wanted == 0:
        return f"Scaled to 0 on purpose; version {service.tag} would run."
    pods = "pod" if service.replicas_wanted == 1 else "pods"
    return f"Version {service.tag} runs; {service.replicas_ready} of {service.replicas_wanted} {pods} answer."


def service_history(service: Service, *, before: str = "", limit: int = HISTORY_PAGE) -> Reading:
    if not service.values_path:
        return Reading([], now(), NOT_IN_GIT)
    try:
        commits = gitops().history(service.values_path, limit=limit, before=before or None)
    except IntegrationError as problem:
        return Reading([], now(), problem.sentence, problem.remedy)
    return Reading([change(commit) for commit in commits], now())


def change(commit: Commit) -> Change:
    return Change(
        sha=commit.sha,
        url=commit_url(commit.sha),
        subject=commit.subject,
        author=commit.trailers.get("Requested-By", commit.author),
        at=commit.when,
        via=commit.trailers.get("Requested-Via", ""),
        operation=commit.trailers.get("Operation-Id", ""),
    )


def commit_url(sha: str) -> str:
    return settings.GITOPS_WEB_URL.replace("{sha}", sha)


def known_versions(service: Service) -> list[str]:
    """Tags this service has run, newest first, from the history of its values file."""
    found = service_history(service, limit=VERSIONS_KNOWN)
    words = [word for entry in found.items for word in entry.subject.replace("→", " ").split()]
    tags = [word for word in words if word[:1].isdigit() and "." in word]
    return list(dict.fromkeys([service.tag, *tags]))


def service_config(service: Service) -> Configuration:
    if not service.values_path:
        return Configuration("", "", "", [], [], NOT_IN_GIT)
    try:
        file = gitops().file_at(service.values_path)
        values = gitops().service(service.tenant, service.name).values
    except IntegrationError as problem:
        return Configuration(service.values_path, "", "", [], [], problem.sentence)
    environment = [(key, str(value)) for key, value in sorted(mapping(values.get("env")).items())]
    return Configuration(service.values_path, file.revision, file.text, environment, config_facts(values))


def config_facts(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Settings as pairs. A file written by hand may hold anything anywhere; what is not understood is left out."""
    resources, probes = mapping(values.get("resources")), mapping(values.get("probes"))
    limits, requests = mapping(resources.get("limits")), mapping(resources.get("requests"))
    sources = values.get("envFrom")
    references = [mapping(mapping(entry).get("secretRef")) for entry in sources] if isinstance(sources, list) else []
    secrets = [str(reference["name"]) for reference in references if reference.get("name")]
    pairs = [
        ("Port", mapping(values.get("service")).get("port")),
        ("Replicas", values.get("replicaCount")),
        ("CPU", between(requests.get("cpu"), limits.get("cpu"))),
        ("Memory", between(requests.get("memory"), limits.get("memory"))),
        ("Liveness", mapping(probes.get("liveness")).get("path")),
        ("Readiness", mapping(probes.get("readiness")).get("path")),
        ("Secrets", ", ".join(secrets)),
    ]
    return [(label, str(value)) for label, value in pairs if value not in (None, "")]


def between(request: object, limit: object) -> str:
    return f"{request or 'unset'} requested, at most {limit or 'unlimited'}" if request or limit else ""
