"""The only writer of new operations. The ledger's lock, `hold_chain`, decides who is first on overlapping targets."""

import secrets
import string
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse

from core.actor import Actor
from core.clock import now
from core.errors import Busy, Unavailable
from operations.choices import AuditResult, OperationState
from operations.engine.admission import Request
from operations.engine.audit import hold_chain, record_attempt, redacted
from operations.engine.queue import deadline_after, first_in_the_way, time_allowed
from operations.engine.wake import announce_operation, send
from operations.models import Operation, Step
from operations.registry import Target

ID_ALPHABET = string.ascii_lowercase + string.digits
ID_LENGTH = 5
# Five characters make 60 million ids: several taken ones in a row are no coincidence.
MOST_TRIES = 6


def record(actor: Actor, request: Request, plan: Mapping[str, Any], *, queue_behind: bool) -> Operation:
    """Writes the operation with its steps and its audit row, in one transaction.

    Raises Busy where another one is in the way and it is not to queue.
    """

    def write() -> Operation:
        before = first_in_the_way(request.target)
        if before and not queue_behind:
            raise busy(before)
        return write_operation(actor, request, plan=plan, behind=before)

    return under_lock(write)


def under_lock(write: Callable[[], Operation]) -> Operation:
    """The lock comes first: what `write` reads stays true until its row is committed."""
    for _ in range(MOST_TRIES):
        try:
            with transaction.atomic():
                hold_chain()
                return write()
        except IntegrityError as error:
            # SQLite names the column, PostgreSQL the constraint with the column in its name.
            if "public_id" not in str(error):
                raise
    raise Unavailable("The operation could not be recorded.", remedy="Try again.")


def refuse_busy(target: Target) -> None:
    """Raises Busy where an operation is open on the target, on its tenant or on a service of it."""
    if before := first_in_the_way(target):
        raise busy(before)


def busy(before: Operation) -> Busy:
    doing = "waits to begin" if before.state == OperationState.QUEUED else "is running"
    return Busy(
        f"{before.public_id} {doing} on {before.target}, started by {before.actor}.",
        remedy="Follow it, cancel it, or queue behind it.",
        operation=before.public_id,
        status_url=status_url(before),
    )


def status_url(operation: Operation) -> str:
    return reverse("operations:operation_detail", args=[operation.public_id])


def write_operation(
    actor: Actor,
    request: Request,
    *,
    plan: Mapping[str, Any],
    behind: Operation | None = None,
    parent: Operation | None = None,
    parent_step: str = "",
) -> Operation:
    """The rows. A worker is asked for after the commit, except where the operation queues.

    Raises ValueError where the program gave two steps one name.
    """
    moment = now()
    steps = request.definition.steps(request.parameters)
    if twice := [name for name, number in Counter(step.name for step in steps).items() if number > 1]:
        raise ValueError(f"{request.definition.name} has two steps named {', '.join(twice)}.")
    operation = Operation.objects.create(
        public_id=f"{request.definition.name}-{new_suffix()}",
        name=request.definition.name,
        target=str(request.target),
        tenant=request.target.tenant,
        service=request.target.service,
        summary=request.definition.summary(request.parameters)[:200],
        parameters=request.kept,
        plan=plan,
        actor=actor.name,
        door=actor.door.value,
        client=actor.client[:100],
        requested_at=moment,
        deadline_at=deadline_after(request.target) if behind else moment + time_allowed(),
        message_at=None if behind else moment,
        queued_behind=behind,
        parent=parent,
        parent_step=parent_step,
    )
    Step.objects.bulk_create(
        Step(operation=operation, position=position, name=step.name, title=step.title)
        for position, step in enumerate(steps)
    )
    record_start(actor, operation, reason=f"Started by {parent.public_id}." if parent else "")
    announce_operation(operation)
    if behind is None:
        transaction.on_commit(partial(send, operation.pk))
    return operation


def record_start(actor: Actor, operation: Operation, *, reason: str) -> None:
    record_attempt(
        actor,
        operation.name,
        result=AuditResult.STARTED,
        tenant=operation.tenant,
        target=operation.target,
        operation=operation.public_id,
        reason=reason,
        parameters=redacted(operation.parameters),
        plan_hash=str(operation.plan.get("hash", "")),
    )


def new_suffix() -> str:
    return "".join(secrets.choice(ID_ALPHABET) for _ in range(ID_LENGTH))
