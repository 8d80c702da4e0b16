"""The shapes of operations at the REST door, made from the same views as the pages."""

from datetime import datetime
from typing import Any

from ninja import Field, Schema

from operations.choices import AuditResult, OperationState, Risk, StepState
from operations.queries import AuditRow, OperationRow, OperationView
from operations.registry import OperationDefinition


class Declared(Schema):
    name: str = Field(examples=["deploy-service"])
    title: str
    description: str
    risk: Risk
    mustConfirm: bool = Field(description="true: execute needs the hash of a plan")
    parameters: dict[str, Any] = Field(description="JSON Schema of the body of plan and execute")
    example: dict[str, Any]


class DeclaredItems(Schema):
    items: list[Declared]
    count: int
    next: str | None = None


class Workflow(Schema):
    workflowName: str = Field(description="the run's id", examples=["deploy-service-x7k2p"])
    phase: OperationState
    target: str = Field(examples=["payments/checkout-web"])


class Accepted(Schema):
    operation_id: str = Field(examples=["deploy-service-x7k2p"])
    operation: str = Field(examples=["deploy-service"])
    workflow: Workflow
    status_url: str = Field(description="GET it, with ?wait=25 to be told when something has changed")
    message: str


class Run(Schema):
    operation_id: str
    operation: str
    summary: str
    team: str
    service: str
    state: OperationState
    says: str = Field(description="what it is doing now, or why it ended badly")
    actor: str
    door: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    duration_s: float | None


class RunItems(Schema):
    items: list[Run]
    count: int = Field(description="how many match, on all pages")
    next: str | None


class Line(Schema):
    at: datetime
    text: str


class StepOfRun(Schema):
    name: str
    title: str
    state: StepState
    detail: str
    started_at: datetime | None
    finished_at: datetime | None
    duration_s: float | None
    attempts: int
    log: list[Line]


class Commit(Schema):
    sha: str
    url: str


class RunDetail(Schema):
    operation_id: str
    operation: str
    target: str
    summary: str
    state: OperationState
    done: bool = Field(description="true once it has ended, well or not")
    succeeded: bool
    sentence: str = Field(description="how it stands, in words")
    reason: str
    actor: str
    door: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    deadline_at: datetime
    duration_s: float | None
    steps: list[StepOfRun]
    commit: Commit | None
    parameters: dict[str, Any] = Field(description="as they were sent, without the secret ones")
    plan_hash: str
    problem: dict[str, Any] = Field(
        description="what went wrong: code, sentence, remedy, facts; empty while all is well"
    )
    diagnosis: dict[str, Any] = Field(description="the findings attached to a failure")
    cancel_requested_at: datetime | None
    cancel_requested_by: str
    queued_behind: str
    parent: str = Field(description="the run whose step started this one; empty where a person or a program did")
    children: list[str] = Field(description="the runs that its steps have started")
    status_url: str


class AuditRecord(Schema):
    id: int
    at: datetime
    actor: str
    door: str
    client: str
    verb: str
    did: str = Field(description="the verb in words")
    team: str
    target: str
    operation: str
    result: AuditResult
    reason: str
    parameters: dict[str, str]
    request_id: str
    plan_hash: str


class AuditItems(Schema):
    items: list[AuditRecord]
    count: int = Field(description="on this page")
    next: str | None


def declared(definition: OperationDefinition) -> dict[str, Any]:
    return {
        "name": definition.name, "title": definition.title, "description": definition.description,
        "risk": definition.risk, "mustConfirm": definition.must_confirm,
        "parameters": definition.parameters.model_json_schema(), "example": dict(definition.example),
    }  # fmt: skip


def run(row: OperationRow) -> dict[str, Any]:
    return {
        "operation_id": row.public_id, "operation": row.name, "summary": row.summary, "team": row.tenant,
        "service": row.service, "state": row.state, "says": row.says, "actor": row.actor, "door": row.door,
        "requested_at": row.requested_at, "started_at": row.started_at, "finished_at": row.finished_at,
        "duration_s": row.duration_s,
    }  # fmt: skip


def run_detail(view: OperationView, status_url: str) -> dict[str, Any]:
    same = (
        "target", "summary", "state", "sentence", "reason", "actor", "door", "requested_at", "started_at",
        "finished_at", "deadline_at", "duration_s", "parameters", "problem", "diagnosis", "cancel_requested_at",
        "cancel_requested_by", "queued_behind", "parent", "children",
    )  # fmt: skip
    return {
        **{name: getattr(view, name) for name in same},
        "operation_id": view.public_id,
        "operation": view.name,
        "done": not view.is_open,
        "succeeded": view.state is OperationState.SUCCEEDED,
        "steps": [step(one) for one in view.steps],
        "commit": {"sha": view.commit.sha, "url": view.commit.url} if view.commit else None,
        "plan_hash": str(view.plan.get("hash", "")),
        "status_url": status_url,
    }


def step(view: Any) -> dict[str, Any]:
    names = ("name", "title", "state", "detail", "started_at", "finished_at", "duration_s", "attempts")
    log = [{"at": line.at, "text": line.text} for line in view.log]
    return {**{name: getattr(view, name) for name in names}, "log": log}


def audit_record(row: AuditRow) -> dict[str, Any]:
    names = (
        "id", "at", "actor", "door", "client", "verb", "did", "target", "operation", "result", "reason", "request_id",
        "plan_hash",
    )  # fmt: skip
    return {**{name: getattr(row, name) for name in names}, "team": row.tenant, "parameters": dict(row.parameters)}
