"""Events of both APIs (core/v1 and events.k8s.io/v1) as one shape, with the time they were last seen."""

from dataclasses import dataclass
from datetime import datetime

from diagnosis.rules.facts.objects import Obj, number_at, text_at, when

FIRST = ("firstTimestamp", "deprecatedFirstTimestamp", "eventTime")
LAST = ("lastTimestamp", "deprecatedLastTimestamp", "eventTime", "firstTimestamp")
LONGEST_MESSAGE = 4_000
COMBINED = "(combined from similar events): "


@dataclass(frozen=True, slots=True)
class Event:
    """`last` is None only for an event without any time. `message` is text from outside, its beginning."""

    kind: str
    namespace: str
    name: str
    field_path: str
    type: str
    reason: str
    message: str
    first: datetime | None
    last: datetime | None
    count: int

    @property
    def container(self) -> str:
        """The container named by a field path such as spec.containers{web}, else ""."""
        _, _, rest = self.field_path.partition("{")
        return rest.rstrip("}")


def about(obj: Obj) -> tuple[str, str, str]:
    """(kind, namespace, name) of the object an event is about; cheap, for an index over thousands."""
    target = obj.get("involvedObject") or obj.get("regarding")
    target = target if isinstance(target, dict) else {}
    where = target.get("namespace") or text_at(obj, "metadata", "namespace")
    return str(target.get("kind") or ""), str(where), str(target.get("name") or "")


def read_event(obj: Obj) -> Event:
    """One of thousands, so plain look-ups instead of paths."""
    target, series = obj.get("involvedObject") or obj.get("regarding"), obj.get("series")
    target = target if isinstance(target, dict) else {}
    series = series if isinstance(series, dict) else {}
    metadata = obj.get("metadata") or {}
    last = when(series.get("lastObservedTime")) or _first_time(obj, LAST)
    return Event(
        kind=str(target.get("kind") or ""),
        namespace=str(target.get("namespace") or metadata.get("namespace") or ""),
        name=str(target.get("name") or ""),
        field_path=str(target.get("fieldPath") or ""),
        type=str(obj.get("type") or ""),
        reason=str(obj.get("reason") or ""),
        message=str(obj.get("message") or obj.get("note") or "")[:LONGEST_MESSAGE].removeprefix(COMBINED),
        first=_first_time(obj, FIRST) or last,
        last=last or when(metadata.get("creationTimestamp")),
        count=number_at(series, "count") or number_at(obj, "count") or number_at(obj, "deprecatedCount") or 1,
    )


def _first_time(obj: Obj, keys: tuple[str, ...]) -> datetime | None:
    for key in keys:
        value = obj.get(key)
        moment = when(value) if value else None
        if moment:
            return moment
    return None
