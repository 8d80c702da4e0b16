"""Lists of operations: paged, filtered and counted in SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from django.db.models import Count, Exists, OuterRef, Q

from core.actor import Actor
from core.clock import now
from core.paging import page_of
from operations.choices import OperationState, StepState
from operations.models import Operation, OperationQuerySet, Step
from operations.queries.access import visible_operations
from operations.queries.sentences import seconds_taken

PAGE_SIZE = 50
SHOWN_AT_HOME = 6
TROUBLE_KEPT_FOR = timedelta(days=1)
NEWEST_FIRST = ("-requested_at", "-pk")
LIST_COLUMNS = (
    "public_id", "name", "summary", "tenant", "service", "state", "reason", "actor", "door", "client", "requested_at",
    "started_at", "finished_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OperationRow:
    """`says` is what it is doing now, or why it ended badly; `duration_s` None before it began."""

    public_id: str
    name: str
    summary: str
    tenant: str
    service: str
    state: OperationState
    says: str
    actor: str
    door: str
    client: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class Chip:
    value: str
    label: str
    count: int
    pressed: bool


@dataclass(frozen=True, slots=True)
class OperationList:
    rows: Sequence[OperationRow]
    chips: Sequence[Chip]
    total: int
    page: int
    pages: int
    sentence: str


def operation_rows(
    actor: Actor,
    *,
    tenant: str | None = None,
    service: str | None = None,
    state: str = "",
    q: str = "",
    page: int = 1,
) -> OperationList:
    """Newest first, three queries whatever their number. An unknown state counts as none: a link stays a link."""
    found = visible_operations(actor, tenant=tenant)
    found = found.filter(service=service) if service is not None else found
    if words := q.strip()[:100]:
        found = found.filter(Q(public_id__icontains=words) | Q(summary__icontains=words) | Q(actor__icontains=words))
    groups = found.order_by().values_list("state").annotate(number=Count("pk"))
    counts = {OperationState(value): number for value, number in groups}
    pressed = OperationState(state) if state in list(OperationState) else None
    total = counts.get(pressed, 0) if pressed else sum(counts.values())
    chosen = found.filter(state=pressed) if pressed else found
    shown = page_of(chosen.order_by(*NEWEST_FIRST), page, size=PAGE_SIZE, total=total)
    return OperationList(
        rows=rows_of(cast(OperationQuerySet, shown.object_list)),
        chips=chips(counts, pressed),
        total=total,
        page=shown.number,
        pages=shown.paginator.num_pages,
        sentence=list_sentence(counts),
    )


def rows_of(operations: OperationQuerySet) -> list[OperationRow]:
    """Two queries: the rows, and what the open ones are doing."""
    read = list(operations.only(*LIST_COLUMNS))
    doing = steps_now(operation.pk for operation in read if operation.state == OperationState.RUNNING)
    return [row_of(operation, doing.get(operation.pk, "")) for operation in read]


def steps_now(operation_ids: Iterable[int]) -> dict[int, str]:
    ids = list(operation_ids)
    if not ids:
        return {}
    running = Step.objects.filter(operation_id__in=ids, state=StepState.RUNNING)
    return {step.operation_id: step.says or step.title for step in running.only("operation_id", "says", "title")}


def row_of(operation: Operation, doing: str) -> OperationRow:
    return OperationRow(
        public_id=operation.public_id,
        name=operation.name,
        summary=operation.summary,
        tenant=operation.tenant,
        service=operation.service,
        state=OperationState(operation.state),
        says=doing or operation.reason,
        actor=operation.actor,
        door=operation.door,
        client=operation.client,
        requested_at=operation.requested_at,
        started_at=operation.started_at,
        finished_at=operation.finished_at,
        duration_s=seconds_taken(operation),
    )


def chips(counts: dict[OperationState, int], pressed: OperationState | None) -> list[Chip]:
    shown = [Chip("", "All", sum(counts.values()), pressed is None)]
    for state in OperationState:
        if counts.get(state) or state is pressed:
            shown.append(Chip(state.value, state.label, counts.get(state, 0), state is pressed))
    return shown


def list_sentence(counts: dict[OperationState, int]) -> str:
    """ "2 are running, 1 is queued." """
    if not counts:
        return ""
    open_ones = [
        f"{counts[state]:,} {'is' if counts[state] == 1 else 'are'} {state.label}"
        for state in (OperationState.RUNNING, OperationState.QUEUED)
        if counts.get(state)
    ]
    return f"{', '.join(open_ones)}." if open_ones else "Nothing is running."


def running_operations(actor: Actor, *, tenant: str | None = None) -> list[OperationRow]:
    return rows_of(visible_operations(actor, tenant=tenant).open().order_by(*NEWEST_FIRST)[:SHOWN_AT_HOME])


def running_count(actor: Actor) -> int:
    return visible_operations(actor).open().count()


def recent_operations(actor: Actor, *, tenant: str, service: str | None = None) -> list[OperationRow]:
    found = visible_operations(actor, tenant=tenant)
    found = found.filter(service=service) if service is not None else found
    return rows_of(found.order_by(*NEWEST_FIRST)[:SHOWN_AT_HOME])


def troubled_operations(actor: Actor) -> list[OperationRow]:
    """Failed or stalled within a day, and no later operation on the same target has succeeded or is on its way.

    A child is left out where its parent is listed. What an operation started itself is no later one.
    """
    bad = (OperationState.FAILED, OperationState.STALLED)
    hopeful = (OperationState.SUCCEEDED, OperationState.QUEUED, OperationState.RUNNING)
    later = Operation.objects.filter(target=OuterRef("target"), pk__gt=OuterRef("pk")).exclude(
        Q(parent=OuterRef("pk")) | Q(parent__parent=OuterRef("pk"))
    )
    failed = visible_operations(actor).filter(state__in=bad, finished_at__gte=now() - TROUBLE_KEPT_FOR)
    unmended = failed.exclude(Exists(later.filter(state__in=hopeful)))
    # Of several failures on one target the last one tells it.
    last = unmended.exclude(Exists(later.filter(state__in=bad)))
    listed = last.exclude(parent__in=last.values("pk"))
    return rows_of(listed.order_by(*NEWEST_FIRST)[:SHOWN_AT_HOME])


def open_operation(*, tenant: str, service: str) -> OperationRow | None:
    """The operation that holds the service, or its tenant, for anyone who may see the service itself."""
    holding = Operation.objects.holding().overlapping(tenant, service)
    return next(iter(rows_of(holding.order_by("-service", "pk")[:1])), None)
