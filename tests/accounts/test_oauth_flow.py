"""One client's life: discovery, registration, consent, token, step-up, refresh, reuse, revocation."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from oauth2_provider.models import AccessToken, Application, RefreshToken

from accounts.tasks import clear_tokens
from core.clock import now
from operations.models import AuditEntry
from tests import builders
from tests.accounts.oauth_client import MCP, REST, OAuthClient

pytestmark = pytest.mark.django_db
ISSUER = "http://127.0.0.1:8000"


@pytest.fixture(autouse=True)
def cast(valkey: None) -> None:
    cache.clear()
    builders.the_cast()


@pytest.fixture
def client() -> OAuthClient:
    made = OAuthClient()
    made.register()
    return made


@pytest.mark.parametrize(("path", "stands_for"), [("", MCP), ("/mcp", MCP), ("/api/v1", REST)])
def test_discovery_leads_from_the_resource_to_the_server(path: str, stands_for: str) -> None:
    resource = Client().get(f"/.well-known/oauth-protected-resource{path}").json()
    server = Client().get(f"/.well-known/oauth-authorization-server{path}").json()
    assert (resource["resource"], resource["authorization_servers"]) == (stands_for, [ISSUER])
    assert (server["issuer"], server["code_challenge_methods_supported"]) == (ISSUER, ["S256"])
    assert server["token_endpoint_auth_methods_supported"] == ["none"]
    assert "device" not in str(server)


def test_the_whole_life_of_a_client(client: OAuthClient) -> None:
    first = client.connect()
    said = client.whoami(first["access_token"]).json()
    assert (said["id"], said["token_kind"], said["scopes"]) == ("olga", "oauth", ["read"])

    second = client.connect(scope="read write")
    assert client.whoami(second["access_token"]).json()["scopes"] == ["read", "write"]

    renewed = client.refresh(second["refresh_token"]).json()
    assert client.whoami(renewed["access_token"]).status_code == 200
    assert client.whoami(second["access_token"]).json()["code"] == "token_revoked"

    client.http.post("/oauth/revoke", {"token": renewed["refresh_token"], "client_id": client.client_id})
    assert client.whoami(renewed["access_token"]).json()["code"] == "token_revoked"
    assert client.refresh(renewed["refresh_token"]).status_code == 400


def test_the_answer_names_its_issuer_and_keeps_the_state(client: OAuthClient) -> None:
    said = client.consent(client.authorize())
    assert (said["iss"], said["state"]) == (ISSUER, "s-123")


def test_tokens_are_kept_as_hashes_only(client: OAuthClient) -> None:
    made = client.connect()
    kept = str(list(AccessToken.objects.values())) + str(list(RefreshToken.objects.values()))
    assert made["access_token"] not in kept
    assert made["refresh_token"] not in kept


def test_a_refresh_token_used_twice_in_a_minute_serves_clients_that_refresh_side_by_side(client: OAuthClient) -> None:
    first = client.connect()
    pairs = [client.refresh(first["refresh_token"]).json() for _ in range(2)]
    assert [client.whoami(pair["access_token"]).status_code for pair in pairs] == [200, 200]
    assert pairs[0]["refresh_token"] != pairs[1]["refresh_token"]


def test_a_refresh_token_used_later_again_ends_the_whole_family(client: OAuthClient) -> None:
    first = client.connect()
    renewed = client.refresh(first["refresh_token"]).json()
    RefreshToken.objects.filter(revoked__isnull=False).update(revoked=now() - timedelta(seconds=61))
    assert client.refresh(first["refresh_token"]).status_code == 400
    assert client.whoami(renewed["access_token"]).status_code == 401
    assert client.refresh(renewed["refresh_token"]).status_code == 400


def test_a_code_works_once(client: OAuthClient) -> None:
    code = client.code()
    assert client.token(code=code).status_code == 200
    assert client.token(code=code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "changed", [{"code_verifier": "x" * 43}, {"code_verifier": None}, {"redirect_uri": "http://localhost:3118/else"}]
)
def test_a_stolen_code_is_worth_nothing(client: OAuthClient, changed: dict[str, str | None]) -> None:
    assert client.token(code=client.code(), **changed).status_code == 400


def test_another_client_cannot_use_the_code_or_the_refresh_token(client: OAuthClient) -> None:
    other = OAuthClient(redirect="https://other.example.dev/callback")
    other.register(client_name="Another")
    made = client.connect()
    assert other.refresh(made["refresh_token"]).status_code == 400
    assert client.token(code=client.code(), client_id=other.client_id).status_code == 400


def test_the_person_may_refuse(client: OAuthClient) -> None:
    assert client.consent(client.authorize(), allow=False)["error"] == "access_denied"
    assert AuditEntry.objects.get(verb="client.connect").result == "refused"


def test_connected_clients_are_listed_and_can_be_disconnected(client: OAuthClient) -> None:
    made = client.connect()
    page = client.browser.get("/connecting/")
    assert [one.name for one in page.context["connected"]] == ["Test client"]
    browser = Client()
    browser.cookies = client.browser.cookies
    browser.post("/connecting/clients/disconnect/", {"client": str(page.context["connected"][0].id)})
    assert client.whoami(made["access_token"]).json()["code"] == "token_revoked"
    assert client.refresh(made["refresh_token"]).status_code == 400
    assert browser.get("/connecting/").context["connected"] == []


def test_clients_that_were_never_let_in_are_cleared_away_and_others_stay(client: OAuthClient) -> None:
    client.connect()
    OAuthClient(redirect="https://idle.example.dev/cb").register(client_name="Idle")
    Application.objects.update(updated=now() - timedelta(days=8))
    clear_tokens()
    assert [one.name for one in Application.objects.all()] == ["Test client"]
