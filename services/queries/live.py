"""One service live from the cluster: pods, events, logs. Each answer says when it was read, or why it could not be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from core.clock import now
from core.credentials import mask_credentials, mask_private_keys
from core.resource_names import application_name, workload_name
from integrations.errors import IntegrationError, foreign_text
from integrations.kubernetes import Right, cluster, kinds, label_selector
from services.models import Service
from services.queries.pods import PodView, pod_view

EVENTS_SHOWN = 200
LOG_LINES = 200
LOG_LINES_MOST = 2000
LOG_BYTES_MOST = 1_000_000
# What the API server answers for the previous life of a container that is still in its first.
NO_LOG = frozenset({400, 404})
SINCE_CHOICES = {"5m": 300, "15m": 900, "1h": 3600, "6h": 21600, "": None}
RIGHTS = (
    Right(kinds.PODS, ("list",), "pods of a service's page"),
    Right(kinds.EVENTS, ("list",), "events of a service's page"),
    Right(kinds.PODS, ("get",), "logs", subresource="log"),
)


@dataclass(frozen=True, slots=True)
class LiveList:
    """`error` is empty where the source answered; otherwise the part says so instead of showing nothing."""

    items: Sequence[Any]
    read_at: datetime
    error: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class EventView:
    at: datetime | None
    kind: str
    name: str
    reason: str
    message: str
    count: int
    is_warning: bool


@dataclass(frozen=True, slots=True)
class LogQuery:
    pod: str = ""
    container: str = ""
    previous: bool = False
    since: str = ""
    lines: int = LOG_LINES
    contains: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "LogQuery":
        lines = query.get("lines", "")
        return cls(
            pod=query.get("pod", "")[:253],
            container=query.get("container", "")[:63],
            previous=query.get("previous", "") in {"1", "on", "true"},
            since=query.get("since", "") if query.get("since", "") in SINCE_CHOICES else "",
            lines=min(int(lines), LOG_LINES_MOST)
            if lines.isascii() and lines.isdigit() and len(lines) < 6
            else LOG_LINES,
            contains=query.get("contains", "")[:200],
        )


@dataclass(frozen=True, slots=True)
class LogView:
    """`lines` oldest first. `pod` and `container` are those read; `pods` and `containers` the choices there are."""

    query: LogQuery
    pods: Sequence[PodView]
    pod: str
    container: str
    containers: Sequence[str]
    lines: Sequence[str]
    read_at: datetime
    error: str = ""
    remedy: str = ""
    dropped: int = 0


def instance(service: Service) -> str:
    """The value of app.kubernetes.io/instance on all objects of the service: the Application's name."""
    return application_name(service.tenant, service.name)


def service_pods(service: Service) -> LiveList:
    moment = now()
    try:
        selector = label_selector({"app.kubernetes.io/instance": instance(service)})
        pods = cluster().list("pods", namespace=service.tenant, label_selector=selector)
    except IntegrationError as problem:
        return LiveList([], moment, problem.sentence, problem.remedy)
    views = [pod_view(pod, now=moment) for pod in pods]
    return LiveList(sorted(views, key=lambda pod: (pod.ready, pod.name)), moment)


def service_events(service: Service) -> LiveList:
    """Events of the service's objects, newest first, at most 200: of the workload and of what is named after it."""
    moment = now()
    try:
        events = cluster().list("events", namespace=service.tenant)
    except IntegrationError as problem:
        return LiveList([], moment, problem.sentence, problem.remedy)
    prefix = workload_name(service.tenant, service.name)
    ours = [event for event in events if belongs(event, prefix)]
    views = sorted(map(event_view, ours), key=lambda event: event.at.timestamp() if event.at else 0, reverse=True)
    return LiveList(views[:EVENTS_SHOWN], moment)


def belongs(event: Mapping[str, Any], prefix: str) -> bool:
    name = (event.get("involvedObject") or {}).get("name", "")
    return bool(name == prefix or name.startswith(f"{prefix}-"))


def event_view(event: Mapping[str, Any]) -> EventView:
    about, series = event.get("involvedObject") or {}, event.get("series") or {}
    at = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    at = at or (event.get("metadata") or {}).get("creationTimestamp")
    return EventView(
        at=parse_datetime(at) if at else None,
        kind=about.get("kind", ""),
        name=about.get("name", ""),
        reason=event.get("reason") or "",
        message=foreign_text(event.get("message") or ""),
        count=series.get("count") or event.get("count") or 1,
        is_warning=event.get("type") == "Warning",
    )


def service_logs(service: Service, query: LogQuery) -> LogView:
    """Logs of one container. Only pods of the service can be named; another pod's name reads as "no such pod"."""
    reading = service_pods(service)
    pods: Sequence[PodView] = reading.items
    pod = chosen_pod(pods, query)
    containers = pod.containers if pod else []
    container = query.container if query.container in containers else next(iter(containers), "")
    view = LogView(query, pods, pod.name if pod else "", container, containers, [], reading.read_at)
    if reading.error:
        return replace(view, error=reading.error, remedy=reading.remedy)
    if pod is None:
        said = f"There is no pod {query.pod!r} now." if query.pod else "There is no pod now."
        return replace(view, error=said, remedy="Pods that are gone take their logs with them; look at the others.")
    try:
        text = cluster().logs(
            service.tenant, pod.name, container, previous=query.previous, tail_lines=query.lines,
            since_s=SINCE_CHOICES[query.since], limit_bytes=LOG_BYTES_MOST,
        )  # fmt: skip
    except IntegrationError as problem:
        if query.previous and problem.facts.get("status") in NO_LOG:
            said = f"The container {container} has not been restarted, so it has no previous run."
            return replace(view, error=said, remedy="Read the log of its present run.")
        return replace(view, error=problem.sentence, remedy=problem.remedy)
    # Masked before the filter: otherwise it could be used to guess a password, letter by letter.
    lines = [mask_credentials(line) for line in mask_private_keys(text).splitlines()]
    kept = lines_with(query.contains, lines)
    return replace(view, lines=kept, dropped=len(lines) - len(kept))


def lines_with(wanted: str, lines: list[str]) -> list[str]:
    """Lines with these very characters in any case. What people type into a filter is never a pattern."""
    return [line for line in lines if wanted.lower() in line.lower()] if wanted else lines


def chosen_pod(pods: Sequence[PodView], query: LogQuery) -> PodView | None:
    """The pod asked for; where none was, the first troubled one, which the list has in front."""
    if query.pod:
        return next((pod for pod in pods if pod.name == query.pod), None)
    return next(iter(pods), None)
