"""The forms of a service: what stands in them, what they send, and that nothing starts without its plan."""

import html
import re
from dataclasses import replace
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from accounts.models import Person
from integrations.gitops import Gitops, gitops
from mcp_server.catalogue import catalogue
from operations.forms import filled_address
from operations.models import Operation
from operations.templatetags.remedies import address_of, remedy, tool_pages
from services import forms
from services.queries import environment_now, settings_now
from tests import builders

RELAY = "/tenants/payments/services/webhook-relay"
ABOUT = {"team_name": "payments", "component_name": "webhook-relay"}


@pytest.fixture
def browser(repository: Gitops, valkey: None, db: None) -> Client:
    builders.the_cast()
    builders.service("webhook-relay", tag="1.9.O", running_tag="1.9.0")
    client = Client()
    client.force_login(Person.objects.signed_in("dev"))
    return client


def filled(page: str) -> dict[str, str]:
    """What stands in the fields of a page, by name; unticked boxes are left out."""
    found = {}
    for tag in re.findall(r"<input [^>]+>", page):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if attributes.get("type") != "checkbox" or " checked" in tag:
            found[attributes.get("name", "")] = html.unescape(attributes.get("value", ""))
    for name, text in re.findall(r'(?s)<textarea name="(\w+)"[^>]*>\s*(.*?)</textarea>', page):
        found[name] = html.unescape(text)
    return found


def test_the_configuration_stands_in_its_form_as_git_has_it(browser: Client) -> None:
    page = filled(browser.get(f"{RELAY}/configure/").content.decode())
    assert (page["port"], page["replicas"], page["health_check_path"]) == ("8080", "2", "/healthz")
    assert page["host"] == "payments-webhook-relay.apps.example.dev"
    assert 'RELAY_TIMEOUT_S=15\nRELAY_RETRIES=5\nRELAY_TARGETS={"northbank"' in page["env_vars"].replace("\r", "")


def test_sending_the_form_as_it_stands_changes_nothing(browser: Client) -> None:
    said = {
        "configure": "Git says this already; confirming would change nothing.",
        "scale": "Nothing to change is given.",
    }
    for form, sentence in said.items():
        page = filled(browser.get(f"{RELAY}/{form}/").content.decode())
        assert sentence in browser.post(f"{RELAY}/{form}/", {**page, "intent": "plan"}).content.decode()


def test_the_operation_names_only_what_changes(browser: Client) -> None:
    page = filled(browser.get(f"{RELAY}/scale/").content.decode())
    planned = browser.post(f"{RELAY}/scale/", {**page, "memory_limit": "1Gi", "intent": "plan"}).content.decode()
    assert "Plan: Scale webhook-relay: memory limit 1Gi" in planned


def test_what_the_file_leaves_open_shows_the_default_of_the_chart(browser: Client) -> None:
    page = browser.get(f"{RELAY}/scale/").content.decode()
    assert 'placeholder="256Mi by default"' in page
    assert filled(page)["memory_limit"] == ""


def test_a_line_taken_away_removes_the_variable_and_one_that_is_changed_changes_it(browser: Client) -> None:
    page = filled(browser.get(f"{RELAY}/configure/").content.decode())
    kept = [line for line in page["env_vars"].splitlines() if not line.startswith("RELAY_RETRIES")]
    page["env_vars"] = "\n".join(kept).replace("TIMEOUT_S=15", "TIMEOUT_S=20")
    planned = html.unescape(browser.post(f"{RELAY}/configure/", {**page, "intent": "plan"}).content.decode())
    changed = re.findall(r'<code class="[ad]">(.*)', planned)
    assert changed[:3] == ['-  RELAY_TIMEOUT_S: "15"', '-  RELAY_RETRIES: "5"', '+  RELAY_TIMEOUT_S: "20"']


def test_variables_that_were_not_shown_are_not_removed(repository: Gitops, db: None) -> None:
    """Somebody added one while the form was open: only what was shown can have been taken away."""
    service = builders.service("webhook-relay")
    sent = QueryDict(mutable=True)
    sent.update({"env_vars": "A=1", forms.SHOWN_ENVIRONMENT: "A B"})
    page = replace(forms.CONFIGURE, now=lambda service: {"env_vars": "A=1\nB=2\nNEW=3"}, defaults=dict)
    form = page.form_for(service, {"tenant": service.tenant, "name": service.name}, sent, asked={})
    assert form.is_valid()
    given = form.parameters()
    assert given["unset_env"] == ["B"]
    assert "env_vars" not in given


def test_a_value_of_several_lines_is_left_to_the_file(repository: Gitops, db: None) -> None:
    path = gitops().service_path("payments", "webhook-relay")
    gitops().commit_file(
        path=path,
        change=lambda text: str(text).replace("env:\n", 'env:\n  BANNER: "one\\ntwo"\n  FLAG: true\n'),
        message="By hand",
        author="ada",
        key="by-hand",
    )
    shown = environment_now(builders.service("webhook-relay"))
    assert "BANNER" not in shown
    assert shown["FLAG"] == "true"


def test_a_file_that_cannot_be_read_fills_nothing_in(repository: Gitops, db: None) -> None:
    assert settings_now(builders.service("adopted", values_path="")) == {}


def test_an_empty_add_form_names_every_field_it_needs(browser: Client) -> None:
    answer = browser.post("/tenants/payments/add-service/", {"intent": "plan"})
    page = answer.content.decode()
    assert answer.status_code == 422
    for sentence in ("This is needed.", "A new service needs its image.", "Name the version to run."):
        assert sentence in page


def test_the_environment_is_explained_with_an_example(browser: Client) -> None:
    page = browser.get("/tenants/payments/add-service/").content.decode()
    assert "one KEY=value a line" in page
    assert "<code>LOG_LEVEL=info</code>" in page


def test_rolling_back_opens_with_the_version_before_that_ran(browser: Client) -> None:
    page = browser.get(f"{RELAY}/rollback/").content.decode()
    assert filled(page)["target_tag"] == "1.9.0"
    assert re.findall(r'data-fill="id_target_tag" data-value="([^"]+)"', page) == ["1.9.0", "1.8.1"]


@pytest.mark.parametrize("intent", [{"intent": "run"}, {"intent": "run", "plan_hash": ""}])
def test_a_run_without_a_plan_shows_the_plan_and_starts_nothing(browser: Client, intent: dict[str, str]) -> None:
    answer = browser.post(f"{RELAY}/rollback/", {"target_tag": "1.9.0", **intent})
    assert answer.status_code == 200
    assert "Plan: Roll back webhook-relay to 1.9.0" in answer.content.decode()
    assert not Operation.objects.exists()


def test_a_plan_that_no_longer_holds_shows_the_new_one_and_starts_nothing(browser: Client) -> None:
    answer = browser.post(f"{RELAY}/scale/", {"replicas": "3", "intent": "run", "plan_hash": "0" * 16})
    page = answer.content.decode()
    assert "What you confirmed is no longer what would happen" in page
    assert re.search(r'name="plan_hash" value="[0-9a-f]{16}"', page)
    assert not Operation.objects.exists()


@pytest.mark.usefixtures("no_workers")
def test_confirming_the_plan_starts_the_operation(browser: Client) -> None:
    planned = browser.post(f"{RELAY}/scale/", {"replicas": "3", "intent": "plan"}).content.decode()
    confirmed = {"replicas": "3", "intent": "run", "plan_hash": filled(planned)["plan_hash"]}
    answer = browser.post(f"{RELAY}/scale/", confirmed)
    operation = Operation.objects.get()
    assert answer["Location"] == f"/operations/{operation.public_id}/"
    assert (operation.name, operation.summary) == ("scale-service", "Scale webhook-relay to 3 pods")


@pytest.mark.parametrize(
    ("one", "address"),
    [
        (
            {"operation": "deploy-service", "params": {**ABOUT, "action": "deploy", "image_tag": "1.9.0"}},
            f"{RELAY}/deploy/?image_tag=1.9.0",
        ),
        (
            {"operation": "deploy-service", "params": {**ABOUT, "action": "update-config", "env_vars": {"PORT": "9"}}},
            f"{RELAY}/configure/?env_vars=PORT%3D9",
        ),
        (
            {"operation": "rollback-service", "params": {**ABOUT, "target_tag": "1.8.1"}},
            f"{RELAY}/rollback/?target_tag=1.8.1",
        ),
        (
            {"operation": "scale-service", "params": {**ABOUT, "memory_limit": "1Gi"}},
            f"{RELAY}/scale/?memory_limit=1Gi",
        ),
        (
            {"tool": "mctl_get_service_logs", "params": {"team": "payments", "service": "webhook-relay"}},
            f"{RELAY}/logs/",
        ),
        (
            {"tool": "mctl_get_service_logs", "params": {"team": "labs", "service": "echo", "previous": True}},
            "/tenants/labs/services/echo/logs/?previous=True",
        ),
        ({"tool": "mctl_get_resource_usage", "params": {"team": "labs"}}, "/tenants/labs/"),
        ({"tool": "mctl_get_tenant", "params": {"name": "labs"}}, "/tenants/labs/"),
        ({"tool": "mctl_list_services", "params": {"team": "payments"}}, ""),
        ({"url": "https://argocd.example.dev/", "params": {}}, "https://argocd.example.dev/"),
        ({"operation": "not-declared", "params": ABOUT}, ""),
    ],
)  # fmt: skip
def test_a_remedy_opens_the_form_that_does_it(one: dict[str, Any], address: str) -> None:
    assert address_of(one, "payments", "webhook-relay") == address


def test_the_page_of_every_tool_is_there_for_arguments_of_the_tool() -> None:
    declared = {name: one for name, one in catalogue().items() if one.page}
    assert declared.keys() == tool_pages().keys()
    for one in declared.values():
        assert one.page is not None
        assert set(one.page.place.values()) <= set(one.parameters.model_fields), one.name
        assert filled_address(one.page.route, dict.fromkeys(one.page.place, "x"), {}), one.name


def test_the_parameters_of_a_remedy_stand_in_the_form(browser: Client) -> None:
    page = filled(browser.get(f"{RELAY}/configure/?env_vars=PORT%3D9090&startup_time_s=300").content.decode())
    assert page["startup_time_s"] == "300"
    assert "RELAY_RETRIES=5" in page["env_vars"]
    assert "PORT=9090" in page["env_vars"]
    assert filled(browser.get(f"{RELAY}/scale/?memory_limit=1Gi").content.decode())["memory_limit"] == "1Gi"


def test_who_may_not_change_reads_who_may() -> None:
    one = {"label": "Roll back", "operation": "rollback-service", "params": ABOUT}
    shown = remedy(one, "payments", "webhook-relay", may_change=False)
    assert (shown["address"], shown["who"]) == ("", "developers of payments may do this")
    assert remedy(one, "payments", "webhook-relay", may_change=True)["who"] == ""


def test_an_operation_the_ledger_does_not_have_is_no_link(browser: Client) -> None:
    history = gitops().history(gitops().service_path("payments", "webhook-relay"))
    known, unknown = (commit.operation for commit in history if commit.operation)
    builders.operation(known, service="webhook-relay", state="succeeded", finished_at=builders.COMMITTED_AT)
    page = browser.get(f"{RELAY}/history/").content.decode()
    assert f'href="/operations/{known}/"' in page
    assert f'href="/operations/{unknown}/"' not in page
    assert unknown in page
