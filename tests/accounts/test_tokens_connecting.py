"""The Connecting page: configurations to copy, tokens shown once, the inspector, the configuration check."""

import json
import logging

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.actions import create_token
from accounts.models import Person, PersonalToken
from core.actor import Actor
from mcp_server.clients import client_helps
from mcp_server.configuration import check_configuration
from operations.models import AuditEntry
from tests import builders
from tests.accounts.servers import Dex

pytestmark = pytest.mark.django_db
PAGE = "/connecting/"


@pytest.fixture(autouse=True)
def cast(valkey: None) -> None:
    cache.clear()
    builders.the_cast()


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(Person.objects.signed_in("olga"))
    return client


def inspect(browser: Client, **asked: str) -> str:
    return browser.post(f"{PAGE}inspect/", asked).content.decode()


@pytest.mark.parametrize("key", ["claude-code", "cursor", "vscode", "claude-ai", "gemini", "curl", "actions"])
def test_every_client_has_its_configuration(browser: Client, key: str) -> None:
    said = browser.get(PAGE, {"client": key}).content.decode()
    wanted = "/api/v1/whoami" if key in {"curl", "actions"} else "http://127.0.0.1:8000/mcp"
    assert wanted in said
    assert said.count('aria-current="true"') == 1


def test_the_guides_configuration_is_printed_as_the_guide_has_it() -> None:
    code = next(one.code for one in client_helps() if one.key == "cursor")
    assert json.loads(code) == {
        "mcpServers": {
            "mctl": {
                "type": "streamable-http",
                "url": "http://127.0.0.1:8000/mcp",
                "headers": {"Authorization": "Bearer YOUR_TOKEN"},
            }
        }
    }


def test_a_new_token_is_shown_once_filled_in_and_audited_without_itself(browser: Client) -> None:
    answer = browser.post(f"{PAGE}tokens/", {"name": "ci", "reach": "read write", "days": "30"})
    secret = answer.context["made"].secret
    assert answer.status_code == 201
    assert f"Bearer {secret}" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert secret not in browser.get(PAGE).content.decode()
    assert secret not in str(list(AuditEntry.objects.values()))
    assert AuditEntry.objects.get().verb == "token.create"


@pytest.mark.parametrize("field", ["name", "reach", "days"])
def test_a_token_without_what_it_needs_is_not_created(browser: Client, field: str) -> None:
    asked = {"name": "ci", "reach": "read", "days": "30", field: ""}
    answer = browser.post(f"{PAGE}tokens/", asked)
    assert (answer.status_code, PersonalToken.objects.count()) == (422, 0)


def test_a_token_is_revoked_by_its_owner_only(browser: Client, olga: Actor) -> None:
    create_token(olga, name="ci", scopes=["read"], days=30)
    token = str(PersonalToken.objects.get().pk)
    stranger = Client()
    stranger.force_login(Person.objects.signed_in("oscar"))
    assert stranger.post(f"{PAGE}tokens/revoke/", {"token": token}).status_code == 404
    assert browser.post(f"{PAGE}tokens/revoke/", {"token": token}).status_code == 302
    assert PersonalToken.objects.get().revoked_at


@pytest.mark.parametrize("path", ["tokens/", "tokens/revoke/", "clients/disconnect/", "inspect/", "check/"])
def test_every_form_needs_its_csrf_token(path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(Person.objects.signed_in("olga"))
    assert client.post(f"{PAGE}{path}", {"name": "x"}).status_code == 403


def test_the_inspector_says_kind_issuer_audience_groups_and_whose_it_is(browser: Client, dex: Dex) -> None:
    said = inspect(browser, token=dex.token(groups=["payments", "acme"]))
    for word in ("Dex JWT", dex.url, "mctl-api", "payments, acme", "proves olga", "payments (owner)"):
        assert word in said


def test_the_inspector_says_why_a_token_is_refused_and_which_tenant_check_fails(browser: Client, olga: Actor) -> None:
    secret = create_token(olga, name="ci", scopes=["read"], days=30).secret
    assert "no kind of token has that" in inspect(browser, token="one.dot")
    assert "no such personal token" in inspect(browser, token="mctl_pat_wrong")
    said = inspect(browser, token=f"Bearer {secret}", tenant="labs")
    assert "olga is not a member of labs" in said
    assert "may read only" in said


def test_an_inspected_token_is_in_no_page_log_or_audit(
    browser: Client, caplog: pytest.LogCaptureFixture, olga: Actor
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = create_token(olga, name="ci", scopes=["read"], days=30).secret
    said = inspect(browser, token=secret)
    browser.post(f"{PAGE}check/", {"configuration": json.dumps({"url": "x", "headers": {"Authorization": secret}})})
    assert secret not in said
    assert secret not in caplog.text
    assert secret not in str(list(AuditEntry.objects.values()))


def test_a_refused_request_is_explained_by_its_id(browser: Client) -> None:
    refused = Client().get("/api/v1/whoami", headers={"Authorization": "Bearer a.b.c.d"}).json()
    said = inspect(browser, request=refused["request_id"])
    assert "The token has 3 dots" in said
    assert "No refused request of that id" in inspect(browser, request="00000000-dead")


URL = "http://127.0.0.1:8000/mcp"
GOOD = {"type": "streamable-http", "url": URL, "headers": {"Authorization": "Bearer mctl_pat_abc"}}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"type": "stdio"}, "started as a program (stdio)"),
        ({"command": "npx"}, "started as a program (stdio)"),
        ({"type": "sse"}, "The type sse"),
        ({"type": None}, "has no type"),
        ({"url": "http://127.0.0.1:8000/api/v1/mcp"}, "The path /api/v1/mcp is wrong"),
        ({"url": "http://127.0.0.1:8000/mcp/"}, "The path /mcp/ is wrong"),
        ({"url": "https://127.0.0.1:8000/mcp"}, "uses https"),
        ({"url": "https://api.elsewhere.dev/mcp"}, "not this installation"),
        ({"url": "http://[broken"}, "cannot be read"),
        ({"headers": {"Authorization": "mctl_pat_abc"}}, "does not begin with Bearer"),
        ({"headers": {"Authorization": "Bearer YOUR_TOKEN"}}, "still the placeholder"),
        ({"headers": {"Authorization": "Bearer one.dot"}}, "shape of no token"),
        ({"headers": {}}, "no Authorization header"),
    ],
)
def test_the_check_names_what_is_wrong(changed: dict[str, object], sentence: str) -> None:
    server = {key: value for key, value in {**GOOD, **changed}.items() if value is not None}
    verdicts = check_configuration(json.dumps({"mcpServers": {"mctl": server}}))
    assert sentence in " ".join(verdict.sentence for verdict in verdicts if verdict.tone != "ok")


def test_the_configurations_of_the_page_pass_their_own_check() -> None:
    for one in client_helps("mctl_pat_abc"):
        if one.code.startswith("{"):
            assert {verdict.tone.value for verdict in check_configuration(one.code)} == {"ok"}


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"a": 1}', "[" * 5_000, "x" * 30_000])
def test_what_is_no_configuration_is_said_so(text: str) -> None:
    assert check_configuration(text)[0].tone == "bad"


def test_two_mistakes_are_both_named() -> None:
    verdicts = check_configuration(json.dumps({"mctl": {"type": "stdio", "url": "http://127.0.0.1:8000/api/v1/mcp"}}))
    said = " ".join(verdict.sentence for verdict in verdicts)
    assert "stdio" in said
    assert "/api/v1/mcp is wrong" in said
