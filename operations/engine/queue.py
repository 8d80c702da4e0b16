"""What is in the way on a target, and who begins next. Both are decided under the ledger's lock, `hold_chain`.

Targets contain targets: an operation on a tenant and one on a service of it exclude one another. Operations go in the
order in which they were recorded, so one on a tenant is not starved by a stream of deploys.
"""

from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F

from core.clock import now
from operations.engine.wake import announce_operation, send
from operations.models import Operation
from operations.registry import Target


def first_in_the_way(target: Target) -> Operation | None:
    """The open operation to name: one that holds the target before one that queues, then the oldest."""
    found = Operation.objects.open().overlapping(target.tenant, target.service)
    return found.order_by(F("queued_behind_id").asc(nulls_first=True), "pk").first()


def deadline_after(target: Target) -> datetime:
    """For one that queues: counted from the latest moment at which all before it have ended."""
    before = Operation.objects.open().overlapping(target.tenant, target.service)
    latest = before.order_by("-deadline_at").values_list("deadline_at", flat=True).first()
    return max(filter(None, (now(), latest))) + time_allowed()


def time_allowed() -> timedelta:
    """From its beginning to its deadline."""
    return timedelta(seconds=settings.OPERATION_DEADLINE_S)


def promote_waiting(tenant: str) -> int:
    """Begins every queued operation of the tenant that nothing is in the way of, and returns their number.

    The others are pointed at what they wait for now. The caller holds the chain.
    """
    queue = list(Operation.objects.open().filter(tenant=tenant, queued_behind__isnull=False).order_by("pk"))
    if not queue:
        return 0
    ahead = list(Operation.objects.holding().filter(tenant=tenant).order_by("pk"))
    begun = 0
    for operation in queue:
        before = next((other for other in ahead if overlap(other, operation)), None)
        if before is None:
            begin(operation)
            begun += 1
        elif before.pk != operation.queued_behind_id:
            Operation.objects.filter(pk=operation.pk).update(queued_behind=before)
        # One that still waits is in the way of those recorded after it.
        ahead.append(operation)
    return begun


def overlap(one: Operation, other: Operation) -> bool:
    """Whether two targets of the same tenant are equal, or one contains the other."""
    return one.service == other.service or "" in (one.service, other.service)


def begin(operation: Operation) -> None:
    """Takes it out of the queue, with the whole time that any operation has, and asks for a worker."""
    moment = now()
    waiting = Operation.objects.open().filter(pk=operation.pk)
    waiting.update(queued_behind=None, deadline_at=moment + time_allowed(), message_at=moment)
    announce_operation(operation)
    transaction.on_commit(partial(send, operation.pk))
