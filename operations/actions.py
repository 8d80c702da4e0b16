"""What people, agents and schedules may do with operations: plan, start, cancel. The observer pokes.

Every attempt is audited, denials and refusals included. `start` writes rows and returns; the work begins after the
commit, in a worker.
"""

import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import transaction

from core.actor import Actor, Decision
from core.audit import record_denial
from core.clock import now
from core.errors import Forbidden, PlanVoid, Problem
from core.gate import require
from operations import engine
from operations.choices import AuditResult, OperationState
from operations.errors import AlreadyEnded, ConfirmationNeeded
from operations.models import Operation
from operations.policies import may_cancel
from operations.registry import relied_upon

poke = engine.poke


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
    PlanVoid where the plan of that hash no longer holds, Busy where another operation is open on the target, on its
    tenant or on a service of it.
    """
    with engine.audit_refusals(actor, name) as attempt:
        request = engine.admit(actor, name, parameters, attempt, writes=True)
        # Before the plan is compared: while another operation writes, that one is the reason to give.
        if not queue_behind:
            engine.refuse_busy(request.target)
        plan = _confirmed_plan(actor, request, plan_hash)
        return engine.record(actor, request, plan, queue_behind=queue_behind)


def plan(actor: Actor, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What `start` would change, with the hash that confirms it. Writes nothing but the audit of a refusal."""
    with engine.audit_refusals(actor, name) as attempt:
        request = engine.admit(actor, name, parameters, attempt)
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
        engine.refuse_when_read_only()
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


def _cancel_unbegun(actor: Actor, operation: Operation) -> None:
    problem = Problem(
        f"{actor.name} cancelled it before it began.", remedy="Nothing was written to git.", code="cancelled"
    )
    not_begun = {"state": OperationState.QUEUED}
    engine.end(
        operation, OperationState.CANCELLED, reason=problem.sentence, problem=problem.as_dict(), only_if=not_begun
    )


def _confirmed_plan(actor: Actor, request: engine.Request, plan_hash: str | None) -> dict[str, Any]:
    """The plan made again, if one was confirmed; nothing otherwise."""
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
