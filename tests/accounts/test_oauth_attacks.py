"""Attacks on the authorization server: redirects, consent, PKCE, resources, registration, other endpoints."""

from typing import Any

import jwt
import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import Resolver404, resolve
from oauth2_provider.models import Application

from accounts.actions.registration import redirect_trouble
from accounts.queries import own_jwt
from tests import builders
from tests.accounts.oauth_client import REST, OAuthClient

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def cast(valkey: None) -> None:
    cache.clear()
    builders.the_cast()


@pytest.fixture
def client() -> OAuthClient:
    made = OAuthClient(redirect="https://client.example.dev/callback")
    made.register()
    return made


@pytest.mark.parametrize(
    "redirect",
    [
        "https://client.example.dev/callback/more",
        "https://client.example.dev/callbac",
        "https://client.example.dev/callback?x=1",
        "https://client.example.dev/callback#x",
        "https://client.example.dev/%63allback",
        "https://client.example.dev/callback/../evil",
        "https://client.example.dev.evil.dev/callback",
        "https://client.example.dev@evil.dev/callback",
        "https://client.example.dev\\@evil.dev/callback",
        "https://CLIENT.example.dev:444/callback",
        "http://client.example.dev/callback",
        "//evil.dev",
        "\\\\evil.dev",
        "javascript:alert(1)",
    ],
)
def test_a_redirect_that_was_not_registered_is_refused_without_redirecting(client: OAuthClient, redirect: str) -> None:
    answer = client.authorize(redirect_uri=redirect)
    assert answer.status_code == 400
    assert "Location" not in answer


@pytest.mark.parametrize(
    "changed",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"response_type": "token"},
        {"response_type": "code token"},
        {"scope": "root"},
        {"resource": "https://elsewhere.example.dev/mcp"},
        {"resource": "http://127.0.0.1:8000"},
        {"resource": "http://127.0.0.1:8000/api/v1/"},
        {"resource": ["http://127.0.0.1:8000/mcp", "http://127.0.0.1:8000/api/v1"]},
    ],
)
def test_a_weaker_request_is_sent_back_with_an_error_and_no_code(client: OAuthClient, changed: dict[str, Any]) -> None:
    answer = client.authorize(**changed)
    assert answer.status_code == 302
    assert answer["Location"].startswith("https://client.example.dev/callback?")
    assert "error=" in answer["Location"]
    assert "code=" not in answer["Location"].replace("error_code=", "")


def test_a_foreign_resource_is_refused_at_the_token_endpoint_too(client: OAuthClient) -> None:
    answer = client.token(code=client.code(), resource="https://elsewhere.example.dev/mcp")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")


@pytest.mark.parametrize("parameter", [{"approval_prompt": "auto"}, {"approval_prompt": "none"}, {"prompt": "none"}])
def test_no_parameter_skips_the_consent(client: OAuthClient, parameter: dict[str, str]) -> None:
    client.connect()
    answer = client.authorize(**parameter)
    assert "code=" not in answer.headers.get("Location", "")


def test_a_second_client_asks_for_itself_whatever_the_first_was_given(client: OAuthClient) -> None:
    client.connect()
    other = OAuthClient(redirect="https://other.example.dev/callback", browser=client.browser)
    other.register(client_name="Another")
    page = other.authorize()
    assert page.status_code == 200
    assert "Another" in page.content.decode()


def test_the_consent_says_who_where_and_what_and_cannot_be_framed(client: OAuthClient) -> None:
    page = client.authorize(scope="read write")
    said = page.content.decode()
    for words in ("Test client", "nobody has checked it", "client.example.dev", "Deploy, configure", "payments"):
        assert words in said
    policy = page["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' https://client.example.dev" in policy
    assert page["X-Frame-Options"] == "DENY"


def test_the_policy_is_relaxed_on_the_consent_only(client: OAuthClient) -> None:
    client.authorize()
    assert "client.example.dev" not in client.browser.get("/connecting/")["Content-Security-Policy"]


def test_consent_needs_the_csrf_token(client: OAuthClient) -> None:
    client.authorize()
    asked = {**client.asks(), "allow": "true"}
    assert client.browser.post("/oauth/authorize", asked).status_code == 403


def test_a_stranger_signs_in_first(client: OAuthClient) -> None:
    answer = Client().get("/oauth/authorize", client.asks())
    assert answer.status_code == 302
    assert "/sign-in/" in answer["Location"]


@pytest.mark.parametrize(
    "redirect",
    [
        "https://claude.ai/api/mcp/auth_callback",
        "http://localhost/callback",
        "http://127.0.0.1:33418/",
        "http://[::1]:8787/callback",
        "https://vscode.dev/redirect",
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "https://www.cursor.com/agents/mcp/oauth/callback",
    ],
)
def test_the_redirects_of_known_clients_work(redirect: str) -> None:
    client = OAuthClient(redirect=redirect)
    assert client.register().status_code == 201
    assert client.connect()["token_type"] == "Bearer"


def test_claude_code_registers_localhost_without_a_port_and_comes_with_one() -> None:
    client = OAuthClient(redirect="http://localhost/callback")
    client.register()
    client.redirect = "http://localhost:51234/callback"
    page = client.authorize()
    assert "Any program on this computer can listen there" in page.content.decode()
    assert "http://localhost:51234" in page["Content-Security-Policy"]
    assert client.token(code=client.consent(page)["code"]).status_code == 200


@pytest.mark.parametrize(
    "redirect",
    [
        "http://evil.dev/callback", "javascript:alert(1)", "data:text/html,x", "https://user@evil.dev/", "https:///x",
        "https://evil.dev/#x", "https://*.evil.dev/", "https://evil.dev\\@good.dev/", "ftp://evil.dev/", "", 7, None,
        "https://evil.dev/ x", "https://evil.dev/\r\nx", "http://localhost.evil.dev/", "https://ex\u0430mple.dev/",
        "https://evil.dev:99999/", "https://" + "a" * 600,
    ],
)  # fmt: skip
def test_a_redirect_that_could_be_misused_is_not_registered(redirect: object) -> None:
    assert redirect_trouble(redirect)
    answer = OAuthClient().register(redirect_uris=[redirect])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")


@pytest.mark.parametrize(
    "metadata",
    [
        {"grant_types": ["client_credentials"]},
        {"grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"]},
        {"grant_types": "authorization_code"},
        {"response_types": ["token"]},
        {"client_name": ["x"]},
        {"redirect_uris": []},
        {"redirect_uris": ["https://a.dev/"] * 11},
    ],
)
def test_other_grants_and_shapes_are_not_registered(metadata: dict[str, object]) -> None:
    assert OAuthClient().register(**metadata).status_code == 400


def test_the_same_metadata_registers_the_same_client_and_a_name_cannot_fake_the_page() -> None:
    first, second = OAuthClient(), OAuthClient()
    first.register(client_name="Nice\u202e client\n<b>")
    second.register(client_name="Nice\u202e client\n<b>")
    assert first.client_id == second.client_id
    assert Application.objects.get().name == "Nice client<b>"
    assert "&lt;b&gt;" in first.authorize().content.decode()


def test_registering_is_limited_by_address() -> None:
    answers = [OAuthClient().register() for _ in range(31)]
    assert [answer.status_code for answer in answers].count(429) == 1
    assert int(answers[-1]["Retry-After"]) <= 60


@pytest.mark.parametrize(
    "client_id", ["https://127.0.0.1/client", "https://169.254.169.254/latest", "https://localhost/"]
)
def test_a_metadata_document_on_a_private_address_is_no_client(client: OAuthClient, client_id: str) -> None:
    assert client.authorize(client_id=client_id).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/oauth/applications/", "/oauth/introspect/", "/oauth/device-authorization/", "/oauth/userinfo/", "/o/token/",
        "/oauth/authorized_tokens/", "/.well-known/jwks.json", "/.well-known/openid-configuration",
    ],
)  # fmt: skip
def test_no_other_endpoint_of_the_toolkit_is_reachable(path: str) -> None:
    with pytest.raises(Resolver404):
        resolve(path)


@pytest.mark.parametrize("grant", ["password", "client_credentials", "implicit", ""])
def test_other_grants_are_not_given(client: OAuthClient, grant: str) -> None:
    assert client.token(grant_type=grant, username="olga", password="x").json()["error"] == "unsupported_grant_type"


def test_a_token_signed_with_our_key_but_never_issued_is_refused(client: OAuthClient) -> None:
    forged = own_jwt.sign(login="ada", client_id="x", scopes=["admin"], resource=REST, lifetime_s=60)
    assert client.whoami(forged).json()["code"] == "token_revoked"


@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS384"])
def test_our_issuer_in_a_token_that_we_did_not_sign_is_refused(client: OAuthClient, algorithm: str) -> None:
    claims = jwt.decode(client.connect()["access_token"], options={"verify_signature": False})
    key = "" if algorithm == "none" else "k" * 64
    forged = jwt.encode({**claims, "sub": "ada"}, key, algorithm=algorithm)
    assert client.whoami(forged).json()["code"] in {"token_signature", "token_algorithm"}
