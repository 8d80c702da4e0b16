"""The audit, as it is reached from everywhere: `operations` keeps it and hands in its writer at start.

Doors and the apps below `operations` record what was tried and denied through `record`; operations do it themselves.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from core.actor import Actor
from core.errors import Forbidden, Problem
from core.slot import Slot

STARTED, SUCCEEDED, FAILED, DENIED, REFUSED = "started", "succeeded", "failed", "denied", "refused"


class Writer(Protocol):
    def __call__(
        self,
        actor: Actor,
        verb: str,
        *,
        result: str,
        tenant: str = "",
        target: str = "",
        operation: str = "",
        reason: str = "",
        parameters: Mapping[str, Any] | None = None,
        plan_hash: str = "",
    ) -> None: ...


def _no_writer(actor: Actor, verb: str, **entry: Any) -> None:
    raise RuntimeError("The audit has no writer; operations fills it at start.")


WRITER: Slot[Writer] = Slot("audit writer", _no_writer)


def record(
    actor: Actor,
    verb: str,
    *,
    result: str,
    tenant: str = "",
    target: str = "",
    operation: str = "",
    reason: str = "",
    parameters: Mapping[str, Any] | None = None,
) -> None:
    """One entry. `verb` names what was tried (`tokens.create`), `result` is one of the words above.

    `parameters` are masked and cut on the way, but leave out secrets: what has no pattern is not recognised.
    """
    about = {"tenant": tenant, "target": target, "operation": operation}
    WRITER.value(actor, verb, result=result, reason=reason, parameters=parameters, **about)


def record_denial(
    actor: Actor, verb: str, problem: Problem, *, tenant: str = "", target: str = "", operation: str = ""
) -> None:
    """The denial a door is about to answer with, once: an action that has recorded it has marked the problem."""
    if problem.recorded or not isinstance(problem, Forbidden):
        return
    problem.recorded = True
    record(actor, verb, result=DENIED, reason=problem.sentence, tenant=tenant, target=target, operation=operation)
