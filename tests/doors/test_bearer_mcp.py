"""The gate in front of /mcp, asked as a server would ask it."""

import pytest
from pytest_django import Settings

from accounts.queries import failure_of
from core.actor import Actor
from operations.models import AuditEntry
from tenants.engine import write_security_events
from tests.accounts.servers import Dex, GitHub
from tests.doors.bearer import LET_IN, ask, token

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("signed_in_cast")]


def test_a_good_token_is_let_in(olga: Actor) -> None:
    assert ask(authorization=token(olga)).status == LET_IN


def test_without_a_token_a_client_learns_where_to_ask_and_for_what() -> None:
    answer = ask()
    challenge = answer.headers["www-authenticate"]
    assert answer.status == 401
    assert 'scope="read"' in challenge
    assert 'resource_metadata="http://127.0.0.1:8000/.well-known/oauth-protected-resource/mcp"' in challenge
    assert "error=" not in challenge


def test_a_bad_token_is_refused_with_its_reason_and_kept_for_the_inspector() -> None:
    answer = ask(authorization="Bearer a.b.c.d")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert set(answer.json()) == {"error", "code", "sentence", "remedy", "facts", "request_id"}
    kept = failure_of(answer.headers["x-request-id"])
    assert kept is not None
    assert (kept["door"], kept["code"]) == ("mcp", "unrecognised_token_shape")


def test_a_token_without_the_scope_is_told_which_scopes_to_ask_for(olga: Actor) -> None:
    answer = ask(authorization=token(olga, "write"))
    assert answer.status == 403
    assert 'error="insufficient_scope", scope="read write"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("host", ["evil.dev", "evil.dev:8000", "127.0.0.1.evil.dev", "", "127.0.0.1@evil.dev"])
def test_another_host_is_refused_before_the_token_is_looked_at(olga: Actor, host: str) -> None:
    assert ask(host=host, authorization=token(olga)).status == 421


@pytest.mark.parametrize(
    "origin", ["https://evil.dev", "null", "http://127.0.0.1:9999", "http://127.0.0.1:8000.evil.dev"]
)
def test_a_page_of_another_site_is_refused(olga: Actor, origin: str) -> None:
    answer = ask(origin=origin, authorization=token(olga))
    assert (answer.status, answer.json()["code"]) == (403, "foreign_origin")


def test_our_own_origin_and_none_at_all_are_taken(olga: Actor) -> None:
    header = token(olga)
    assert ask(origin="http://127.0.0.1:8000", authorization=header).status == LET_IN
    assert ask(authorization=header).status == LET_IN


def test_a_browser_that_opens_the_address_gets_an_explanation() -> None:
    answer = ask("GET", accept="text/html,application/xhtml+xml")
    assert answer.status == 200
    assert "This address is for AI clients" in answer.body
    assert "http://127.0.0.1:8000/mcp" in answer.body
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_refused_instead_of_held_open(olga: Actor, method: str) -> None:
    answer = ask(method, authorization=token(olga))
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_two_authorization_headers_are_none(olga: Actor) -> None:
    header = token(olga)
    assert ask(authorization=header, twice="Bearer ghp_other").status == 401


def test_a_blank_behind_a_header_does_not_matter(olga: Actor) -> None:
    assert ask(authorization=token(olga) + "  ").status == LET_IN


def test_a_foreign_token_is_taken_and_every_use_is_audited(dex: Dex, token_github: GitHub) -> None:
    token_github.tokens["ghp_abc"] = {"login": "olga", "id": 7}
    for one in ("ghp_abc", "ghp_abc", dex.token()):
        assert ask(authorization=f"Bearer {one}").status == LET_IN
    write_security_events()
    entries = AuditEntry.objects.filter(verb="mcp.foreign_token")
    assert {entry.client: entry.parameters["times"] for entry in entries} == {"GitHub token": 2, "Dex JWT": 1}
    assert {(entry.actor, entry.door) for entry in entries} == {("olga", "mcp")}


def test_one_setting_refuses_foreign_tokens_without_showing_them_to_anybody(
    dex: Dex,
    token_github: GitHub,
    settings: Settings,
) -> None:
    settings.MCP_FOREIGN_TOKENS = False
    for one in ("ghp_abc", dex.token()):
        answer = ask(authorization=f"Bearer {one}")
        assert (answer.status, answer.json()["code"]) == (401, "foreign_token_not_taken")
    assert not token_github.seen
    assert not dex.seen


def test_whoever_issued_the_token_is_away_then_nobody_gets_in(token_github: GitHub) -> None:
    token_github.broken = (502, {}, {})
    assert ask(authorization="Bearer ghp_abc").status == 503
    assert ask(authorization="Bearer ghp_abc").json()["code"] == "unreachable"


def test_a_person_and_an_address_that_guesses_are_limited(olga: Actor, settings: Settings) -> None:
    settings.READS_PER_MINUTE, settings.STRANGERS_PER_MINUTE = 2, 3
    header = token(olga)
    statuses = [ask(authorization=header).status for _ in range(3)]
    assert statuses == [LET_IN, LET_IN, 429]
    guesses = [ask(authorization=f"Bearer mctl_pat_guess{number}") for number in range(4)]
    assert [guess.status for guess in guesses] == [401, 401, 401, 429]
    assert int(guesses[-1].headers["retry-after"]) > 0
