"""Tools for agents: the operations there are, their runs, and ending one. Each operation is a tool of its own, made
from its declaration by the door."""

from collections.abc import Sequence
from typing import Any, Literal

from django.conf import settings
from django.urls import reverse
from pydantic import Field

from core.actor import Actor
from core.text import counted
from core.tool import Answer, Effect, Next, ToolArguments, offset_of, tool
from operations import actions, queries
from operations.choices import OperationState
from operations.queries.rows import PAGE_SIZE
from operations.registry import definition_of, definitions

LISTED = {"items": "array", "count": "integer", "next_cursor": "string?"}
RUN = {
    "operation_id": "string", "state": "string", "done": "boolean", "succeeded": "boolean", "sentence": "string",
    "steps": "array", "status_url": "string", "problem": "object", "diagnosis": "object",
}  # fmt: skip
LONGEST_WAIT_S = 25
State = Literal["", "queued", "running", "succeeded", "failed", "cancelled", "stalled"]


class Named(ToolArguments):
    name: str = Field(max_length=100, examples=["deploy-service"])


class Audit(ToolArguments):
    team: str = Field("", max_length=63)
    cursor: str = ""


class Runs(ToolArguments):
    team: str = Field("", max_length=63)
    service: str = Field("", max_length=63)
    state: State = ""
    cursor: str = ""


class OneRun(ToolArguments):
    workflow_name: str = Field(max_length=100, description="operation_id", examples=["deploy-service-x7k2p"])


class Following(OneRun):
    wait_s: int = Field(0, ge=0, le=LONGEST_WAIT_S, description="wait for the end, at most so long")


class Lines(OneRun):
    step: str = Field("", max_length=63)
    lines: int = Field(100, ge=1, le=1000)


@tool("mctl_list_operations", "List operations", ToolArguments, {"items": "array", "count": "integer"})
def list_operations(actor: Actor, asked: ToolArguments) -> Answer:
    """The operations there are; each is a tool too."""
    items = [
        {"name": one.name, "title": one.title, "description": one.description, "risk": one.risk,
         "must_confirm": one.must_confirm, "tool": tool_name(one.name)}
        for one in definitions().values()
    ]  # fmt: skip
    return Answer(
        {"items": items, "count": len(items)}, f"{counted(len(items), 'operation')}.", listed="items", untrusted=""
    )


@tool("mctl_get_operation", "One operation", Named, {"name": "string", "parameters": "object", "example": "object"})
def get_operation(actor: Actor, asked: Named) -> Answer:
    """One operation's parameters, with an example."""
    one = definition_of(asked.name)
    value = {
        "name": one.name, "title": one.title, "description": one.description, "risk": one.risk,
        "must_confirm": one.must_confirm, "parameters": one.parameters.model_json_schema(),
        "example": dict(one.example), "tool": tool_name(one.name),
    }  # fmt: skip
    hint = Next(tool_name(one.name), {**one.example, "dry_run": True}, "what it would change")
    return Answer(value, one.description, [hint], untrusted="")


@tool("mctl_list_recent_operations", "Recent audit", Audit, LISTED)
def list_recent_operations(actor: Actor, asked: Audit) -> Answer:
    """Who tried what and what came of it, newest first, at most 50."""
    found = queries.audit_list(actor, queries.AuditFilter.read({"tenant": asked.team, "page": asked.cursor}))
    items = [
        {"at": row.at.isoformat(), "actor": row.actor, "door": row.door, "did": row.did, "target": row.target,
         "operation_id": row.operation, "result": row.result, "reason": row.reason}
        for row in found.rows
    ]  # fmt: skip
    value = {"items": items, "count": len(items), "next_cursor": found.older or None}
    after = [f"before-{row.id}" for row in found.rows]
    says = f"{counted(len(items), 'entry', 'entries')}."
    return Answer(
        value, says, listed="items", cursors=after, narrow="Narrow it by team.", untrusted="words of the audit"
    )


@tool("mctl_list_workflows", "List runs", Runs, LISTED)
def list_workflows(actor: Actor, asked: Runs) -> Answer:
    """Runs of operations, newest first."""
    start = offset_of(asked.cursor)
    found = queries.operation_rows(
        actor, tenant=asked.team or None, service=asked.service or None, state=asked.state, page=start // PAGE_SIZE + 1
    )
    rows = found.rows[start % PAGE_SIZE :] if start < found.total else []
    items = [
        {"operation_id": row.public_id, "summary": row.summary, "team": row.tenant, "state": row.state,
         "says": row.says, "actor": row.actor, "requested_at": row.requested_at.isoformat()}
        for row in rows
    ]  # fmt: skip
    value = {"items": items, "count": found.total, "next_cursor": None}
    says = f"{counted(found.total, 'run')}. {found.sentence}".strip()
    narrow = "Narrow it by team, service or state."
    return Answer(value, says, listed="items", offset=start, total=found.total, narrow=narrow)


@tool("mctl_get_workflow_status", "Status of a run", Following, RUN, ended=lambda value: bool(value["done"]))
def workflow_status(actor: Actor, asked: Following) -> Answer:
    """How a run stands, step by step. With wait_s it answers at its end or when the time is over."""
    return described(actor, asked.workflow_name)


@tool(
    "mctl_get_workflow_logs", "Logs of a run", Lines,
    {"operation_id": "string", "steps": "array", "lines": "array", "count": "integer"},
)  # fmt: skip
def workflow_logs(actor: Actor, asked: Lines) -> Answer:
    """What a run's steps have logged, oldest first; of one step with step."""
    view = queries.operation_view(actor, queries.access_operation(actor, asked.workflow_name))
    steps = [step for step in view.steps if asked.step in ("", step.name)]
    lines = [f"{line.at.isoformat()} {step.name}: {line.text}" for step in steps for line in step.log][-asked.lines :]
    value = {
        "operation_id": view.public_id, "steps": [step.name for step in view.steps], "lines": lines,
        "count": len(lines),
    }  # fmt: skip
    says = f"{counted(len(lines), 'line')} of {view.public_id}, oldest first."
    if asked.step and not steps:
        says = f"There is no step {asked.step!r}; there are {', '.join(step.name for step in view.steps)}."
    return Answer(value, says, listed="lines", oldest_first=True, untrusted=f"logs of {view.public_id}")


@tool("mctl_cancel_operation", "Cancel a run", OneRun, RUN, effect=Effect.WRITE)
def cancel_operation(actor: Actor, asked: OneRun) -> Answer:
    """Asks a run to end. What it has committed stays."""
    actions.cancel(actor, queries.access_operation(actor, asked.workflow_name))
    return described(actor, asked.workflow_name)


def described(actor: Actor, public_id: str) -> Answer:
    view = queries.operation_view(actor, queries.access_operation(actor, public_id))
    value = {
        "operation_id": view.public_id, "operation": view.name, "target": view.target, "summary": view.summary,
        "state": view.state, "done": not view.is_open, "succeeded": view.state is OperationState.SUCCEEDED,
        "sentence": view.sentence, "actor": view.actor, "steps": steps_of(view.steps),
        "commit": view.commit.sha if view.commit else None, "problem": dict(view.problem),
        "diagnosis": dict(view.diagnosis) if view.problem else {}, "status_url": status_url(view.public_id),
        "parent": view.parent, "children": list(view.children),
    }  # fmt: skip
    about = {"workflow_name": view.public_id}
    if view.is_open:
        hint = Next("mctl_get_workflow_status", {**about, "wait_s": LONGEST_WAIT_S}, "wait for its end")
    elif value["succeeded"] or not view.service:
        hint = Next("mctl_get_workflow_logs", about, "what its steps said")
    else:
        hint = Next("mctl_diagnose", {"team": view.tenant, "service": view.service}, "what is wrong now")
    return Answer(value, view.headline, [hint], listed="steps")


def steps_of(steps: Sequence[queries.StepView]) -> list[dict[str, Any]]:
    return [
        {"name": step.name, "title": step.title, "state": step.state, "detail": step.detail,
         "duration_s": step.duration_s}
        for step in steps
    ]  # fmt: skip


def status_url(public_id: str) -> str:
    return str(settings.PUBLIC_URL) + reverse("operations:operation_detail", args=[public_id])


def tool_name(operation: str) -> str:
    return "mctl_" + operation.replace("-", "_")
