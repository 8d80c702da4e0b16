"""A snapshot of the live cluster: every source read at once, each with its own time limit, age and error.

Up to three rounds. The first reads what tells whether the service is well; the second, for a service in trouble or when
asked to be thorough, what tells why: logs, nodes, the keys of referenced Secrets, PostgreSQL, DNS; the third, the
namespaces the service talks to. Secrets are read for the names of their keys only.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

import structlog
from django.conf import settings

from core import clock
from core.diagnosis import Target
from core.errors import Problem, Unavailable
from core.patterns import Pattern
from core.resource_names import application_name
from diagnosis.queries.live_kinds import (
    AROUND,
    CLUSTER_WIDE,
    ELSEWHERE,
    FIRST,
    PROVES_ABSENCE,
    PROVIDERS,
    Read,
    reads_of,
)
from diagnosis.rules.engine import diagnose_snapshot
from diagnosis.rules.facts.environment import of_container
from diagnosis.rules.facts.log_readings import readings
from diagnosis.rules.facts.objects import Obj, mapping, name, namespace
from diagnosis.rules.facts.postgres import clusters
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.facts.secret_references import secret_names
from diagnosis.rules.facts.snapshot import Snapshot, Source
from diagnosis.rules.report.findings import Diagnosis
from integrations.errors import IntegrationError, Missing
from integrations.kubernetes import Cluster, cluster

log = structlog.get_logger(__name__)

AT_ONCE = 12
ROUND_S = 6.0
LOG_LINES = 200
MOST_LOGS = 8
MOST_SECRETS = 40
MOST_NAMED = 4
# What the API server answers for a container that never started or has no previous life: there is no log.
NO_LOG = frozenset({400, 404})
ASKED = Pattern(r"\b(?:list|read) .*$")
FOREIGN = Pattern(r"[a-z0-9\-]+\.([a-z0-9\-]+)\.svc\b")

Logs = dict[tuple[str, str, bool], str]
Brought = tuple[list[Obj], Logs]


@dataclass(frozen=True)
class Work:
    """One read: what it will be called among the sources, and how it is done."""

    source: Source
    read: Callable[[], Brought]


@dataclass(frozen=True)
class Answer:
    source: Source
    objects: list[Obj]
    logs: Logs
    read_at: float


def diagnose_live(target: Target, *, thorough: bool = False) -> Diagnosis:
    """The diagnosis now. Never raises for a cluster that does not answer: its sources carry the error."""
    return look_live(target, thorough=thorough)[0]


def look_live(target: Target, *, thorough: bool = False) -> tuple[Diagnosis, Snapshot]:
    """The diagnosis, and what it was made from.

    `thorough` also looks for trouble that a service which seems well does not show: other tenants' Ingresses, errors
    in the logs of ready pods. It costs the later rounds and lists all Ingresses of the cluster.
    """
    try:
        gateway = cluster()
    except IntegrationError as error:
        source = Source("kubernetes", ok=False, error=error.sentence, kinds=tuple(read.kind for read in FIRST))
        return _diagnosed(Snapshot([], {}, [source]), target)
    first = [_list(gateway, read, target.namespace) for read in (*FIRST, *reads_of(target))]
    answers = _round([*first, _application(gateway, target)])
    found = diagnose_snapshot(_snapshot(answers), target, clock.now())
    if not thorough and found.healthy and not _is_unsettled(answers, target):
        return found, _snapshot(answers)
    answers += _round(_second(gateway, Scope(_snapshot(answers), target, clock.now()), thorough=thorough))
    answers += _round(_third(gateway, Scope(_snapshot(answers), target, clock.now())))
    return _diagnosed(_snapshot(answers), target)


def _diagnosed(snapshot: Snapshot, target: Target) -> tuple[Diagnosis, Snapshot]:
    return diagnose_snapshot(snapshot, target, clock.now()), snapshot


def diagnose_service(tenant: str, service: str) -> dict[str, Any]:
    """`Diagnosis.as_dict()` of a tenant's service. Raises Unavailable when nothing at all could be read."""
    found = diagnose_live(Target("Deployment", tenant, service))
    if found.sources and not any(source.ok for source in found.sources):
        raise Unavailable("The cluster cannot be asked right now.", error=found.sources[0].error)
    return found.as_dict()


def _is_unsettled(answers: list[Answer], target: Target) -> bool:
    """Nothing alarming, and yet not all pods that are wanted are there: the later rounds may tell why."""
    scope = Scope(_snapshot(answers), target, clock.now())
    return not scope.is_complete and not scope.is_stopped


def _second(gateway: Cluster, scope: Scope, *, thorough: bool) -> list[Work]:
    found = [_list(gateway, read, scope.namespace) for read in AROUND]
    found += [_list(gateway, read, None) for read in CLUSTER_WIDE if thorough or not read.is_large]
    found += [_list(gateway, read, "kube-system") for read in PROVIDERS]
    found += [_secret(gateway, scope.namespace, wanted) for wanted in secret_names(scope)[:MOST_SECRETS]]
    return [*found, *_logs(gateway, scope, thorough=thorough)]


def _third(gateway: Cluster, scope: Scope) -> list[Work]:
    """Other namespaces the service talks to: of its PostgreSQL clusters and of in-cluster hosts it is told.

    Only the platform's own are looked into. What a service is told is its tenant's input, and must not make us read
    another tenant's namespace for him.
    """
    told = [entry.value or "" for container in scope.containers for entry in of_container(scope, container).values()]
    told += [reading.match.line for reading in readings(scope) if reading.match]
    spaces = [namespace(obj) for obj in clusters(scope)] + [space for text in told for space in FOREIGN.findall(text)]
    ours = set(settings.PLATFORM_NAMESPACES) - {scope.namespace, "kube-system"}
    others = [space for space in dict.fromkeys(spaces) if space in ours][:3]
    return [_list(gateway, read, space) for space in others for read in ELSEWHERE]


def _list(gateway: Cluster, read: Read, where: str | None) -> Work:
    inside = where if read.row.namespaced else None

    def work() -> Brought:
        try:
            return gateway.list(read.row, namespace=inside), {}
        except Missing:
            # The whole kind is absent where its operator is not installed.
            if read.kind in PROVES_ABSENCE:
                raise
            return [], {}

    return Work(Source(f"{read.row.plural} of {inside}" if inside else read.row.plural, kinds=(read.kind,)), work)


def _application(gateway: Cluster, target: Target) -> Work:
    """By the platform's name for it; a service without an Application, or a cluster without Argo CD, has none."""

    def work() -> Brought:
        try:
            return [
                gateway.get("applications", application_name(target.namespace, target.name), gateway.argocd_namespace)
            ], {}
        except Missing:
            return [], {}

    return Work(Source("Argo CD application", kinds=("Application",)), work)


def _secret(gateway: Cluster, where: str, wanted: str) -> Work:
    """Values are dropped before anything else sees them."""

    def work() -> Brought:
        try:
            found = gateway.get("secrets", wanted, where)
        except Missing:
            return [], {}
        return [{**found, "data": dict.fromkeys(mapping(found, "data"), ""), "stringData": {}}], {}

    return Work(Source(f"keys of secret {wanted}", kinds=("Secret",)), work)


def _logs(gateway: Cluster, scope: Scope, *, thorough: bool) -> Iterable[Work]:
    """Of containers in trouble, one pod per container name, previous lives too; of a ready pod when thorough."""
    chosen = {container.name: container for container in reversed(scope.troubled)}
    if thorough:
        for container in scope.containers:
            chosen.setdefault(container.name, container)
    for container in list(chosen.values())[:MOST_LOGS]:
        for previous in (False, True) if container.restarts else (False,):
            yield _log(gateway, scope.namespace, name(container.pod), container.name, previous=previous)


def _log(gateway: Cluster, where: str, pod: str, container: str, *, previous: bool) -> Work:
    def work() -> Brought:
        try:
            text = gateway.logs(where, pod, container, previous=previous, tail_lines=LOG_LINES)
        except IntegrationError as error:
            if error.facts.get("status") in NO_LOG:
                return [], {}
            raise
        return [], {(pod, container, previous): text}

    return Work(Source(f"{'previous ' if previous else ''}log of {container} in {pod}"), work)


def _round(work: list[Work]) -> list[Answer]:
    """All reads at once; one that has not answered in time is given up and said so."""
    if not work:
        return []
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="diagnose-read")
    try:
        started = monotonic()
        futures = [(pool.submit(_timed, task), task.source) for task in work]
        wait([future for future, _ in futures], timeout=ROUND_S)
        return [_answer(future, source, started) for future, source in futures]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _timed(work: Work) -> tuple[Brought, float]:
    brought = work.read()
    return brought, monotonic()


def _answer(future: "Future[tuple[Brought, float]]", source: Source, started: float) -> Answer:
    error = f"no answer within {ROUND_S:.0f} s"
    if future.done() and not future.cancelled():
        try:
            (objects, logs), read_at = future.result()
            return Answer(source, objects, logs, read_at)
        except Problem as problem:
            error = problem.sentence
        except Exception:
            # One answer that nobody expected must not hide what all the others say.
            log.exception("read_failed", source=source.name)
            error = "its answer could not be understood; the log has the details"
    return Answer(replace(source, ok=False, error=error), [], {}, started)


def _snapshot(answers: list[Answer]) -> Snapshot:
    objects = [obj for answer in answers for obj in answer.objects]
    logs = {key: text for answer in answers for key, text in answer.logs.items()}
    return Snapshot(objects, logs, _sources(answers))


def _sources(answers: list[Answer]) -> list[Source]:
    """Each read that worked, with its age; those that failed for one reason as one source, so a page says it once."""
    now = monotonic()
    found = [replace(answer.source, age_s=round(now - answer.read_at, 3)) for answer in answers if answer.source.ok]
    failed: dict[str, list[Source]] = {}
    for answer in answers:
        if not answer.source.ok:
            failed.setdefault(_reason(answer.source.error), []).append(answer.source)
    for same in failed.values():
        more = f" and {len(same) - MOST_NAMED} more" if len(same) > MOST_NAMED else ""
        called = ", ".join(source.name for source in same[:MOST_NAMED]) + more
        kinds = tuple(kind for source in same for kind in source.kinds)
        found.append(Source(called, ok=False, error=_joined([source.error for source in same]), kinds=kinds))
    return found


def _joined(errors: list[str]) -> str:
    """One sentence for errors of one reason, with the first of what was asked."""
    different = list(dict.fromkeys(errors))
    if len(different) == 1:
        return different[0]
    reason = _reason(different[0])
    asked = [error.removeprefix(reason).rstrip(".") for error in different]
    more = f" and {len(asked) - MOST_NAMED} more" if len(asked) > MOST_NAMED else ""
    return f"{reason}{', '.join(asked[:MOST_NAMED])}{more}."


def _reason(error: str) -> str:
    """The sentence without what was asked, so that thirty refusals of one kind are one."""
    return ASKED.sub("", error)
