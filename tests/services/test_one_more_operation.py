"""One more operation of services, declared in this file alone: every door has it, and no other file names it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from pydantic import BaseModel, ConfigDict, Field
from pytest_django import Settings

import mctl.urls
from accounts.actions import create_token
from accounts.models import Person
from core.actor import Actor, Decision, Door, Role
from core.names import ServiceName, TenantName
from integrations.gitops import FileEdit, Gitops, Set, edit_yaml, gitops
from mcp_server.catalogue import catalogue, describe_tool
from mcp_server.operating import OperationCall, operate
from mctl.api_document import document
from mctl.api_v1 import api
from mctl.reference import reference_page
from operations import forms, registry
from operations.choices import Risk
from operations.forms import OperationPage, add_pages
from operations.models import AuditEntry, Operation
from operations.registry import Done, OperationDefinition, StepContext, StepDefinition, Target, register
from operations.runners.commit import commit_files
from operations.runners.planning import blobs_seen, plan_of
from operations.templatetags.remedies import address_of
from operations.views import operation_form
from services.queries import access_service
from tenants.policies import needs_role
from tenants.queries import access_tenant, actor_for
from tests import builders

# --- the operation


class PauseParameters(BaseModel):
    model_config = ConfigDict(extra="forbid")
    operation: ClassVar[str] = "pause-service"

    team_name: TenantName = Field(description="the tenant", examples=["payments"])
    component_name: ServiceName = Field(description="the service", examples=["webhook-relay"])
    reason: str = Field("", max_length=100, description="why it is paused", examples=["moving house"])
    password: str = Field("", description="a secret", examples=["..."], json_schema_extra={"secret": True})


def may_pause(actor: Actor, tenant: str) -> Decision:
    return needs_role(actor, Role.DEVELOPER, tenant=tenant, doing="Pausing a service")


def policy(actor: Actor, given: PauseParameters) -> Decision:
    access_tenant(actor, given.team_name)
    return may_pause(actor, given.team_name)


def paused_file(given: PauseParameters) -> FileEdit:
    file = gitops().service_path(given.team_name, given.component_name)
    return FileEdit(file, lambda text: edit_yaml(str(text), [Set(("replicaCount",), 0)], file))


def summary(given: PauseParameters) -> str:
    return f"Pause {given.component_name}"


def plan(actor: Actor, given: PauseParameters) -> dict[str, Any]:
    gitops().fetch()
    return plan_of("pause-service", gitops().plan([paused_file(given)]), summary=summary(given))


def commit(step: StepContext) -> Done:
    edit = paused_file(step.parameters)
    return commit_files(step, [edit], subject=summary(step.parameters), expected=blobs_seen(step.plan))


PAUSE = OperationDefinition(
    name="pause-service",
    title="Pause a service",
    description="Runs no pod of a service until it is scaled again.",
    risk=Risk.MEDIUM,
    must_confirm=False,
    parameters=PauseParameters,
    target=lambda given: Target(given.team_name, given.component_name),
    summary=summary,
    policy=policy,
    check=lambda actor, given: None,
    plan=plan,
    steps=lambda given: (StepDefinition("commit", "Commit to git", commit),),
    example={"team_name": "payments", "component_name": "webhook-relay", "reason": "moving house"},
)
PAGE = OperationPage(
    operation="pause-service",
    route="service_pause",
    verb="services.pause",
    place={"tenant": "team_name", "name": "component_name"},
    subject=access_service,
    may=lambda actor, service: may_pause(actor, service.tenant),
    title=lambda service: f"Pause {service.name}",
    fields=("reason",),
)
urlpatterns = [
    *mctl.urls.urlpatterns,
    path("tenants/<slug:tenant>/services/<slug:name>/pause/", operation_form(PAGE), name="service_pause"),
]
handler404 = mctl.urls.handler404

# --- what every door makes of it

FORM = "/tenants/payments/services/webhook-relay/pause/"
ABOUT = {"team_name": "payments", "component_name": "webhook-relay"}
REST = "/api/v1/operations/pause-service"
CANARY = "canary-7f3k-never-in-the-ledger"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("declared", "no_workers")]


@pytest.fixture
def declared(repository: Gitops, settings: Settings, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "_definitions", dict(registry.definitions()))
    monkeypatch.setattr(forms, "_pages", list(forms._pages))
    register(PAUSE)
    add_pages([PAGE])
    settings.ROOT_URLCONF = __name__
    document.cache_clear()
    builders.the_cast()
    builders.service("webhook-relay", tag="1.9.0", running_tag="1.9.0")
    yield
    document.cache_clear()


def browser(person: str) -> Client:
    client = Client()
    client.force_login(Person.objects.signed_in(person))
    return client


def script(person: str) -> Client:
    Person.objects.signed_in(person)
    made = create_token(actor_for(person, door=Door.WEB), name="script", scopes=["read", "write"], days=1)
    return Client(headers={"Authorization": f"Bearer {made.secret}"})


def sent(client: Client, what: str, **more: str) -> HttpResponse:
    return client.post(f"{REST}/{what}", {**ABOUT, **more}, content_type="application/json")


def test_its_page_shows_the_form_then_the_plan_and_starts_what_was_confirmed() -> None:
    client = browser("dev")
    asked = client.get(f"{FORM}?reason=moving+house").content.decode()
    assert "<h1>Pause webhook-relay</h1>" in asked
    assert 'name="reason" value="moving house"' in asked
    planned = client.post(FORM, {"reason": "rest", "intent": "plan"}).content.decode()
    assert "Plan: Pause webhook-relay" in planned
    assert not Operation.objects.exists()
    seal = plan(actor_for("dev", door=Door.WEB), PauseParameters(**ABOUT, reason="rest"))["hash"]
    answer = client.post(FORM, {"reason": "rest", "intent": "run", "plan_hash": seal})
    operation = Operation.objects.get()
    assert answer["Location"] == f"/operations/{operation.public_id}/"
    assert (operation.summary, operation.parameters["reason"]) == ("Pause webhook-relay", "rest")


@pytest.mark.parametrize(("person", "status"), [("oscar", 404), ("vera", 403), ("dev", 200), ("ada", 200)])
def test_its_page_lets_in_whom_its_policy_lets_in(person: str, status: int) -> None:
    assert browser(person).get(FORM).status_code == status
    assert browser(person).post(FORM, {"intent": "plan"}).status_code == status


def test_its_page_has_a_verb_for_the_permission_table_and_its_plans_count_as_reading() -> None:
    view = urlpatterns[-1].callback
    assert (view.gate_verb, view.shows_plans) == ("services.pause", True)


def test_a_remedy_opens_its_page_filled_in() -> None:
    one = {"operation": "pause-service", "params": {**ABOUT, "reason": "rest"}}
    assert address_of(one, "payments", "webhook-relay") == f"{FORM}?reason=rest"


@pytest.mark.parametrize(
    ("person", "planned", "started"), [("oscar", 404, 404), ("vera", 403, 403), ("dev", 200, 202), ("ada", 200, 202)]
)
def test_rest_plans_it_and_starts_it(person: str, planned: int, started: int) -> None:
    client = script(person)
    assert sent(client, "plan").status_code == planned
    assert sent(client, "execute").status_code == started
    assert Operation.objects.count() == (started == 202)


def test_the_catalogue_has_it_with_its_parameters() -> None:
    client = script("vera")
    said = client.get(REST).json()
    assert said["title"] == "Pause a service"
    assert "pause-service" in [one["name"] for one in client.get("/api/v1/operations").json()["items"]]


def test_the_document_for_clients_has_its_parameters_and_its_example() -> None:
    found = document(api)
    assert set(PauseParameters.model_fields) == set(found["components"]["schemas"]["PauseParameters"]["properties"])
    body = found["paths"]["/api/v1/operations/{operation}/execute"]["post"]["requestBody"]["content"]
    assert body["application/json"]["examples"]["pause-service"]["value"] == PAUSE.example


def test_agents_have_a_tool_for_it_that_plans_and_starts() -> None:
    tool = catalogue()["mctl_pause_service"]
    assert {*PauseParameters.model_fields, "dry_run"} <= set(describe_tool(tool).input_schema["properties"])
    actor = actor_for("dev", door=Door.MCP)
    assert operate(actor, OperationCall.read(tool, {**ABOUT, "dry_run": True})).value["plan"]["changed"]
    assert operate(actor, OperationCall.read(tool, ABOUT)).value["operation_id"].startswith("pause-service-")


def test_the_reference_shows_it_with_who_may_and_its_steps() -> None:
    entries = {entry.name: entry for _, entries in reference_page("operations").groups for entry in entries}
    one = entries["pause-service"]
    assert [field.name for field in one.takes] == list(PauseParameters.model_fields)
    assert [step.name for step in one.gives] == ["commit"]
    assert "developer of the tenant" in [mark.label for mark in one.marks]


def test_the_audit_names_it_and_keeps_no_secret() -> None:
    sent(script("vera"), "execute", password=CANARY)
    sent(script("dev"), "execute", password=CANARY, reason="rest")
    rows = AuditEntry.objects.filter(verb="pause-service").order_by("pk")
    assert [(row.actor, row.result) for row in rows] == [("vera", "denied"), ("dev", "started")]
    assert rows[1].parameters["reason"] == "rest"
    assert CANARY not in str([row.parameters for row in rows]) + str(Operation.objects.get().parameters)
    assert "Pause a service" in browser("ada").get("/audit/").content.decode()


def test_a_page_of_an_unknown_parameter_or_a_taken_route_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        add_pages([PAGE])
    with pytest.raises(ValueError, match="colour"):
        add_pages([replace(PAGE, route="service_paint", fields=("colour",))])
