"""The operation that writes a runbook: one file in git, planned and committed by the steps that all apps share."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from core.actor import Actor, Decision
from core.names import ServiceName, TenantName
from integrations.gitops import FileEdit, gitops
from operations.choices import Risk
from operations.registry import Done, OperationDefinition, StepContext, StepDefinition, Target
from operations.runners.commit import commit_files
from operations.runners.planning import blobs_seen, plan_of
from services.queries import access_service
from tests.joining.runbooks.policies import may_write_runbook
from tests.joining.runbooks.queries import runbook_path

NAME = "write-runbook"


class WriteRunbookParameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    team_name: TenantName = Field(description="the tenant", examples=["payments"])
    component_name: ServiceName = Field(description="the service", examples=["webhook-relay"])
    text: str = Field(min_length=1, max_length=10_000, description="what to do", examples=["Call Olga."])


def policy(actor: Actor, given: WriteRunbookParameters) -> Decision:
    access_service(actor, tenant=given.team_name, name=given.component_name)
    return may_write_runbook(actor, tenant=given.team_name)


def edit(given: WriteRunbookParameters) -> FileEdit:
    return FileEdit(runbook_path(given.team_name, given.component_name), lambda text: f"{given.text.strip()}\n")


def summary(given: WriteRunbookParameters) -> str:
    return f"Write the runbook of {given.component_name}"


def plan(actor: Actor, given: WriteRunbookParameters) -> dict[str, Any]:
    gitops().fetch()
    return plan_of(NAME, gitops().plan([edit(given)]), summary=summary(given))


def commit(step: StepContext) -> Done:
    given = step.parameters
    return commit_files(step, [edit(given)], subject=summary(given), expected=blobs_seen(step.plan))


WRITE_RUNBOOK = OperationDefinition(
    name=NAME,
    title="Write a runbook",
    description="Writes what to do when a service is in trouble.",
    risk=Risk.LOW,
    must_confirm=False,
    parameters=WriteRunbookParameters,
    target=lambda given: Target(given.team_name, given.component_name),
    summary=summary,
    policy=policy,
    check=lambda actor, given: None,
    plan=plan,
    steps=lambda given: (StepDefinition("commit", "Commit to git", commit),),
    example={"team_name": "payments", "component_name": "webhook-relay", "text": "Call Olga."},
)
