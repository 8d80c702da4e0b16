"""One run of one operation: from its first unfinished step until it waits or ends.

Everything a run knows stands in the rows, so a run that dies anywhere is continued by the next one. Each write asks
for the lease again; a run that lost it stops without a trace.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import F, Q
from pydantic import ValidationError

from core.clock import now
from core.credentials import mask_credentials
from core.errors import Problem
from core.fitting import fit_to_columns
from core.text import duration
from integrations.errors import IntegrationError, OutcomeUnknown
from operations.choices import OperationState, StepState
from operations.engine.children import LOOK_AGAIN_S, cancel_children
from operations.engine.context import Context
from operations.engine.ending import cancelled_problem, end, internal_error
from operations.engine.lease import Heartbeat, LeaseLost, let_go, owner_name, take, write_held
from operations.engine.wake import announce_operation, renew_timer, set_timer, wake
from operations.models import Operation, OperationLogLine, Step
from operations.registry import Done, StepDefinition, Wait, definitions

log = structlog.get_logger(__name__)

MOST_DEATHS = 5
SHORTEST_WAIT_S = 0.05
LONGEST_RETRY_S = 30.0


def run(operation_id: int, task_id: str) -> None:
    """Advances the operation if it is ours to advance; otherwise does nothing. Safe to call any number of times."""
    owner = owner_name(task_id)
    taken = take(operation_id, owner)
    if taken is None:
        renew_timer(operation_id)
        return
    operation, last_worker_died = taken
    names = {"operation": operation.public_id, "tenant": operation.tenant, "actor": operation.actor}
    with structlog.contextvars.bound_contextvars(**names), Heartbeat(operation.pk, owner):
        try:
            Run(operation, owner).advance(last_worker_died=last_worker_died)
        except LeaseLost:
            log.warning("lease_lost")
        except BaseException:
            # The ledger cannot be reached, or the worker is told to stop: the reaper has it continued.
            with suppress(DatabaseError):
                let_go(operation.pk, owner)
            raise


class Run:
    """The work of one worker on one operation, under its lease."""

    def __init__(self, operation: Operation, owner: str) -> None:
        self.operation = operation
        self.owner = owner
        self.parameters: Any = None

    def advance(self, *, last_worker_died: bool) -> None:
        if last_worker_died:
            self.note_death()
        steps = self.declared_steps()
        while steps is not None and self.next_step_done(steps):
            # Read again: a cancel or a poke may have come while the step ran.
            self.operation.refresh_from_db()
            if self.operation.lease_owner != self.owner:
                raise LeaseLost(self.owner)

    def declared_steps(self) -> Mapping[str, StepDefinition] | None:
        """The steps by name, or None after ending an operation that this version of the product cannot run."""
        definition = definitions().get(self.operation.name)
        try:
            if definition is not None:
                self.parameters = definition.parameters.model_validate(self.operation.parameters)
                return {step.name: step for step in definition.steps(self.parameters)}
        except ValidationError:
            log.warning("parameters_outdated")
        self.fail(
            Problem(
                f"This version of MCTL cannot run {self.operation.name} as it was requested.",
                remedy="Start it again.",
                code="outdated",
            )
        )
        return None

    def next_step_done(self, steps: Mapping[str, StepDefinition]) -> bool:
        """Runs the first unfinished step. False when there is nothing more to do in this run."""
        row = self.operation.steps.exclude(state=StepState.SUCCEEDED).first()
        if row is None:
            return self.succeed()
        step = steps.get(row.name)
        if step is None:
            return self.fail(
                Problem(f"The step “{row.title}” no longer exists.", remedy="Start it again.", code="outdated")
            )
        if self.operation.cancel_requested_at and (step.cancellable or not row.attempts):
            return self.cancel(step, row)
        if now() >= self.operation.deadline_at:
            return self.stall(row, f"Given up after {duration(self.allowed_s())}")
        if row.deaths >= MOST_DEATHS:
            return self.stall(row, f"Given up: {row.deaths} workers in a row died in it")
        return self.perform(step, row)

    def perform(self, step: StepDefinition, row: Step) -> bool:
        begun = self.begin(row)
        try:
            outcome = checked(step.run(Context(self.operation, row, self.parameters, self.owner)))
        except LeaseLost:
            raise
        except IntegrationError as problem:
            refusals = 0 if problem.retryable else row.refusals + 1
            if refusals >= problem.believed_after:
                return self.fail(problem)
            return self.wait(step, row, self.retry(row, problem), begun, failures=row.failures + 1, refusals=refusals)
        except Problem as problem:
            return self.fail(problem)
        except Exception:
            log.exception("step_crashed", step=row.name)
            return self.fail_with(internal_error(f"The step “{row.title}”", self.operation))
        if isinstance(outcome, Wait):
            return self.wait(step, row, outcome, begun)
        return self.finish(row, outcome)

    def begin(self, row: Step) -> datetime:
        moment = now()
        with transaction.atomic():
            write_held(self.operation.pk, self.owner, heartbeat_at=moment)
            row.attempts += 1
            if row.attempts == 1:
                row.started_at = moment
                announce_operation(self.operation)
            row.state = StepState.RUNNING
            row.save(update_fields=["attempts", "started_at", "state"])
        return moment

    def finish(self, row: Step, outcome: Done) -> bool:
        with transaction.atomic():
            write_held(self.operation.pk, self.owner, heartbeat_at=now())
            words = fit_to_columns(Step, {"says": outcome.says, "result": dict(outcome.value)})
            row.state, row.says, row.result = StepState.SUCCEEDED, words["says"], words["result"]
            row.finished_at, row.failures, row.refusals = now(), 0, 0
            row.save(update_fields=["state", "says", "result", "finished_at", "failures", "refusals"])
            announce_operation(self.operation)
        return True

    def wait(
        self, step: StepDefinition, row: Step, outcome: Wait, begun: datetime, *, failures: int = 0, refusals: int = 0
    ) -> bool:
        """Stores what is waited for, gives the lease back and asks to be woken. Never later than the deadline."""
        moment = now()
        wake_at = min(moment + timedelta(seconds=max(outcome.seconds, SHORTEST_WAIT_S)), self.operation.deadline_at)
        with transaction.atomic():
            write_held(self.operation.pk, self.owner, wake_at=wake_at, lease_owner="", lease_until=None)
            says = fit_to_columns(Step, {"says": outcome.says})["says"]
            if row.says != says:
                announce_operation(self.operation)
            row.says, row.failures, row.refusals = says, failures, refusals
            row.save(update_fields=["says", "failures", "refusals"])
        set_timer(self.operation.pk, wake_at)
        # After the commit: whoever pokes or cancels from here on finds the operation waiting and wakes it.
        called = Q(poked_at__gte=begun) if not failures else Q()
        # A cancel that this run knows of is what it waits in.
        if step.cancellable and not self.operation.cancel_requested_at:
            called |= Q(cancel_requested_at__isnull=False)
        if called and Operation.objects.filter(called, pk=self.operation.pk).exists():
            wake(self.operation.pk)
        return False

    def retry(self, row: Step, problem: IntegrationError) -> Wait:
        """1, 2, 4, ... at most 30 s, spread a little so that those who failed together do not return together."""
        spread = 1 + (self.operation.pk % 10) / 20
        seconds = min(2.0**row.failures * spread, LONGEST_RETRY_S)
        detail = problem.facts.get("detail", "")
        log.warning("step_retried", step=row.name, system=problem.system, code=problem.problem_code, detail=detail)
        again = f"Trying again in {duration(seconds)}, after {row.failures + 1} failed attempts."
        return Wait(seconds, f"{problem.sentence} {again if row.failures else f'Trying again in {duration(seconds)}.'}")

    def succeed(self) -> bool:
        late = "Cancel came too late: it was already done." if self.operation.cancel_requested_at else ""
        return self.end(OperationState.SUCCEEDED, reason=late)

    def cancel(self, step: StepDefinition, row: Step) -> bool:
        """Its children are asked to end first: it keeps strangers from their targets until they have."""
        looked = now()
        if looked < self.operation.deadline_at and (children := cancel_children(self.operation)):
            return self.wait(step, row, Wait(LOOK_AGAIN_S, f"waiting for the end of {children[0].public_id}"), looked)
        problem = cancelled_problem(self.operation, row.title)
        return self.end(OperationState.CANCELLED, reason=problem["sentence"], problem=problem)

    def stall(self, row: Step, why: str) -> bool:
        """Says what it waited for and since when."""
        since = f" since {row.started_at:%H:%M:%S} UTC" if row.started_at else ", which never began"
        what = f": {row.says.rstrip('.')}" if row.says else ""
        problem = Problem(
            f"{why}, in the step “{row.title}”{since}{what}.",
            remedy="See the findings for what holds it up; start it again when that is mended.",
            code="stalled",
            step=row.name,
            since=row.started_at.isoformat() if row.started_at else None,
        )
        return self.end(OperationState.STALLED, reason=problem.sentence, problem=problem.as_dict())

    def fail(self, problem: Problem) -> bool:
        if isinstance(problem, OutcomeUnknown):
            return self.end(OperationState.STALLED, reason=problem.sentence, problem=problem.as_dict())
        return self.fail_with(problem.as_dict())

    def fail_with(self, problem: Mapping[str, Any]) -> bool:
        return self.end(OperationState.FAILED, reason=str(problem["sentence"]), problem=problem)

    def end(self, state: OperationState, *, reason: str, problem: Mapping[str, Any] | None = None) -> bool:
        if not end(self.operation, state, reason=reason, problem=problem, only_if={"lease_owner": self.owner}):
            raise LeaseLost(self.owner)
        return False

    def allowed_s(self) -> float:
        return (self.operation.deadline_at - self.operation.requested_at).total_seconds()

    def note_death(self) -> None:
        """The worker before us died in this step. The step is run again; one that kills workers is given up."""
        row = self.operation.steps.exclude(state=StepState.SUCCEEDED).first()
        if row is None:
            return
        text = "The worker that ran this step is gone; another one goes on here."
        OperationLogLine.objects.create(operation=self.operation, step=row.name, at=now(), text=text)
        Step.objects.filter(pk=row.pk).update(deaths=F("deaths") + 1)
        log.warning("worker_died", step=row.name)
        announce_operation(self.operation)


def checked(outcome: object) -> Done | Wait:
    """A step that breaks its contract is our error: better noticed before its result is stored.

    What it says may quote another system, so it is masked here.
    """
    if isinstance(outcome, Done):
        json.dumps(dict(outcome.value))
    if isinstance(outcome, Done | Wait):
        return replace(outcome, says=mask_credentials(outcome.says))
    raise TypeError(f"A step returned {type(outcome).__name__} instead of Done or Wait.")
