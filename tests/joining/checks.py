"""What people, scripts, agents and the observer see of an app that has only been installed.

`test_new_app.py` runs this file under `tests.joining.settings`.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.actions import create_token
from accounts.models import Person
from core.actor import Door
from core.clock import now
from integrations.errors import Missing
from integrations.gitops import Change, FileEdit, Gitops
from integrations.kubernetes import Cluster, kinds
from mctl import celery_app
from mctl.reference import reference_page
from operations.belongings import impact_list, list_step, removal_steps, verify_step
from operations.models import AuditEntry, Operation
from operations.registry import Done, Target
from operations.templatetags.remedies import address_of
from tenants.models import Source
from tenants.queries import actor_for
from tests import builders
from tests.databases import database_url
from tests.integrations.kubernetes.account import KINDS, set_rules
from tests.integrations.kubernetes.objects import create, delete, make_namespace
from tests.joining.runbooks.mirrored import LABELS, TEXT
from tests.joining.runbooks.models import Runbook
from tests.joining.runbooks.queries import runbook_in_git, runbook_path
from tests.mcp_server.clients import Connect
from tests.processes import ROOT, wait_until
from tests.queues import messages_to
from tests.settings import PLATFORM

RELAY = Target("payments", "webhook-relay")
SERVICE_PAGE, TENANT_PAGE = "/tenants/payments/services/webhook-relay/", "/tenants/payments/"
FORM, TAB = f"{SERVICE_PAGE}runbook/", f"{TENANT_PAGE}runbooks/"
REST = "/api/v1/operations/write-runbook"
ABOUT = {"team_name": "payments", "component_name": "webhook-relay"}
CALL = "Call Olga."

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def world(small_world: None, kubernetes: object, repository: Gitops) -> Iterator[None]:
    builders.service("webhook-relay", tag="1.9.0", running_tag="1.9.0")
    with messages_to("nobody-looks"):
        yield


@pytest.fixture
def row(clock: Any) -> Runbook:
    return Runbook.objects.create(
        namespace="payments",
        name="relay",
        tenant="payments",
        service="webhook-relay",
        first_line=CALL,
        observed_at=clock,
    )


@pytest.fixture
def clock() -> Any:

    return now()


@pytest.fixture
def admin() -> Cluster:
    return Cluster(str(PLATFORM.kubeconfig))


def browser(person: str) -> Client:
    client = Client()
    client.force_login(Person.objects.signed_in(person))
    return client


def script(person: str) -> Client:
    Person.objects.signed_in(person)
    made = create_token(actor_for(person, door=Door.WEB), name="script", scopes=["read", "write"], days=1)
    return Client(headers={"Authorization": f"Bearer {made.secret}"})


def page(person: str, address: str) -> str:
    return browser(person).get(address).content.decode()


# --- parts of other apps' pages


def test_the_page_of_a_service_shows_its_panel_where_there_is_something_to_show(row: Runbook) -> None:
    shown = page("vera", SERVICE_PAGE)
    assert 'id="runbook-title"' in shown
    assert CALL in shown
    assert "runbook-changed:payments:webhook-relay from:body" in shown
    Runbook.objects.all().delete()
    assert 'id="runbook-title"' not in page("vera", SERVICE_PAGE)


def test_its_button_is_there_for_those_who_may() -> None:
    assert "Write a runbook" in page("dev", SERVICE_PAGE)
    assert "Write a runbook" not in page("vera", SERVICE_PAGE)


def test_the_page_of_a_tenant_has_its_tab(row: Runbook) -> None:
    assert f'href="{TAB}"' in page("vera", TENANT_PAGE)
    shown = page("vera", TAB)
    assert re.search(rf'href="{TAB}"\s+aria-current="page"', shown)
    assert f"webhook-relay: {CALL}" in shown


def test_its_tab_says_when_its_source_cannot_be_read(row: Runbook) -> None:
    assert "cannot be read" not in page("vera", TAB)
    builders.source("kubernetes:runbooks", label="Runbooks", error="Kubernetes does not answer.")
    assert "Runbooks cannot be read now" in page("vera", TAB)


def test_its_tab_is_hidden_from_outsiders() -> None:
    assert browser("oscar").get(TAB).status_code == 404


# --- its operation


def test_its_operation_has_a_form_a_plan_and_starts_from_it() -> None:
    asked = page("dev", f"{FORM}?text=Call+Olga.")
    assert "<h1>Runbook of webhook-relay</h1>" in asked
    assert CALL in asked
    planned = browser("dev").post(FORM, {"text": CALL, "intent": "plan"}).content.decode()
    assert "Plan: Write the runbook of webhook-relay" in planned
    seal = script("dev").post(f"{REST}/plan", {**ABOUT, "text": CALL}, content_type="application/json").json()["hash"]
    answer = browser("dev").post(FORM, {"text": CALL, "intent": "run", "plan_hash": seal})
    assert answer["Location"] == f"/operations/{Operation.objects.get().public_id}/"
    assert page("vera", answer["Location"]).count("Write the runbook of webhook-relay")


def test_its_operation_is_started_by_scripts_and_audited() -> None:
    sent = {**ABOUT, "text": CALL}
    answers = [
        script(person).post(f"{REST}/execute", sent, content_type="application/json").status_code
        for person in ("oscar", "vera", "dev")
    ]
    assert answers == [404, 403, 202]
    rows = AuditEntry.objects.filter(verb="write-runbook").order_by("pk")
    assert [(row.actor, row.result) for row in rows] == [("oscar", "refused"), ("vera", "denied"), ("dev", "started")]


def test_its_operation_stands_in_the_catalogue_the_document_and_the_reference() -> None:
    vera = script("vera")
    assert vera.get(REST).json()["title"] == "Write a runbook"
    document = vera.get("/api/v1/openapi.json").json()
    assert "WriteRunbookParameters" in document["components"]["schemas"]
    assert "/api/v1/tenants/{tenant}/runbooks" in document["paths"]
    entries = [entry.name for _, found in reference_page("operations").groups for entry in found]
    assert "write-runbook" in entries


def test_a_remedy_finds_the_page_of_its_operation() -> None:
    one = {"operation": "write-runbook", "params": {**ABOUT, "text": "Rest"}}
    assert address_of(one, "payments", "webhook-relay") == f"{FORM}?text=Rest"


def test_a_remedy_finds_the_page_of_its_tool() -> None:
    one = {"tool": "mctl_list_runbooks", "params": {"team": "payments"}}
    assert address_of(one, "labs", "webhook-relay") == TAB


# --- its tool and its endpoint


async def test_agents_have_its_tools(connect: Connect, row: Runbook) -> None:
    async with connect("vera") as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        answer = await client.call_tool("mctl_list_runbooks", {"team": "payments"})
    assert {"mctl_list_runbooks", "mctl_write_runbook"} <= names
    assert answer.structured_content["items"] == [{"service": "webhook-relay", "first_line": CALL}]


def test_scripts_have_its_endpoint(row: Runbook) -> None:
    answer = script("vera").get("/api/v1/tenants/payments/runbooks")
    assert answer.json() == [{"service": "webhook-relay", "first_line": CALL}]
    assert script("oscar").get("/api/v1/tenants/payments/runbooks").status_code == 404


def test_its_endpoint_stands_in_the_reference_with_an_example_of_its_own_parameter(row: Runbook) -> None:
    assert script("vera").get("/api/v1/tenants/payments/runbooks/relay").json()["first_line"] == CALL
    assert "/api/v1/tenants/payments/runbooks/my-runbook" in page("vera", "/reference/api/")


# --- its kind in the cluster


def allow_what_the_manifest_says(admin: Cluster) -> None:
    """The administrator applies the manifest that the installation prints."""
    printed = StringIO()
    call_command("rights", stdout=printed)
    roles = [one for one in yaml.safe_load_all(printed.getvalue()) if one["kind"] == "ClusterRole"]
    for role in roles:
        set_rules(admin, KINDS["ClusterRole"].path(name=role["metadata"]["name"]), role["rules"])


def write_config_map(admin: Cluster, text: str = CALL) -> None:
    make_namespace(admin, "payments")
    labels = {**LABELS, "app.kubernetes.io/instance": "payments-webhook-relay"}
    create(
        admin, kinds.CONFIG_MAPS, "payments", {"metadata": {"name": "relay", "labels": labels}, "data": {TEXT: text}}
    )


@pytest.fixture
def config_map(admin: Cluster) -> Iterator[None]:
    write_config_map(admin, "")
    yield
    delete(admin, kinds.CONFIG_MAPS, "payments", "relay")


@pytest.fixture
def observer() -> Iterator[None]:
    where = {**os.environ, "DATABASE_URL": database_url()}
    process = subprocess.Popen([sys.executable, "manage.py", "observe"], cwd=ROOT, env=where)
    yield
    process.kill()
    process.wait(10)


@pytest.fixture
def manifest_applied(admin: Cluster) -> None:
    allow_what_the_manifest_says(admin)


def test_its_kind_is_mirrored_under_the_rights_that_are_printed(
    manifest_applied: None, observer: None, admin: Cluster
) -> None:
    write_config_map(admin)
    wait_until(Runbook.objects.filter(service="webhook-relay", first_line=CALL).exists, "the row")
    wait_until(Source.objects.filter(name="kubernetes:runbooks", label="Runbooks").exists, "its source")
    delete(admin, kinds.CONFIG_MAPS, "payments", "relay")
    wait_until(lambda: not Runbook.objects.exists(), "the row is gone")


# --- its task


def test_beat_sends_its_task(row: Runbook) -> None:
    celery_app.loader.import_default_modules()
    task = celery_app.tasks[celery_app.conf.beat_schedule["count empty runbooks"]["task"]]
    assert task() == 0
    Runbook.objects.update(first_line="")
    assert task() == 1


# --- its diagnosis


def test_it_can_be_diagnosed_by_name(row: Runbook, config_map: None) -> None:
    found = script("vera").get("/api/v1/diagnosis?team=payments&runbook=webhook-relay").json()
    assert [(one["cause"], one["severity"]) for one in found["findings"]] == [("runbook-empty", "warning")]


def test_a_terminal_asks_for_it_by_name(row: Runbook, config_map: None) -> None:
    said = StringIO()
    call_command("diagnose", "payments/webhook-relay", kind="runbook", stdout=said)
    assert "The runbook is empty" in said.getvalue()
    with pytest.raises(CommandError, match=r"checkout-web has no runbook\. Write one\."):
        call_command("diagnose", "payments/checkout-web", kind="runbook")


def test_the_guide_answers_for_it(row: Runbook, config_map: None) -> None:
    shown = page("vera", "/guide/?service=runbook+payments/webhook-relay")
    assert "The runbook is empty" in shown
    assert browser("oscar").get("/guide/?service=runbook+payments/webhook-relay").status_code == 404


# --- what hangs on a service


class Step:
    """The part of a step's context that these steps use."""

    operation_id, name, actor, door = "retire-service-x7k2p", "runbook-removed", "dev", "web"

    def __init__(self, results: dict[str, Any]) -> None:
        self.results = results

    def keep_lease(self) -> None: ...

    def log(self, text: str) -> None: ...


def test_a_removal_of_the_service_lists_removes_and_verifies_it(repository: Gitops) -> None:
    written = FileEdit.create(runbook_path("payments", "webhook-relay"), f"{CALL}\nThen rest.\n")
    repository.commit(Change((written,), "docs: a runbook", "dev"), key="write-runbook-x7k2p")
    listed = impact_list(RELAY)
    assert listed == [{"kind": "runbook", "name": "runbook", "says": CALL, "kept": False}]

    results: dict[str, Any] = {}
    for step in (list_step(RELAY), *removal_steps(RELAY), verify_step(RELAY)):
        outcome = step.run(Step(results))  # type: ignore[arg-type]
        assert isinstance(outcome, Done)
        results[step.name] = outcome.value

    assert results["gone"]["receipt"] == [{"kind": "runbook", "name": "runbook", "result": "removed"}]
    assert runbook_in_git("payments", "webhook-relay") is None
    with pytest.raises(Missing):
        repository.file_at(runbook_path("payments", "webhook-relay"))
