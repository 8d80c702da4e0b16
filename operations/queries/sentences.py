"""What an operation and its steps are doing, in words and with durations."""

from core.clock import now
from core.text import duration
from operations.choices import OperationState, StepState
from operations.models import Operation, Step


def seconds_taken(operation: Operation) -> float | None:
    """From the beginning to the end, or to now; None before it began."""
    begun = operation.started_at
    return max(0.0, ((operation.finished_at or now()) - begun).total_seconds()) if begun else None


def step_seconds(step: Step) -> float | None:
    if step.started_at is None:
        return None
    return max(0.0, ((step.finished_at or now()) - step.started_at).total_seconds())


def sentence_of(operation: Operation, steps: list[Step]) -> str:
    """One or two sentences: where it stands and what it waits for, or how it ended and what to do."""
    state = OperationState(operation.state)
    if state is OperationState.QUEUED:
        return queued_sentence(operation)
    if state is OperationState.RUNNING:
        asked = f" {operation.cancel_requested_by} asked to cancel it." if operation.cancel_requested_at else ""
        return running_sentence(steps) + asked
    took = duration(seconds_taken(operation) or 0.0)
    if state is OperationState.SUCCEEDED:
        said = next((step.says for step in reversed(steps) if step.says), "")
        return " ".join(
            part for part in (f"Done in {took}{f': {full(said)}' if said else '.'}", operation.reason) if part
        )
    return " ".join(part for part in (full(operation.reason), operation.problem.get("remedy", "")) if part)


def queued_sentence(operation: Operation) -> str:
    waited = duration((now() - operation.requested_at).total_seconds())
    if before := operation.queued_behind:
        where = "the same target" if before.target == operation.target else before.target
        return f"Waiting for {before.public_id} on {where}, {waited} so far."
    return f"Waiting for a worker, {waited} so far."


def running_sentence(steps: list[Step]) -> str:
    current = next((step for step in steps if step.state == StepState.RUNNING), None)
    if current is None:
        return "Starting." if not any(step.started_at for step in steps) else "Between two steps."
    so_far = f"{duration(step_seconds(current))} so far"
    return f"{current.title}: {current.says.rstrip('.')}, {so_far}." if current.says else f"{current.title}, {so_far}."


def full(text: str) -> str:
    """The text as a sentence with its end."""
    return f"{text}." if text and text[-1] not in ".!?" else text
