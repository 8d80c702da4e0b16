"""Messages to the workers: start this, look again then, look again now. The rows are the truth; messages only hurry.

For each operation at most one timer and one message "now" are under way: a timer is not set where an earlier one
will arrive, and of many pokes only the first sends. A lost message is replaced by the reaper.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from celery import current_app
from django.conf import settings
from django.db.models import Q
from kombu.exceptions import OperationalError

from core.clock import now
from core.live import announce
from operations.choices import OPEN_STATES, OperationState
from operations.engine.lease import CLOCK_SLACK, lease_is_free
from operations.models import Operation

log = structlog.get_logger(__name__)

RUN_TASK = "operations.run"
# On Redis the lower number goes first: the reaper overtakes a long queue of runs.
RUN_PRIORITY = 3
REAP_PRIORITY = 0
RETRIES = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}


def send(operation_id: int, *, countdown_s: float = 0) -> None:
    """Asks a worker to run the operation. A broker that is down is no failure: the reaper asks again."""
    try:
        current_app.send_task(
            RUN_TASK,
            args=[operation_id],
            countdown=countdown_s or None,
            priority=RUN_PRIORITY,
            retry_policy=RETRIES,
            ignore_result=True,
        )
    except (OperationalError, OSError) as error:
        log.warning("broker_unreachable", operation_id=operation_id, error=type(error).__name__)
        Operation.objects.filter(pk=operation_id).update(message_at=None)


def wake(operation_id: int) -> None:
    """Ends the waiting of an operation now. Of several calls before a worker comes, one sends a message."""
    moment = now()
    waiting = Operation.objects.filter(pk=operation_id, state=OperationState.RUNNING, wake_at__gt=moment)
    if waiting.filter(lease_is_free(moment)).update(wake_at=moment):
        send(operation_id)


def set_timer(operation_id: int, wake_at: datetime) -> None:
    """Has a worker look at `wake_at`. Moments beyond the reaper's next round are left to it: the broker's workers
    keep timers in memory, and thousands may wait."""
    moment = now()
    delay_s = max(0.0, (wake_at - moment).total_seconds())
    if delay_s > settings.REAPER_INTERVAL_S:
        return
    another_is_under_way = Q(message_at__gt=moment + CLOCK_SLACK, message_at__lte=wake_at)
    free = Operation.objects.filter(pk=operation_id, state__in=OPEN_STATES).exclude(another_is_under_way)
    if free.update(message_at=wake_at):
        send(operation_id, countdown_s=delay_s)


def renew_timer(operation_id: int) -> None:
    """A timer came before its operation was due, since a poke had begun a new wait: sets the one for the rest."""
    waiting = Operation.objects.filter(pk=operation_id, state=OperationState.RUNNING, lease_until__isnull=True)
    wake_at = waiting.filter(wake_at__gt=now()).values_list("wake_at", flat=True).first()
    if wake_at:
        set_timer(operation_id, wake_at)


def poke(*, tenant: str, service: str) -> int:
    """The target changed: what waits on it looks again now. Returns how many operations that concerned.

    A change of a service concerns the operations on its tenant as well. A run under way may have looked just before
    the change, so it is marked as well and looks again when it ends.
    """
    concerned = Operation.objects.filter(state=OperationState.RUNNING, tenant=tenant, service__in={"", service})
    ids = list(concerned.values_list("pk", flat=True))
    for operation_id in ids:
        # One row at a time: two pokes that each hold a row must not wait for each other's.
        Operation.objects.filter(pk=operation_id).update(poked_at=now())
        wake(operation_id)
    return len(ids)


def announce_operation(operation: Operation) -> None:
    names = {"operation": operation.public_id, "tenant": operation.tenant, "service": operation.service}
    announce(operation.tenant, {"type": "operation.changed", **names})


def is_lost(operation: Operation, moment: datetime) -> bool:
    """Whether the last message about it may be taken for lost: unanswered for a lease's time, and for as long as the
    operation had been due when it was sent. So a long queue of work is not made longer by asking again and again."""
    if operation.message_at is None:
        return True
    due = max(filter(None, (operation.wake_at, operation.heartbeat_at, operation.requested_at)))
    patience = max(timedelta(seconds=settings.OPERATION_LEASE_S), operation.message_at - due)
    return moment - operation.message_at > patience


def send_all(operations: Iterable[Operation]) -> int:
    """One message for each whose last one is lost, unless somebody else has sent it or begun to run it meanwhile."""
    sent = 0
    for operation in operations:
        moment = now()
        if not is_lost(operation, moment):
            continue
        due = max(operation.wake_at or moment, moment)
        unchanged = Operation.objects.filter(pk=operation.pk, state__in=OPEN_STATES, message_at=operation.message_at)
        if unchanged.filter(lease_is_free(moment)).update(message_at=due):
            send(operation.pk, countdown_s=(due - moment).total_seconds())
            sent += 1
    return sent
