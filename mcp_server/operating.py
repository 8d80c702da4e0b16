"""Operations as tools: planned, confirmed where they must be, started. The rules are those of `operations.actions`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.actor import Actor
from core.errors import Problem
from core.parse import parse_parameters
from core.tool import Answer, Effect, Next, Tool
from mcp_server.catalogue import ConfirmedControlArguments, ControlArguments
from operations import actions
from operations.errors import ConfirmationNeeded
from operations.registry import definition_of
from operations.tools import LONGEST_WAIT_S, status_url


class Declined(Problem):
    code = "declined"
    status = 409


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked before something is taken away. `plan_hash` binds the answer to what was shown."""

    message: str
    plan_hash: str


@dataclass(frozen=True, slots=True)
class OperationCall:
    """A call of an operation's tool, its own arguments apart from those of the door."""

    tool: Tool
    controls: ControlArguments
    values: Mapping[str, Any]

    @classmethod
    def read(cls, tool: Tool, arguments: Mapping[str, Any]) -> "OperationCall":
        own = {key: value for key, value in arguments.items() if key in tool.parameters.model_fields}
        values = {key: value for key, value in arguments.items() if key not in own}
        controls: ControlArguments = parse_parameters(tool.parameters, own)  # type: ignore[assignment]
        return cls(tool, controls, values)

    @property
    def must_be_confirmed(self) -> bool:
        return self.tool.effect is Effect.DESTRUCTIVE and not self.controls.dry_run


def question(actor: Actor, call: OperationCall) -> Question:
    """Made from the plan; asking for it is refused as starting would be."""
    plan = actions.plan(actor, call.tool.operation, call.values)
    warnings = " ".join(map(str, plan.get("warnings", [])[:3]))
    message = f"{call.tool.title}: {target_of(call)}? {plan.get('summary', '')} {warnings}"
    return Question(" ".join(message.split())[:1000], str(plan.get("hash", "")))


def operate(actor: Actor, call: OperationCall) -> Answer:
    """The plan, or the start. A destructive one is started with the exact target and the hash of its plan only."""
    if call.controls.dry_run:
        return show_plan(actor, call)
    controls = call.controls
    if isinstance(controls, ConfirmedControlArguments):
        check_confirmed(actor, call, controls)
    return start(actor, call, controls.plan_hash)


def check_confirmed(actor: Actor, call: OperationCall, controls: ConfirmedControlArguments) -> None:
    target = target_of(call)
    if controls.confirm == target and controls.plan_hash:
        return
    plan = actions.plan(actor, call.tool.operation, call.values)
    raise ConfirmationNeeded(
        f"{call.tool.title} must be confirmed by a person.",
        remedy=f"Show the plan, ask the user, then call again with confirm={target!r} and this plan_hash.",
        target=target,
        plan_hash=plan.get("hash"),
        plan=plan,
    )


def show_plan(actor: Actor, call: OperationCall) -> Answer:
    plan = actions.plan(actor, call.tool.operation, call.values)
    hint = Next(call.tool.name, {**shown_arguments(call), "plan_hash": plan.get("hash")}, "do exactly this")
    value = {"plan": plan, "operation_id": None, "state": None, "status_url": None}
    return Answer(value, "Planned only; nothing was changed.", [hint], untrusted="files of the GitOps repository")


def start(actor: Actor, call: OperationCall, plan_hash: str) -> Answer:
    started = actions.start(
        actor, call.tool.operation, call.values, plan_hash=plan_hash or None, queue_behind=call.controls.queue_behind
    )
    value = {
        "operation_id": started.public_id, "state": started.state, "target": started.target,
        "summary": started.summary, "status_url": status_url(started.public_id), "plan": None,
    }  # fmt: skip
    hint = Next(
        "mctl_get_workflow_status", {"workflow_name": started.public_id, "wait_s": LONGEST_WAIT_S}, "wait for its end"
    )
    return Answer(
        value, f"{started.public_id} is {started.state}. It is done when its state is succeeded.", [hint], untrusted=""
    )


def target_of(call: OperationCall) -> str:
    definition = definition_of(call.tool.operation)
    return str(definition.target(parse_parameters(definition.parameters, call.values)))


def shown_arguments(call: OperationCall) -> dict[str, Any]:
    """The arguments again, without those that are secret."""
    hidden = definition_of(call.tool.operation).secret_fields()
    return {key: value for key, value in call.values.items() if key not in hidden}
