"""Who may advance an operation now: a lease taken and kept by conditional updates, so that nothing runs twice.

A worker that loses its lease (frozen, cut off, too slow) finds out at its next write, which then changes nothing.
"""

import os
import socket
import threading
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce

from core.clock import now
from operations.choices import OPEN_STATES, OperationState
from operations.models import Operation

log = structlog.get_logger(__name__)

# A timer may fire this much early by another host's clock.
CLOCK_SLACK = timedelta(milliseconds=100)
BEATS_PER_LEASE = 3
LONGEST_JOIN_S = 5


class LeaseLost(Exception):
    """Another worker, or the reaper, has taken the operation. Whatever we still meant to write is void."""


def owner_name(task_id: str) -> str:
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{task_id}"[:100]


def lease_end(moment: datetime) -> datetime:
    return moment + timedelta(seconds=settings.OPERATION_LEASE_S)


def lease_is_free(moment: datetime) -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lt=moment)


def take(operation_id: int, owner: str) -> tuple[Operation, bool] | None:
    """The operation under our lease and whether its last worker died holding it; None where it is not ours to run.

    Not ours: ended, behind another one, leased to a living worker, or waiting for a later moment.
    """
    moment = now()
    due = moment + CLOCK_SLACK
    seen = Operation.objects.filter(pk=operation_id).values_list("lease_owner", flat=True).first()
    taken = (
        Operation.objects.filter(pk=operation_id, state__in=OPEN_STATES, queued_behind__isnull=True)
        .filter(lease_is_free(moment))
        .filter(Q(wake_at__isnull=True) | Q(wake_at__lte=due) | Q(deadline_at__lte=due))
        .update(
            state=OperationState.RUNNING,
            lease_owner=owner,
            lease_until=lease_end(moment),
            heartbeat_at=moment,
            started_at=Coalesce(F("started_at"), Value(moment)),
            wake_at=None,
            # A timer that is still under way stays known, so that no second one is set for the same moment.
            message_at=Case(When(message_at__gt=due, then=F("message_at")), default=None),
        )
    )
    return (Operation.objects.get(pk=operation_id), bool(seen)) if taken else None


def renew(operation_id: int, owner: str) -> bool:
    moment = now()
    held = Operation.objects.filter(pk=operation_id, lease_owner=owner, state__in=OPEN_STATES)
    return bool(held.update(lease_until=lease_end(moment), heartbeat_at=moment))


def write_held(operation_id: int, owner: str, **changes: Any) -> None:
    """Changes the row if the lease is still ours. Raises LeaseLost; inside a transaction that voids the rest of it."""
    held = Operation.objects.filter(pk=operation_id, lease_owner=owner, state__in=OPEN_STATES)
    if not held.update(**changes):
        raise LeaseLost(owner)


def let_go(operation_id: int, owner: str) -> None:
    """Gives the lease back unfinished, as a worker does that is told to stop."""
    Operation.objects.filter(pk=operation_id, lease_owner=owner).update(lease_owner="", lease_until=None)


class Heartbeat:
    """Renews the lease while a step runs. The thread touches the database only in steps that take long."""

    def __init__(self, operation_id: int, owner: str) -> None:
        self.operation_id = operation_id
        self.owner = owner
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self.thread.join(timeout=LONGEST_JOIN_S)

    def _beat(self) -> None:
        try:
            while not self.over.wait(settings.OPERATION_LEASE_S / BEATS_PER_LEASE):
                if not self._renewed():
                    return
        finally:
            connections.close_all()

    def _renewed(self) -> bool:
        try:
            return renew(self.operation_id, self.owner)
        except DatabaseError as error:
            # The database may be back before the lease runs out; if not, another worker takes over.
            log.warning("heartbeat_failed", error=type(error).__name__)
            return True
