"""Finds what nobody would wake: dead workers' operations, lost messages, passed deadlines, forgotten queues."""

from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Q

from core.clock import now
from core.errors import Problem
from operations.choices import OPEN_STATES, OperationState
from operations.engine.audit import hold_chain
from operations.engine.ending import end
from operations.engine.lease import lease_is_free
from operations.engine.queue import promote_waiting
from operations.engine.wake import send_all
from operations.models import Operation

log = structlog.get_logger(__name__)

# One round's bound; the next one goes on where this one stopped.
MOST_AT_ONCE = 500
# Each end may read the cluster for its diagnosis.
MOST_ENDED_AT_ONCE = 20
LAST_ROUND = "reaper:last-round"
ROUND_KEPT_S = 24 * 3600


def reap() -> dict[str, int]:
    """One round: `{"woken", "promoted", "stalled"}` counts."""
    moment = now()
    counts = {"woken": wake_due(moment), "promoted": release_forgotten(), "stalled": end_overdue(moment)}
    if any(counts.values()):
        log.info("reaped", **counts)
    note_round(moment)
    return counts


def note_round(moment: datetime) -> None:
    # Reaping must not stop when the cache fails, with any error of any backend.
    with suppress(Exception):
        cache.set(LAST_ROUND, moment, ROUND_KEPT_S)


def last_round() -> datetime | None:
    """When a worker last did a round, which beat sends; None for none within a day. Raises what the cache raises."""
    found = cache.get(LAST_ROUND)
    return found if isinstance(found, datetime) else None


def wake_due(moment: datetime) -> int:
    """Everything open that no worker holds and that is due before our next round, unless a message is under way."""
    horizon = moment + timedelta(seconds=settings.REAPER_INTERVAL_S)
    unclaimed = Operation.objects.open().filter(queued_behind__isnull=True).filter(lease_is_free(moment))
    due = unclaimed.filter(Q(wake_at__isnull=True) | Q(wake_at__lte=horizon))
    lease = timedelta(seconds=settings.OPERATION_LEASE_S)
    silent = due.filter(Q(message_at__isnull=True) | Q(message_at__lt=moment - lease))
    columns = ("wake_at", "message_at", "heartbeat_at", "requested_at")
    return send_all(silent.order_by("pk").only(*columns)[:MOST_AT_ONCE])


def end_overdue(moment: datetime) -> int:
    """A worker ends its operation at the deadline by itself. These had none, or one that hangs in a step."""
    grace = timedelta(seconds=settings.OPERATION_LEASE_S)
    overdue = Operation.objects.open().filter(deadline_at__lt=moment - grace).order_by("pk")
    return sum(end_stuck(operation) for operation in overdue[:MOST_ENDED_AT_ONCE])


def end_stuck(operation: Operation) -> bool:
    if operation.queued_behind_id:
        why = "the operation before it did not end"
    elif operation.state == OperationState.QUEUED:
        why = "no worker took it up"
    else:
        why = "its worker did not come back from a step"
    sentence = f"Given up after its deadline: {why}."
    problem = Problem(sentence, remedy="See whether the workers run, then start it again.", code="stalled")
    seen = {"state": operation.state, "deadline_at": operation.deadline_at}
    return end(operation, OperationState.STALLED, reason=sentence, problem=problem.as_dict(), only_if=seen)


def release_forgotten() -> int:
    """A follower that waits for an operation that has ended: nobody else would promote it."""
    followers = Operation.objects.open().filter(queued_behind__isnull=False)
    forgotten = followers.exclude(queued_behind__state__in=OPEN_STATES).order_by("tenant")
    released = 0
    for tenant in list(forgotten.values_list("tenant", flat=True).distinct()):
        with transaction.atomic():
            hold_chain()
            released += promote_waiting(tenant)
    return released
