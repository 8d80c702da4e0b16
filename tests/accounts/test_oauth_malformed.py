"""Requests that no honest client sends: each is answered with an error of OAuth's, and none with a failure of ours."""

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.cache import cache
from oauth2_provider.models import Application, Grant

from accounts.actions.registration import redirect_trouble
from mctl.asgi import application
from operations.models import AuditEntry
from tests import builders
from tests.accounts.oauth_client import OAuthClient

pytestmark = pytest.mark.django_db(transaction=True)
REDIRECT = "https://client.example.dev/callback"
LONG = "x" * 5_000
# What is wrong with the request: the parameters as changed (None: left out).
WRONG_CLIENT = [{"client_id": value} for value in (None, "nobody", "", "x\0y", LONG, "https://" + "a" * 70 + ".dev/c")]
WRONG_REDIRECT = [{"redirect_uri": value} for value in ("https://evil.dev/", "", "cursor:", "http://[", "x\0", LONG)]
WRONG_ELSE = [
    {"response_type": None},
    {"response_type": "token"},
    {"response_type": "code", "code_challenge": None},
    {"code_challenge": LONG},
    {"code_challenge": "short"},
    {"code_challenge_method": "plain"},
    {"scope": "root"},
    {"scope": "read\0"},
    {"resource": "not an address"},
    {"resource": LONG},
    {"resource": ""},
    {"resource": ["", ""]},
    {"resource": ["http://127.0.0.1:8000/mcp", ""]},
]


@pytest.fixture(autouse=True)
def cast(valkey: None) -> None:
    cache.clear()
    builders.the_cast()


@pytest.fixture
def client() -> OAuthClient:
    made = OAuthClient(redirect=REDIRECT)
    made.register()
    return made


def posted(client: OAuthClient, **changed: Any) -> Any:
    """The consent's form, sent back changed, by a person who says yes."""
    client.authorize()
    token = client.browser.cookies["mctl-csrf"].value
    return client.browser.post(
        "/oauth/authorize", {**client.asks(**changed), "allow": "true", "csrfmiddlewaretoken": token}
    )


def goes_home(answer: Any) -> bool:
    """Redirected to the client's own address with an error, and without a code."""
    return (
        answer.status_code == 302 and answer["Location"].startswith(f"{REDIRECT}?") and "error=" in answer["Location"]
    )


@pytest.mark.parametrize("changed", WRONG_CLIENT + WRONG_REDIRECT, ids=str)
def test_a_wrong_client_or_redirect_is_told_here_and_sent_nowhere(client: OAuthClient, changed: dict[str, Any]) -> None:
    if changed != {"redirect_uri": ""}:
        assert client.authorize(**changed).status_code == 400
    assert posted(client, **changed).status_code == 400
    assert not Grant.objects.exists()


@pytest.mark.parametrize("changed", WRONG_ELSE, ids=str)
def test_what_else_is_wrong_is_told_to_the_client_and_gives_no_code(
    client: OAuthClient, changed: dict[str, Any]
) -> None:
    for answer in (client.authorize(**changed), posted(client, **changed)):
        assert goes_home(answer) or answer.status_code == 400
    assert not Grant.objects.exists()


def test_a_form_without_its_scope_is_refused(client: OAuthClient) -> None:
    assert posted(client, scope=None).status_code == 400


def test_refusing_does_not_send_anybody_to_an_address_that_was_slipped_in(client: OAuthClient) -> None:
    client.authorize()
    token = client.browser.cookies["mctl-csrf"].value
    answer = client.browser.post(
        "/oauth/authorize", {**client.asks(redirect_uri="https://evil.dev/"), "csrfmiddlewaretoken": token}
    )
    assert answer.status_code == 400
    assert "Location" not in answer


@pytest.mark.parametrize("query", ["client_id=%zz", "%", "client_id=%ff%fe", "&&&=", "a=" + "b" * 9_000, "scope=%00"])
@pytest.mark.parametrize("prompt", ["", "&prompt=none", "&prompt=login", "&prompt=create"])
def test_an_address_that_cannot_be_decoded_is_an_error_of_the_client(
    client: OAuthClient, query: str, prompt: str
) -> None:
    client.authorize()
    for browser in (client.browser, client.http):
        assert browser.get(f"/oauth/authorize?{query}{prompt}").status_code in {302, 400}


def test_a_parameter_that_is_sent_twice_is_refused(client: OAuthClient) -> None:
    client.authorize()
    twice = urlencode([*client.asks().items(), ("redirect_uri", "https://evil.dev/")])
    assert client.browser.get(f"/oauth/authorize?{twice}").status_code == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"code": "never-issued"}, {"code": "x\0y"}, {"code": None}, {"code": LONG}, {"client_id": "x\0y"},
        {"client_id": None}, {"client_id": "https://" + "a" * 70 + ".dev/c"}, {"code_verifier": "x\0"},
        {"resource": "x\0"}, {"grant_type": "refresh_token", "refresh_token": "x\0"},
        {"grant_type": "refresh_token", "refresh_token": LONG},
    ],
    ids=str,
)  # fmt: skip
def test_a_malformed_request_for_a_token_is_an_error_of_the_client(
    client: OAuthClient, changed: dict[str, Any]
) -> None:
    assert client.token(**{"code": "never-issued", **changed}).status_code in {400, 401}


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
def test_parameters_in_the_address_are_refused(client: OAuthClient, path: str) -> None:
    sent = {"grant_type": "authorization_code", "token": "x", "client_id": client.client_id}
    assert client.http.post(f"{path}?code=%zz", sent).status_code == 400


# --- Codes that come again


def test_a_code_that_comes_again_ends_the_tokens_it_gave(client: OAuthClient) -> None:
    code = client.code()
    made = client.token(code=code).json()
    renewed = client.refresh(made["refresh_token"]).json()
    assert client.whoami(renewed["access_token"]).status_code == 200

    assert client.token(code=code).json()["error"] == "invalid_grant"

    assert client.whoami(renewed["access_token"]).json()["code"] == "token_revoked"
    assert client.refresh(renewed["refresh_token"]).status_code == 400


def test_a_code_that_comes_again_from_another_client_ends_them_too(client: OAuthClient) -> None:
    code = client.code()
    made = client.token(code=code).json()
    thief = OAuthClient(redirect="https://thief.example.dev/cb")
    thief.register(client_name="Thief")

    thief.token(code=code)

    assert client.whoami(made["access_token"]).json()["code"] == "token_revoked"


def test_another_code_of_the_same_client_goes_on(client: OAuthClient) -> None:
    code = client.code()
    client.token(code=code)
    other = client.connect()

    client.token(code=code)

    assert client.whoami(other["access_token"]).status_code == 200


# --- Registering


def register_in_pieces(pieces: list[bytes], address: str = "198.51.100.7") -> tuple[int, dict[str, Any]]:
    """As a server hands over a chunked request, which has no Content-Length."""

    async def talk() -> tuple[int, dict[str, Any]]:
        headers = [(b"host", b"127.0.0.1:8000"), (b"content-type", b"application/json")]
        scope = {
            "type": "http", "method": "POST", "path": "/oauth/register", "query_string": b"", "headers": headers,
            "client": (address, 4711),
        }  # fmt: skip
        spoken = ApplicationCommunicator(application, scope)
        for number, piece in enumerate(pieces, 1):
            await spoken.send_input({"type": "http.request", "body": piece, "more_body": number < len(pieces)})
        start = await spoken.receive_output(20)
        return start["status"], json.loads((await spoken.receive_output(20))["body"])

    return asyncio.run(talk())


def test_a_registration_in_pieces_is_taken_and_one_that_is_too_long_is_not() -> None:
    metadata = json.dumps({"client_name": "Pieces", "redirect_uris": [REDIRECT]}).encode()
    padding = b" " * (16 * 1024)
    assert register_in_pieces([metadata[:10], metadata[10:]])[0] == 201
    status, said = register_in_pieces([metadata, padding])
    assert (status, said["error"], said["error_description"]) == (
        400,
        "invalid_client_metadata",
        "The registration is too long.",
    )


def test_registrations_in_pieces_are_limited_by_address_too() -> None:
    statuses = [register_in_pieces([b"[", b"]"])[0] for _ in range(31)]
    assert statuses == [400] * 30 + [429]


@pytest.mark.parametrize("host", ["evil.dev;script-src *", "evil.dev;", "a,b.dev", "a'b.dev", "a%3bb.dev", "a;b:8443"])
def test_a_redirect_whose_host_could_begin_a_rule_of_the_content_policy_is_refused(host: str) -> None:
    redirect = f"https://{host}/callback"
    assert redirect_trouble(redirect)
    assert OAuthClient().register(redirect_uris=[redirect]).json()["error"] == "invalid_redirect_uri"


def test_such_a_redirect_is_not_used_either_where_a_metadata_document_brought_it(client: OAuthClient) -> None:
    """Documents are taken in by the toolkit, which allows such hosts."""
    redirect = "https://evil.dev;a/callback"
    Application.objects.update(redirect_uris=redirect)
    for asked in (redirect, None):
        answer = client.authorize(redirect_uri=asked)
        assert (answer.status_code, "evil" in answer["Content-Security-Policy"]) == (400, False)


def test_a_consent_is_in_the_audit_with_the_door_it_is_for(client: OAuthClient) -> None:
    client.connect()
    assert AuditEntry.objects.get(verb="client.connect").parameters["resource"] == client.resource
