"""One operation as every door shows it: page, REST and MCP read the same values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from core.actor import Actor, Role
from operations.choices import OperationState, StepState
from operations.models import Operation, OperationLogLine, Step
from operations.policies import may_cancel
from operations.queries.sentences import seconds_taken, sentence_of, step_seconds
from operations.registry import COMMIT_STEP

LINES_READ = 400
LINES_PER_STEP = 30


@dataclass(frozen=True, slots=True)
class LogLine:
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class StepView:
    """`detail` is what the step says; `log` its last lines; `duration_s` None before it began."""

    name: str
    title: str
    state: StepState
    detail: str
    started_at: datetime | None
    finished_at: datetime | None
    duration_s: float | None
    attempts: int
    log: Sequence[LogLine]


@dataclass(frozen=True, slots=True)
class CommitView:
    """`url` is empty where the settings name no address for commits."""

    sha: str
    short: str
    url: str


@dataclass(frozen=True, slots=True)
class OperationView:
    """`headline` is the whole sentence, what and how it stands; `sentence` the second half. `plan` is what was
    confirmed (diffs, quota, restarts), `problem` and `diagnosis` what went wrong; both empty while all is well."""

    public_id: str
    name: str
    target: str
    tenant: str
    service: str
    summary: str
    state: OperationState
    is_open: bool
    headline: str
    sentence: str
    reason: str
    actor: str
    door: str
    client: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    deadline_at: datetime
    duration_s: float | None
    steps: Sequence[StepView]
    commit: CommitView | None
    parameters: Mapping[str, Any]
    plan: Mapping[str, Any]
    result: Mapping[str, Any]
    problem: Mapping[str, Any]
    diagnosis: Mapping[str, Any]
    may_cancel: bool
    may_change: bool
    cancel_requested_at: datetime | None
    cancel_requested_by: str
    queued_behind: str
    parent: str
    children: Sequence[str]
    facts: Sequence[Mapping[str, Any]]


def operation_view(actor: Actor, operation: Operation) -> OperationView:
    """Four queries. Expects an operation that `access_operation` returned for this actor."""
    steps = list(operation.steps.all())
    log = log_by_step(operation)
    state = OperationState(operation.state)
    sentence = sentence_of(operation, steps)
    commit = commit_of(steps)
    children = list(operation.children.order_by("pk").values_list("public_id", flat=True))
    asked = operation.cancel_requested_at is not None
    allowed = may_cancel(actor, tenant=operation.tenant, requested_by=operation.actor).allowed
    return OperationView(
        public_id=operation.public_id,
        name=operation.name,
        target=operation.target,
        tenant=operation.tenant,
        service=operation.service,
        summary=operation.summary,
        state=state,
        is_open=not state.is_final,
        headline=f"{operation.summary} in {operation.tenant}. {sentence}",
        sentence=sentence,
        reason=operation.reason,
        actor=operation.actor,
        door=operation.door,
        client=operation.client,
        requested_at=operation.requested_at,
        started_at=operation.started_at,
        finished_at=operation.finished_at,
        deadline_at=operation.deadline_at,
        duration_s=seconds_taken(operation),
        steps=[step_view(step, operation, log.get(step.name, [])) for step in steps],
        commit=commit,
        parameters=operation.parameters,
        plan=operation.plan,
        result=operation.result,
        problem=operation.problem,
        diagnosis=operation.diagnosis,
        may_cancel=allowed and not state.is_final and not asked,
        may_change=actor.at_least(Role.DEVELOPER, tenant=operation.tenant),
        cancel_requested_at=operation.cancel_requested_at,
        cancel_requested_by=operation.cancel_requested_by,
        queued_behind=operation.queued_behind.public_id if operation.queued_behind else "",
        parent=operation.parent.public_id if operation.parent else "",
        children=children,
        facts=facts_of(operation, commit, children),
    )


def log_by_step(operation: Operation) -> dict[str, list[LogLine]]:
    """The last lines of each step, in order."""
    newest = OperationLogLine.objects.filter(operation=operation).order_by("-pk")[:LINES_READ]
    lines: dict[str, list[LogLine]] = {}
    for line in newest:
        kept = lines.setdefault(line.step, [])
        if len(kept) < LINES_PER_STEP:
            kept.insert(0, LogLine(line.at, line.text))
    return lines


def step_view(step: Step, operation: Operation, log: Sequence[LogLine]) -> StepView:
    state = StepState(step.state)
    return StepView(
        name=step.name,
        title=step.title,
        state=state,
        detail=(operation.reason if state is StepState.FAILED else "") or step.says,
        started_at=step.started_at,
        finished_at=step.finished_at,
        duration_s=step_seconds(step),
        attempts=step.attempts,
        log=log,
    )


def commit_of(steps: Sequence[Step]) -> CommitView | None:
    """From the result `{"sha", "changed"}` of the step `commit`; none where git had it already."""
    for step in steps:
        sha = str(step.result.get("sha") or "")
        if step.name == COMMIT_STEP and sha and step.result.get("changed", True):
            return CommitView(sha, sha[:7], settings.GITOPS_WEB_URL.replace("{sha}", sha))
    return None


def facts_of(operation: Operation, commit: CommitView | None, children: Sequence[str]) -> list[Mapping[str, Any]]:
    """Label and value for the page's list of facts; empty values are left out by the page."""
    behind = operation.queued_behind.public_id if operation.queued_behind else ""
    return [
        {"label": "Operation", "value": operation.name, "mono": True},
        {"label": "Target", "value": operation.target},
        {"label": "Commit", "value": commit.short if commit else "", "url": commit.url if commit else "", "mono": True},
        {"label": "Plan", "value": operation.plan.get("hash", ""), "mono": True},
        {"label": "Restarts", "value": operation.plan.get("restarts", "")},
        {"label": "Waits for", "value": behind, "mono": True},
        {"label": "Cancel asked by", "value": operation.cancel_requested_by},
        *([linked("Parent", operation.parent.public_id)] if operation.parent else []),
        *(linked("Child", public_id) for public_id in children),
    ]


def linked(label: str, public_id: str) -> dict[str, Any]:
    url = reverse("operations:operation_detail", args=[public_id])
    return {"label": label, "value": public_id, "url": url, "mono": True}
