"""What a step sees of its operation."""

import time
from collections.abc import Mapping
from typing import Any

from core.clock import now
from core.credentials import mask_and_cut
from operations.choices import StepState
from operations.engine.children import outcome_of, start_child
from operations.engine.lease import LeaseLost, renew
from operations.engine.wake import announce_operation
from operations.models import Operation, OperationLogLine, Step
from operations.registry import Done, Wait

LONGEST_LINE = 1_000
# A chatty step may not flood the pages that watch it; the end of the step shows the rest.
SECONDS_BETWEEN_ANNOUNCEMENTS = 0.5


class Context:
    """`StepContext` over the rows. `waited_s` counts from the first run of this step."""

    def __init__(self, operation: Operation, row: Step, parameters: Any, owner: str) -> None:
        self.operation_id = operation.public_id
        self.name = row.name
        self.tenant = operation.tenant
        self.service = operation.service
        self.actor = operation.actor
        self.door = operation.door
        self.parameters = parameters
        self.plan: Mapping[str, Any] = operation.plan
        finished = operation.steps.filter(state=StepState.SUCCEEDED)
        self.results: Mapping[str, Mapping[str, Any]] = {step.name: step.result for step in finished}
        self.waited_s = (now() - row.started_at).total_seconds() if row.started_at else 0.0
        self._operation = operation
        self._row = row
        self._owner = owner
        self._announced = 0.0

    @property
    def cancel_requested(self) -> bool:
        """Asked of the ledger each time, so that a long step can stop early."""
        return Operation.objects.filter(pk=self._operation.pk, cancel_requested_at__isnull=False).exists()

    def keep_lease(self) -> None:
        """Raises LeaseLost when another worker has taken over, or the reaper has ended the operation."""
        if not renew(self._operation.pk, self._owner):
            raise LeaseLost(self._owner)

    def log(self, text: str) -> None:
        """A line of the operation's log; also a heartbeat. Raises LeaseLost when another worker has taken over.

        A step that waits says the same at each look: a line that repeats the last one is not written.
        """
        self.keep_lease()
        shown = mask_and_cut(text, LONGEST_LINE)
        line = "".join(char if char.isprintable() else " " for char in shown)
        last = OperationLogLine.objects.filter(operation=self._operation).last()
        if last is not None and (last.step, last.text) == (self._row.name, line):
            return
        OperationLogLine.objects.create(operation=self._operation, step=self._row.name, at=now(), text=line)
        if time.monotonic() - self._announced >= SECONDS_BETWEEN_ANNOUNCEMENTS:
            self._announced = time.monotonic()
            announce_operation(self._operation)

    def start_child(self, name: str, parameters: Mapping[str, Any]) -> str:
        """Its id. Raises LeaseLost when another worker has taken over: that one goes on with the children."""
        return start_child(self._operation, self._row.name, self._owner, name, parameters).public_id

    def wait_for_children(self) -> Done | Wait:
        return outcome_of(self._operation.children.filter(parent_step=self._row.name))
