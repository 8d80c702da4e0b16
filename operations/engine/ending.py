"""The end of an operation: one transaction writes the state, the reason and the audit, and frees the target.

The same transaction asks its open children to end and has its parent look again.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import structlog
from django.db import transaction

from core.clock import now
from core.credentials import mask_all, mask_credentials
from core.errors import Problem
from core.fitting import fit_to_columns
from operations.choices import OPEN_STATES, AuditResult, OperationState, StepState
from operations.engine.audit import hold_chain, record_result
from operations.engine.children import cancel_children, tell_parent
from operations.engine.queue import promote_waiting
from operations.engine.wake import announce_operation
from operations.models import Operation, Step
from operations.registry import COMMIT_STEP, Ended, Offer, Target, definitions, diagnosis_of

log = structlog.get_logger(__name__)

STEP_ENDS = {OperationState.FAILED: StepState.FAILED, OperationState.STALLED: StepState.FAILED}


def end(
    operation: Operation,
    state: OperationState,
    *,
    reason: str = "",
    problem: Mapping[str, Any] | None = None,
    only_if: Mapping[str, Any] | None = None,
) -> bool:
    """Ends an open operation; False where it has ended already or `only_if` (columns and values) no longer holds."""
    # Reason and problem may quote another system.
    words = {
        "reason": mask_credentials(reason),
        "problem": mask_all(problem or {}),
        "diagnosis": diagnosed(operation) if state in STEP_ENDS else {},
        "result": {step.name: step.result for step in operation.steps.filter(state=StepState.SUCCEEDED)},
    }
    moment = now()
    with transaction.atomic():
        hold_chain()
        ended = Operation.objects.filter(pk=operation.pk, state__in=OPEN_STATES, **(only_if or {})).update(
            state=state,
            **fit_to_columns(Operation, words),
            finished_at=moment,
            lease_owner="",
            lease_until=None,
            wake_at=None,
            message_at=None,
            queued_behind=None,
        )
        if not ended:
            return False
        close_steps(operation, state)
        record_result(operation, result=AuditResult(state.value), reason=reason)
        cancel_children(operation)
        if operation.parent_id:
            tell_parent(operation.parent_id)
        promote_waiting(operation.tenant)
        announce_operation(operation)
    log.info("operation_ended", state=state.value, seconds=(moment - operation.requested_at).total_seconds())
    return True


def close_steps(operation: Operation, state: OperationState) -> None:
    """The step it ended in shares its fate; those after it never ran."""
    begun = Step.objects.filter(operation=operation, state=StepState.RUNNING)
    begun.update(state=STEP_ENDS.get(state, StepState.CANCELLED), finished_at=now())
    Step.objects.filter(operation=operation, state=StepState.PENDING).update(state=StepState.CANCELLED)


def diagnosed(operation: Operation) -> dict[str, Any]:
    """The findings about the service as they are now. A diagnosis that fails says so and never hides the failure."""
    try:
        return diagnosis_of(operation.tenant, operation.service)
    except Problem as problem:
        unread = problem.as_dict()
    except Exception:
        log.exception("diagnosis_crashed")
        unread = internal_error("The diagnosis", operation)
    return {"target": operation.target, "healthy": None, "findings": [], "problem": unread}


def internal_error(what: str, operation: Operation) -> dict[str, Any]:
    """Our own mistake, without a word of the foreign text that may hold anything."""
    return Problem(
        f"{what} ended in an error inside MCTL.",
        remedy=f"Tell the platform team; the log has the details under {operation.public_id}.",
        code="internal_error",
        operation=operation.public_id,
    ).as_dict()


def cancelled_problem(operation: Operation, during: str) -> dict[str, Any]:
    """What a cancel left behind. After the commit, git is what counts: the offer is to revert it."""
    who = operation.cancel_requested_by or operation.actor
    sentence = f"{who} cancelled it before the step “{during}” ended." if during else f"{who} cancelled it."
    commit = committed(operation)
    if not commit:
        has_children = operation.children.exists()
        remedy = "What its children did stays: see each of them." if has_children else "Nothing was written to git."
        return Problem(sentence, remedy=remedy, code="cancelled").as_dict()
    short, offer = commit["sha"][:7], offered_undo(operation, commit)
    no_offer: dict[str, Any] = {"label": f"Revert {short}", "operation": None, "params": {}}
    return Problem(
        f"{sentence} Commit {short} is in git, and Argo CD brings the cluster to it.",
        remedy=f"To undo it, revert commit {short}.",
        code="cancelled",
        commit=commit["sha"],
        remedies=[asdict(offer) if offer else no_offer],
    ).as_dict()


def offered_undo(operation: Operation, commit: Mapping[str, Any]) -> Offer | None:
    definition = definitions().get(operation.name)
    ended = Ended(Target(operation.tenant, operation.service), operation.parameters, commit)
    return definition.undo(ended) if definition else None


def committed(operation: Operation) -> Mapping[str, Any]:
    """The result of the step `commit`, `{"sha", "before"}`: `before` is the commit to return to, where there is one.
    {} where nothing was written."""
    step = operation.steps.filter(name=COMMIT_STEP, state=StepState.SUCCEEDED).first()
    return step.result if step and step.result.get("sha") and step.result.get("changed", True) else {}
