"""What an OAuth client that lives in a browser needs: to find us, register, fetch tokens; and /mcp for known sites."""

import pytest
from django.test import Client
from pytest_django import Settings

from core.actor import Actor
from tests.accounts.oauth_client import OAuthClient
from tests.doors.bearer import LET_IN, ask, token

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("signed_in_cast")]
INSPECTOR = "http://localhost:6274"
ASKING = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}


@pytest.mark.parametrize(
    "path",
    ["/oauth/token", "/oauth/register", "/oauth/revoke", "/.well-known/oauth-authorization-server",
     "/.well-known/oauth-protected-resource/mcp"],
)  # fmt: skip
def test_any_page_may_ask_what_it_may_send_to_an_oauth_client_s_endpoints(path: str) -> None:
    answer = Client().options(path, headers={"Origin": INSPECTOR, **ASKING})
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (204, "*")
    assert "MCP-Protocol-Version" in answer["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer


def test_a_client_in_a_browser_reads_what_registration_and_token_answer() -> None:
    client = OAuthClient()
    client.http.defaults["HTTP_ORIGIN"] = INSPECTOR
    assert client.register()["Access-Control-Allow-Origin"] == "*"
    assert client.token(code="wrong")["Access-Control-Allow-Origin"] == "*"


def test_the_consent_is_never_shared_with_another_page() -> None:
    client = OAuthClient()
    client.register()
    client.browser.defaults["HTTP_ORIGIN"] = INSPECTOR
    assert "Access-Control-Allow-Origin" not in client.authorize()


def test_a_site_of_the_list_may_call_the_tools_and_read_a_refusal(olga: Actor, settings: Settings) -> None:
    settings.CORS_ORIGINS = [INSPECTOR]
    good, bad = ask(origin=INSPECTOR, authorization=token(olga)), ask(origin=INSPECTOR)
    assert [good.status, bad.status] == [LET_IN, 401]
    assert good.headers["access-control-allow-origin"] == bad.headers["access-control-allow-origin"] == INSPECTOR
    assert "WWW-Authenticate" in bad.headers["access-control-expose-headers"]


def test_its_preflight_is_answered_and_that_of_others_is_not(settings: Settings) -> None:
    settings.CORS_ORIGINS = [INSPECTOR]
    welcome = ask("OPTIONS", origin=INSPECTOR, access_control_request_method="POST")
    stranger = ask("OPTIONS", origin="https://evil.dev", access_control_request_method="POST")
    assert (welcome.status, stranger.status) == (204, 403)
    assert "Authorization" in welcome.headers["access-control-allow-headers"]
    assert "access-control-allow-origin" not in stranger.headers
