"""The REST door: bearer tokens, whoami, and what a session may not do there."""

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.actions import create_token
from accounts.models import Person, PersonalToken
from accounts.queries import failure_of
from core.actor import Actor
from tests import builders
from tests.accounts.servers import Dex, GitHub

pytestmark = pytest.mark.django_db
WHOAMI = "/api/v1/whoami"


@pytest.fixture(autouse=True)
def cast(valkey: None) -> None:
    cache.clear()
    builders.the_cast()
    Person.objects.signed_in("olga")


def whoami(token: str, **headers: str) -> dict[str, object]:
    return Client().get(WHOAMI, headers={"Authorization": f"Bearer {token}", **headers}).json()


def test_whoami_says_what_the_server_sees(olga: Actor) -> None:
    made = create_token(olga, name="ci", scopes=["read"], days=30)
    said = whoami(made.secret)
    assert (said["id"], said["groups"], said["namespaces"]) == ("olga", ["payments"], ["payments"])
    assert (said["isAdmin"], said["roles"]) == (False, {"payments": "owner"})
    assert (said["token_kind"], said["scopes"]) == ("personal", ["read"])
    assert said["expires_at"] == made.expires_at.isoformat()
    assert said["resolved_at"]


def test_every_kind_of_token_is_taken(olga: Actor, dex: Dex, token_github: GitHub) -> None:
    token_github.tokens["ghp_abc"] = {"login": "olga", "id": 7}
    tokens = ["ghp_abc", dex.token(), create_token(olga, name="ci", scopes=["read"], days=1).secret]
    assert [whoami(token)["token_kind"] for token in tokens] == ["github", "dex", "personal"]


def test_a_refusal_has_the_one_shape_and_can_be_looked_up_by_its_request_id() -> None:
    answer = Client().get(WHOAMI, headers={"Authorization": "Bearer one.dot"})
    said = answer.json()
    assert answer.status_code == 401
    assert set(said) == {"error", "code", "sentence", "remedy", "facts", "request_id"}
    assert (said["code"], said["facts"]["recognised"]) == ("unrecognised_token_shape", "unrecognised")
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]
    kept = failure_of(said["request_id"])
    assert kept is not None
    assert kept["code"] == "unrecognised_token_shape"
    assert "one.dot" not in str(kept)


def test_without_a_token_the_challenge_names_no_error() -> None:
    answer = Client().get(WHOAMI)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
    assert "error=" not in answer["WWW-Authenticate"]


def test_a_session_may_read_and_may_not_change() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(Person.objects.signed_in("olga"))
    assert client.get(WHOAMI).json()["token_kind"] == "session"
    for content_type in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
        assert client.post(WHOAMI, data="{}", content_type=content_type).status_code == 403
    assert client.get(WHOAMI, headers={"X-HTTP-Method-Override": "DELETE"}).status_code == 200


def test_a_bad_token_is_not_saved_by_a_session() -> None:
    client = Client()
    client.force_login(Person.objects.signed_in("olga"))
    assert client.get(WHOAMI, headers={"Authorization": "Bearer one.dot"}).status_code == 401


def test_a_revoked_token_is_refused_at_the_next_request(olga: Actor) -> None:
    made = create_token(olga, name="ci", scopes=["read"], days=30)
    assert whoami(made.secret)["id"] == "olga"
    PersonalToken.objects.update(revoked_at="2026-01-01T00:00:00Z")
    assert whoami(made.secret)["code"] == "token_revoked"


@pytest.mark.parametrize("header", ["X-Remote-User", "X-Forwarded-User", "X-Auth-Request-User", "Remote-User"])
def test_a_header_that_names_a_user_names_nobody(header: str) -> None:
    assert Client().get(WHOAMI, headers={header: "ada"}).status_code == 401


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Forwarded-Server", "X-Original-Url", "Forwarded", "X-Host"])
@pytest.mark.parametrize("path", [WHOAMI, "/.well-known/oauth-authorization-server", "/connecting/", "/api/v1/mcp"])
def test_a_header_that_names_a_host_changes_no_address_that_we_tell(header: str, path: str) -> None:
    value = "host=evil.dev;proto=https" if header == "Forwarded" else "evil.dev"
    answer = Client().get(path, headers={header: value})
    assert "evil.dev" not in answer.content.decode() + str(answer.headers)


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_wrong_address_of_the_mcp_server_names_the_right_one(method: str) -> None:
    answer = getattr(Client(enforce_csrf_checks=True), method)("/api/v1/mcp")
    assert answer.status_code == 404
    assert answer.json()["facts"]["url"].endswith(":8000/mcp")


def test_an_unknown_endpoint_answers_json() -> None:
    answer = Client().get("/api/v1/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_token_in_the_query_is_no_token(olga: Actor) -> None:
    made = create_token(olga, name="ci", scopes=["read"], days=30)
    assert Client().get(f"{WHOAMI}?access_token={made.secret}").status_code == 401
