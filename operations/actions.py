"""What people, agents and schedules may do with operations: plan, start, cancel. The observer pokes.

Every attempt is audited, denials and refusals included. `start` writes rows and returns; the work begins after the
commit, in a worker.
"""

import secrets
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse

from core.actor import Actor, Decision
from core.audit import record_denial
from core.clock import now
from core.errors import Busy, Forbidden, NotFound, PlanVoid, Problem, Unavailable, shorten
from core.gate import require
from core.parse import parse_parameters
from operations import engine
from operations.choices import AuditResult, OperationState
from operations.errors import AlreadyEnded, ConfirmationNeeded, ReadOnly
from operations.models import Operation, Step
from operations.policies import may_cancel
from operations.registry import OperationDefinition, Target, definition_of, relied_upon

ID_ALPHABET = string.ascii_lowercase + string.digits
ID_LENGTH = 5
MOST_TRIES = 6

poke = engine.poke


@dataclass(frozen=True, slots=True)
class _Request:
    """What was asked for, parsed and allowed; `kept` are its parameters without the secret ones."""

    definition: OperationDefinition
    parameters: Any
    target: Target
    kept: Mapping[str, Any]


@dataclass(slots=True)
class _Attempt:
    """What is known so far of an attempt, for its row in the audit."""

    target: Target | None = None
    kept: Mapping[str, Any] | None = None


def start(
    actor: Actor,
    name: str,
    parameters: Mapping[str, Any],
    *,
    plan_hash: str | None = None,
    queue_behind: bool = False,
) -> Operation:
    """Records the operation and wakes a worker after the commit. Returns at once.

    Raises NotFound (no such operation), Invalid, Forbidden, what the declaration's check raises, ConfirmationNeeded,
    PlanVoid where the plan of that hash no longer holds, Busy where another operation on the target is open.
    """
    with _refusals_audited(actor, name) as attempt:
        request = _admitted(actor, name, parameters, attempt, writes=True)
        # Before the plan is compared: while another operation writes, that one is the reason to give.
        if not queue_behind and (holder := _holder_of(str(request.target))):
            raise _busy(holder)
        plan = _confirmed_plan(actor, request, plan_hash)
        return _recorded(actor, request, plan, queue_behind=queue_behind)


def plan(actor: Actor, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What `start` would change, with the hash that confirms it. Writes nothing but the audit of a refusal."""
    with _refusals_audited(actor, name) as attempt:
        request = _admitted(actor, name, parameters, attempt)
        return request.definition.plan(actor, request.parameters)


def cancel(actor: Actor, operation: Operation) -> Operation:
    """Asks for the end. One that has not begun ends at once; a running one when its worker sees the request.

    Raises Forbidden, and AlreadyEnded. Asking twice is asking once.
    """
    verb = f"{operation.name}:cancel"
    about: dict[str, Any] = {"tenant": operation.tenant, "target": operation.target, "operation": operation.public_id}
    decision = _admitted_to_cancel(actor, operation, verb, about)
    asked = {"cancel_requested_at": now(), "cancel_requested_by": actor.name}
    with transaction.atomic():
        engine.hold_chain()
        fresh = Operation.objects.open().filter(pk=operation.pk, cancel_requested_at__isnull=True)
        is_first = bool(fresh.update(**asked))
        operation.refresh_from_db()
        if is_first:
            engine.record_attempt(actor, verb, result=AuditResult.STARTED, reason=decision.reason, **about)
            _cancel_unbegun(actor, operation)
            engine.announce_operation(operation)
            transaction.on_commit(partial(engine.wake, operation.pk))
    operation.refresh_from_db()
    if not is_first and OperationState(operation.state).is_final:
        engine.record_attempt(actor, verb, result=AuditResult.REFUSED, reason="It had ended.", **about)
        sentence = f"{operation.public_id} has already ended: {operation.state}."
        raise AlreadyEnded(sentence, remedy="Start a new operation to change it back.", operation=operation.public_id)
    return operation


def _admitted_to_cancel(actor: Actor, operation: Operation, verb: str, about: Mapping[str, Any]) -> Decision:
    """Judged by a role that may be relied upon now; a refusal of any kind is in the audit."""
    asked_for = {"tenant": operation.tenant, "requested_by": operation.actor}
    try:
        refuse_when_read_only()
        sure = relied_upon(actor, lambda who: may_cancel(who, **asked_for).allowed)
        decision = may_cancel(sure, **asked_for)
        require(decision, operation=operation.public_id)
    except Forbidden as denial:
        record_denial(actor, verb, denial, **about)
        raise
    except Problem as problem:
        engine.record_attempt(actor, verb, result=AuditResult.REFUSED, reason=problem.sentence, **about)
        problem.recorded = True
        raise
    return decision


def refuse_when_read_only() -> None:
    if settings.READ_ONLY:
        raise ReadOnly(
            "This installation is read-only: nothing can be changed through it.",
            remedy="Ask whoever runs it; the setting is MCTL_READ_ONLY.",
        )


def _cancel_unbegun(actor: Actor, operation: Operation) -> None:
    problem = Problem(
        f"{actor.name} cancelled it before it began.", remedy="Nothing was written to git.", code="cancelled"
    )
    not_begun = {"state": OperationState.QUEUED}
    engine.end(
        operation, OperationState.CANCELLED, reason=problem.sentence, problem=problem.as_dict(), only_if=not_begun
    )


@contextmanager
def _refusals_audited(actor: Actor, name: str) -> Iterator[_Attempt]:
    attempt = _Attempt()
    try:
        yield attempt
    except Problem as problem:
        engine.record_attempt(
            actor,
            shorten(name),
            result=AuditResult.DENIED if isinstance(problem, Forbidden) else AuditResult.REFUSED,
            tenant=attempt.target.tenant if attempt.target else "",
            target=str(attempt.target or ""),
            operation=str(problem.facts.get("operation", "")) if isinstance(problem, Busy) else "",
            reason=problem.sentence,
            # Input that could not be parsed may hold a secret under a mistyped name, so it is not repeated.
            parameters=engine.redacted(attempt.kept) if attempt.kept is not None else {},
        )
        problem.recorded = True
        raise


def _admitted(
    actor: Actor, name: str, parameters: Mapping[str, Any], attempt: _Attempt, *, writes: bool = False
) -> _Request:
    """Parsed, allowed and meaningful, in this order: who may not do it learns nothing from the check.

    With `writes`, the role must be one that may be relied upon now.
    """
    definition = definition_of(name)
    values = parse_parameters(definition.parameters, parameters)
    kept = values.model_dump(mode="json", exclude=set(definition.secret_fields()), exclude_unset=True)
    attempt.target, attempt.kept = definition.target(values), kept
    if writes:
        refuse_when_read_only()
        actor = relied_upon(actor, lambda who: _allows(definition, who, values))
    require(definition.policy(actor, values), operation=name, target=str(attempt.target))
    definition.check(actor, values)
    return _Request(definition, values, attempt.target, kept)


def _allows(definition: OperationDefinition, actor: Actor, values: Any) -> bool:
    """A target that is hidden from somebody is one he may do nothing with."""
    try:
        return definition.policy(actor, values).allowed
    except NotFound:
        return False


def _confirmed_plan(actor: Actor, request: _Request, plan_hash: str | None) -> dict[str, Any]:
    """The plan made anew, if one was confirmed; nothing otherwise."""
    if not plan_hash:
        definition = request.definition
        if definition.must_confirm or (actor.is_agent and definition.agents_must_confirm):
            raise ConfirmationNeeded(
                f"{definition.title} must be confirmed.",
                remedy="Ask for its plan, look at it, and send the plan's hash along.",
                operation=definition.name,
            )
        return {}
    current = request.definition.plan(actor, request.parameters)
    if not secrets.compare_digest(str(current.get("hash", "")).encode(), plan_hash.encode()):
        raise PlanVoid(
            "What you confirmed is no longer what would happen: the repository or the request has changed since.",
            remedy="Look at the new plan and confirm that one.",
            plan_hash=current.get("hash"),
        )
    return current


def _recorded(actor: Actor, request: _Request, plan: dict[str, Any], *, queue_behind: bool) -> Operation:
    """The rows in one transaction. The database's constraint decides who is first on a target, not this code."""
    for _ in range(MOST_TRIES):
        holder = _holder_of(str(request.target))
        if holder and not queue_behind:
            raise _busy(holder)
        try:
            with transaction.atomic():
                engine.hold_chain()
                return _written(actor, request, plan, behind=holder)
        except IntegrityError:
            # Another one came first, or the id is taken: look again.
            continue
    holder = _holder_of(str(request.target))
    if holder:
        raise _busy(holder)
    raise Unavailable("The operation could not be recorded.", remedy="Try again.")


def _holder_of(target: str) -> Operation | None:
    return Operation.objects.open().for_target(target).filter(queued_behind__isnull=True).first()


def _busy(holder: Operation) -> Busy:
    doing = "waits to begin" if holder.state == OperationState.QUEUED else "is running"
    return Busy(
        f"{holder.public_id} {doing} on {holder.target}, started by {holder.actor}.",
        remedy="Follow it, cancel it, or queue behind it.",
        operation=holder.public_id,
        status_url=reverse("operations:operation_detail", args=[holder.public_id]),
    )


def _written(actor: Actor, request: _Request, plan: dict[str, Any], *, behind: Operation | None) -> Operation:
    moment = now()
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
        deadline_at=_deadline(str(request.target), behind),
        message_at=None if behind else moment,
        queued_behind=behind,
    )
    Step.objects.bulk_create(
        Step(operation=operation, position=position, name=step.name, title=step.title)
        for position, step in enumerate(request.definition.steps(request.parameters))
    )
    engine.record_attempt(
        actor,
        operation.name,
        result=AuditResult.STARTED,
        tenant=operation.tenant,
        target=operation.target,
        operation=operation.public_id,
        parameters=engine.redacted(request.kept),
        plan_hash=str(plan.get("hash", "")),
    )
    engine.announce_operation(operation)
    if behind is None:
        transaction.on_commit(partial(engine.send, operation.pk))
    return operation


def _deadline(target: str, behind: Operation | None) -> Any:
    """From now; for one that queues, from the latest moment at which all before it have ended."""
    begin = now()
    if behind:
        last = Operation.objects.open().for_target(target).order_by("-deadline_at").first()
        begin = max(begin, last.deadline_at) if last else begin
    return begin + timedelta(seconds=settings.OPERATION_DEADLINE_S)


def new_suffix() -> str:
    return "".join(secrets.choice(ID_ALPHABET) for _ in range(ID_LENGTH))
