"""The client of GitHub: what it understands, what it makes of refusals, and where a token never goes."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import requests

from core.errors import Problem
from integrations.errors import Missing, Refused, Unreachable
from integrations.github import GitHub, Team
from integrations.github.failures import BadCredentials, NotApproved, SessionNeeded
from sandbox.github.control import Control
from tests.settings import PLATFORM


class Memory(dict[str, Any]):
    def set(self, key: str, value: Any, timeout: float) -> None:
        self[key] = value


def client_of(token: str, **options: Any) -> GitHub:
    return GitHub(PLATFORM.github_url, token, **options)


def oauth_token(login: str) -> str:
    """As the sign-in gets one; the organisation's restrictions concern these only."""
    callback = "http://127.0.0.1/sign-in/github/callback/"
    form = {"client_id": "Iv1.sandbox", "redirect_uri": callback, "scope": "read:org", "login": login}
    page = requests.post(f"{PLATFORM.github_url}/login/oauth/authorize", data=form, timeout=10, allow_redirects=False)
    form["code"] = page.headers["Location"].split("code=")[1]
    form["client_secret"] = PLATFORM.github_secret_file.read_text()
    answer = requests.post(
        f"{PLATFORM.github_url}/login/oauth/access_token", data=form, headers={"Accept": "application/json"}, timeout=10
    )
    return str(answer.json()["access_token"])


def test_a_person_and_the_persons_teams(github: Control) -> None:
    dev = client_of(github.token_of("dev"))

    assert (dev.me().id, dev.me().login) == (90003, "dev")
    assert dev.my_teams() == [Team(5101, "acme-payments", 7001), Team(5201, "acme-storefront", 7001)]
    membership = dev.my_membership("acme")
    assert membership is not None
    assert (membership.organisation_id, membership.is_active) == (7001, True)


def test_the_organisation_as_its_own_token_sees_it(github: Control) -> None:
    app = client_of(github.token_of("app"))

    assert app.organisation_id("acme") == 7001
    assert {account.login for account in app.members("acme")} == {"ada", "olga", "dev", "vera", "oscar"}
    assert [account.login for account in app.team_members("acme", "acme-payments-owners")] == ["olga"]
    assert app.is_in_team("acme", "acme-payments", "dev")
    assert not app.is_in_team("acme", "acme-payments", "vera")


def test_what_is_absent_is_none_and_lists_of_it_are_missing(github: Control) -> None:
    app = client_of(github.token_of("app"))

    assert app.organisation_id("nowhere") is None
    assert app.membership("acme", "nobody") is None
    with pytest.raises(Missing):
        app.team_members("acme", "no-such-team")


def test_names_with_slashes_stay_names(github: Control) -> None:
    app = client_of(github.token_of("app"))

    assert app.membership("acme", "../members") is None
    assert not app.is_in_team("acme", "acme-payments/../../x", "dev")


def test_a_long_list_is_read_to_its_end(github: Control) -> None:
    for number in range(230):
        github("team", slug=f"guild-{number:03}", id=8000 + number)

    assert len(client_of(github.token_of("app")).teams("acme")) == 237


def test_an_unchanged_list_is_remembered_and_a_changed_one_is_not(github: Control) -> None:
    app = client_of(github.token_of("app"), memory=Memory())
    used = _used(github)
    app.teams("acme")
    app.teams("acme")
    assert _used(github) - used == 2  # the first read, and this question itself

    github("team", slug="acme-new", id=1)

    assert "acme-new" in {team.slug for team in app.teams("acme")}


def test_what_is_remembered_holds_no_token(github: Control) -> None:
    memory = Memory()
    client_of(github.token_of("app"), memory=memory).teams("acme")

    assert memory
    assert github.token_of("app") not in str(memory)


def _used(github: Control) -> int:
    headers = {"Authorization": f"Bearer {github.token_of('app')}"}
    answer = requests.get(f"{PLATFORM.github_url}/api/v3/orgs/acme", headers=headers, timeout=10)
    return int(answer.headers["X-RateLimit-Used"])


@pytest.mark.parametrize(
    ("switch", "kind"),
    [("down", Unreachable), ("rate_limited", Unreachable), ("unapproved", NotApproved), ("saml", SessionNeeded)],
)
def test_refusals_and_outages_are_told_apart(github: Control, switch: str, kind: type[Problem]) -> None:
    token = oauth_token("dev")
    github("switch", **{switch: True})

    with pytest.raises(kind) as told:
        client_of(token).my_teams()

    assert token not in str(told.value.as_dict())


def test_a_revoked_token_is_bad_credentials(github: Control) -> None:
    token = github("token", login="dev", scopes=["read:org"])["token"]
    github("revoke", token=token)

    with pytest.raises(BadCredentials):
        client_of(token).me()


def test_a_token_without_the_scope_is_refused(github: Control) -> None:
    with pytest.raises(Refused, match="403"):
        client_of(github("token", login="dev", scopes=[])["token"]).my_teams()


def test_silence_is_an_outage(github: Control) -> None:
    github("switch", delay_s=3)

    with pytest.raises(Unreachable, match="did not answer in time"):
        client_of(github.token_of("dev"), timeout_s=0.2).me()


def test_nobody_listening_is_an_outage() -> None:
    with pytest.raises(Unreachable, match="cannot be reached"):
        GitHub("http://127.0.0.1:9", "ghp_x").me()


class Hostile(BaseHTTPRequestHandler):
    """A server that answers as it is told, and notes the tokens it gets."""

    answer: tuple[int, dict[str, str], bytes] = (200, {}, b"[]")
    seen: list[str] = []

    def do_GET(self) -> None:
        self.seen.append(self.headers.get("Authorization", ""))
        status, headers, body = self.answer
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


def test_a_token_sees_the_teams_of_its_organisation_and_of_no_other(github: Control) -> None:
    dev = client_of(github.token_of("dev"))

    assert dev.sees_teams("acme")
    assert not dev.sees_teams("nobodys")


@pytest.fixture
def hostile() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    Thread(target=server.serve_forever, daemon=True).start()
    Hostile.seen.clear()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"Link": '<http://127.0.0.1:9/teams>; rel="next"'}, b"[]"),
        (302, {"Location": "http://127.0.0.1:9/teams"}, b""),
        (200, {}, b"<html>"),
        (200, {}, json.dumps(["x" * 100] * 40_000).encode()),
    ],
    ids=["a next page elsewhere", "a redirect", "no JSON", "four megabytes"],
)
def test_odd_answers_end_the_question_and_the_token_goes_nowhere(
    hostile: str, answer: tuple[int, dict[str, str], bytes]
) -> None:
    Hostile.answer = answer

    with pytest.raises(Unreachable):
        GitHub(hostile, "ghp_canary").my_teams()

    assert Hostile.seen == ["Bearer ghp_canary"]
