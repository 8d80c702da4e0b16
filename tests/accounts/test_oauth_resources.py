"""A token works at the door it was issued for (RFC 8707); an agent confirms at REST as it does at /mcp."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from django.core.cache import cache
from django.test import Client

from accounts.actions import create_token
from accounts.models import Person
from core.actor import Door
from operations.models import Operation
from tenants.queries import actor_for
from tests import builders
from tests.accounts.oauth_client import MCP, REST, OAuthClient
from tests.doors.bearer import LET_IN, ask
from tests.operations import small
from tests.queues import messages_to

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def cast(valkey: None) -> None:
    cache.clear()
    builders.the_cast()


def client_for(resource: str | None, person: str = "olga") -> OAuthClient:
    made = OAuthClient(person, resource=resource)  # type: ignore[arg-type]
    made.register()
    return made


def audience(token: str) -> str:
    return str(jwt.decode(token, options={"verify_signature": False})["aud"])


def at_rest(token: str) -> int:
    return int(Client().get("/api/v1/whoami", headers={"Authorization": f"Bearer {token}"}).status_code)


def at_mcp(token: str) -> int:
    return ask(authorization=f"Bearer {token}").status


def test_a_token_for_rest_is_taken_there_and_refused_at_mcp() -> None:
    token = client_for(REST).connect()["access_token"]
    refused = ask(authorization=f"Bearer {token}")
    assert (audience(token), at_rest(token), refused.status) == (REST, 200, 401)
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    assert (refused.json()["code"], refused.json()["sentence"]) == (
        "token_audience",
        f"The token was issued for {REST}; this is {MCP}.",
    )


@pytest.mark.parametrize("resource", [MCP, None])
def test_a_token_for_mcp_which_is_also_the_default_is_taken_there_and_refused_at_rest(resource: str | None) -> None:
    client = client_for(resource)
    token = client.connect()["access_token"]
    refused = client.whoami(token)
    assert (audience(token), at_mcp(token), refused.status_code) == (MCP, LET_IN, 401)
    assert 'error="invalid_token"' in refused["WWW-Authenticate"]
    assert refused.json()["sentence"] == f"The token was issued for {MCP}; this is {REST}."
    assert f"resource={REST}" in refused.json()["remedy"]


def test_rest_says_where_a_client_learns_who_issues_its_tokens() -> None:
    challenge = Client().get("/api/v1/whoami")["WWW-Authenticate"]
    assert (
        f'resource_metadata="{REST.removesuffix("/api/v1")}/.well-known/oauth-protected-resource/api/v1"' in challenge
    )


@pytest.mark.parametrize("granted", [MCP, REST])
def test_a_refresh_keeps_the_resource_and_cannot_change_it(granted: str) -> None:
    client, other = client_for(granted), {MCP: REST, REST: MCP}[granted]
    first = client.connect()
    refused = client.refresh(first["refresh_token"], resource=other)
    kept = client.refresh(first["refresh_token"], resource=None).json()
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target")
    assert audience(kept["access_token"]) == granted


def test_a_second_refresh_within_the_minute_keeps_it_too() -> None:
    client = client_for(REST)
    first = client.connect()
    pairs = [client.refresh(first["refresh_token"], resource=None).json() for _ in range(2)]
    assert [(audience(pair["access_token"]), at_rest(pair["access_token"])) for pair in pairs] == [(REST, 200)] * 2


def test_a_code_for_one_door_gives_no_token_for_the_other() -> None:
    client = client_for(MCP)
    answer = client.token(code=client.code(), resource=REST)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")


def test_the_consent_says_where_the_token_will_work() -> None:
    assert f"<b>{REST}</b>" in client_for(REST).authorize().content.decode()


def test_personal_tokens_work_at_both_doors() -> None:
    Person.objects.signed_in("olga")
    made = create_token(actor_for("olga", door=Door.WEB), name="ci", scopes=["read"], days=1)
    assert (at_rest(made.secret), at_mcp(made.secret)) == (200, LET_IN)


# --- Confirming


@pytest.fixture
def paint(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The parameters of an operation that agents must confirm and people need not."""
    with small.registered(), messages_to("identity-tests"):
        small.register(small.paint_service("strip-service", destructive=True))
        yield {"tenant": "payments", "service": "payments-api", "colour": "blue", "folder": str(tmp_path)}


def execute(token: str, parameters: dict[str, Any], query: str = "", operation: str = "strip-service") -> Any:
    return Client().post(
        f"/api/v1/operations/{operation}/execute{query}",
        parameters,
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )


def test_an_oauth_client_at_rest_must_send_the_hash_of_the_plan(paint: dict[str, Any]) -> None:
    token = client_for(REST, "dev").connect(scope="read write")["access_token"]
    refused = execute(token, paint)
    assert (refused.status_code, refused.json()["code"]) == (428, "confirmation_needed")
    assert not Operation.objects.exists()
    assert execute(token, paint, "?plan_hash=white-blue").status_code == 202


def test_an_oauth_client_need_not_where_mcp_would_not_ask(paint: dict[str, Any]) -> None:
    token = client_for(REST, "dev").connect(scope="read write")["access_token"]
    assert execute(token, paint, operation="paint-service").status_code == 202


def test_a_script_with_a_personal_token_need_not(paint: dict[str, Any]) -> None:
    Person.objects.signed_in("dev")
    made = create_token(actor_for("dev", door=Door.WEB), name="ci", scopes=["read", "write"], days=1)
    assert execute(made.secret, paint).status_code == 202
