"""GitHub's tokens: shown to GitHub, remembered for a minute by their hash, kept nowhere else."""

import logging

import pytest
from django.core.cache import cache

from accounts.errors import TokenRefused
from accounts.models import Person
from accounts.queries import verify
from core.actor import Door
from integrations.errors import Unreachable
from tests.accounts.servers import GitHub

pytestmark = pytest.mark.django_db
TOKEN = "ghp_CanaryCanaryCanaryCanary"


def test_a_github_token_is_its_owner(token_github: GitHub) -> None:
    token_github.tokens[TOKEN] = {"login": "Olga", "id": 7}
    assert (verify(TOKEN, Door.REST).login, verify(TOKEN, Door.REST).kind) == ("olga", "github")
    assert token_github.asked["/api/v3/user"] == 1


def test_who_is_not_in_the_organisation_is_refused_whatever_names_them_here(token_github: GitHub) -> None:
    """Somebody whom a tenant's values file lists, or whose login is an admin's, and who never signed in."""
    token_github.tokens[TOKEN] = {"login": "ada", "id": 9}
    token_github.outsiders.add("ada")
    for _ in range(2):
        with pytest.raises(TokenRefused) as refused:
            verify(TOKEN, Door.REST)
    assert refused.value.problem_code == "not_a_member"
    assert [count for path, count in token_github.asked.items() if "memberships" in path] == [1]


def test_a_no_of_github_is_said_and_remembered_for_a_short_time(token_github: GitHub) -> None:
    for _ in range(3):
        with pytest.raises(TokenRefused) as refused:
            verify(TOKEN, Door.REST)
    assert refused.value.problem_code == "token_refused_by_github"
    assert refused.value.facts["recognised"] == "GitHub token"
    assert token_github.asked["/api/v3/user"] == 1


@pytest.mark.parametrize(
    "broken",
    [
        (500, {}, {}),
        (403, {"x-ratelimit-remaining": "0"}, {}),
        (429, {"retry-after": "60"}, {}),
        (302, {"Location": "http://127.0.0.1:9/"}, {}),
        (200, {}, b"<html>"),
        (200, {}, {"login": "olga/../ada", "id": 7}),
        (200, {}, {"login": "olga"}),
    ],
)
def test_a_github_that_cannot_answer_lets_nobody_in_and_is_asked_again(
    token_github: GitHub, broken: tuple[int, dict[str, str], object]
) -> None:
    token_github.tokens[TOKEN] = {"login": "olga", "id": 7}
    token_github.broken = broken
    with pytest.raises(Unreachable):
        verify(TOKEN, Door.REST)
    token_github.broken = None
    assert verify(TOKEN, Door.REST).login == "olga"


def test_the_token_is_in_no_cache_key_value_or_log(token_github: GitHub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token_github.tokens[TOKEN] = {"login": "olga", "id": 7}
    verify(TOKEN, Door.REST)
    connection = cache._cache.get_client()
    kept = b" ".join(key + (connection.get(key) or b"") for key in connection.keys("*github-token*"))
    assert kept
    assert b"Canary" not in kept
    assert "Canary" not in caplog.text


def test_whoever_was_shut_out_here_stays_out_whatever_github_says(token_github: GitHub) -> None:
    token_github.tokens[TOKEN] = {"login": "olga", "id": 7}
    Person.objects.create(login="olga", is_active=False)
    with pytest.raises(TokenRefused) as refused:
        verify(TOKEN, Door.REST)
    assert refused.value.problem_code == "person_inactive"


def test_whoever_took_over_a_login_on_github_is_somebody_else_here(token_github: GitHub) -> None:
    token_github.tokens[TOKEN] = {"login": "olga", "id": 666}
    Person.objects.create(login="olga", github_id=7)
    with pytest.raises(TokenRefused) as refused:
        verify(TOKEN, Door.REST)
    assert refused.value.problem_code == "login_taken"
