"""Signing in with GitHub: the real flow against the sandbox's GitHub, and the roles it gives."""

from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client

from accounts.actions.admission import release_login
from accounts.models import Person
from core.actor import Door, Role
from sandbox.github.control import Control
from tenants.engine.roles import confirm_team
from tenants.models import Member, Tenant
from tenants.queries import actor_for
from tests import builders
from tests.sign_in.browser import Browser, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]


@pytest.fixture
def browser(github: Control) -> Browser:
    builders.tenant("payments", github_team="acme-payments")
    builders.tenant("storefront", github_team="acme-storefront")
    builders.tenant("labs", github_team="acme-labs")
    return Browser()


def roles_of(login: str) -> dict[str, Role]:
    return dict(actor_for(login, door=Door.WEB).roles)


def test_a_member_of_a_team_signs_in_and_has_the_teams_role(browser: Browser) -> None:
    answer = browser.sign_in("dev")

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert browser.is_signed_in()
    assert roles_of("dev") == {"payments": Role.DEVELOPER, "storefront": Role.DEVELOPER}


@pytest.mark.parametrize(
    ("login", "roles"),
    [
        ("olga", {"payments": Role.OWNER, "storefront": Role.OWNER}),
        ("vera", {"payments": Role.VIEWER}),
        ("oscar", {"labs": Role.OWNER}),
        ("ada", {}),
    ],
)
def test_the_teams_suffix_decides_the_role(browser: Browser, login: str, roles: dict[str, Role]) -> None:
    browser.sign_in(login)

    assert roles_of(login) == roles


def test_the_greater_of_two_teams_counts(browser: Browser, github: Control) -> None:
    github("join", login="olga", team="acme-payments")
    github("join", login="olga", team="acme-payments-viewers")

    browser.sign_in("olga")

    assert roles_of("olga")["payments"] is Role.OWNER


def test_the_greater_of_git_and_team_counts_and_both_are_kept(browser: Browser) -> None:
    payments = Tenant.objects.get(name="payments")
    Member.objects.create(tenant=payments, login="vera", role="owner", resolved_at=payments.cluster_observed_at)

    browser.sign_in("vera")

    assert roles_of("vera") == {"payments": Role.OWNER}
    assert set(Member.objects.filter(login="vera").values_list("source", "role", "team")) == {
        ("git", "owner", ""),
        ("github", "viewer", "acme-payments-viewers"),
    }


def test_a_tenant_without_a_team_takes_the_team_of_its_own_name(browser: Browser, github: Control) -> None:
    builders.tenant("billing")
    github("team", slug="billing-owners", id=5901)
    github("join", login="dev", team="billing-owners")

    browser.sign_in("dev")

    assert roles_of("dev")["billing"] is Role.OWNER


def test_another_mapping_of_teams_is_a_setting(browser: Browser, settings: Any) -> None:
    settings.TEAM_ROLES = ["{team}=viewer"]

    browser.sign_in("dev")

    assert roles_of("dev") == {"payments": Role.VIEWER, "storefront": Role.VIEWER}


def test_more_teams_than_one_page_are_read(browser: Browser, github: Control) -> None:
    for number in range(130):
        github("team", slug=f"a-guild-{number:03}", id=8000 + number)
        github("join", login="vera", team=f"a-guild-{number:03}")

    browser.sign_in("vera")

    assert roles_of("vera") == {"payments": Role.VIEWER}


def test_signing_in_again_takes_away_what_ended_meanwhile(browser: Browser, github: Control) -> None:
    browser.sign_in("dev")
    github("leave", login="dev", team="acme-payments")

    browser.sign_in("dev")

    assert roles_of("dev") == {"storefront": Role.DEVELOPER}


def test_a_person_known_by_one_click_is_the_same_person(browser: Browser) -> None:
    known = Person.objects.signed_in("dev", name="Dev")

    browser.sign_in("dev")

    assert Person.objects.get(github_id=90003) == known


def test_a_renamed_person_keeps_the_record(browser: Browser, github: Control) -> None:
    browser.sign_in("dev")
    github("rename", login="dev", new_login="devon")

    browser.sign_in("devon")

    assert Person.objects.get(github_id=90003).login == "devon"


def test_who_takes_a_login_that_was_given_up_does_not_become_that_person(browser: Browser, github: Control) -> None:
    browser.sign_in("dev")
    github("rename", login="dev", new_login="devon")
    github("account", login="dev", id=66_666)
    thief = Browser()

    said = words_of(thief.client, thief.sign_in("dev"))

    assert "The login dev belongs to another GitHub account here." in said
    assert not thief.is_signed_in()


def test_a_released_login_may_be_taken(browser: Browser, github: Control) -> None:
    browser.sign_in("dev")
    github("rename", login="dev", new_login="devon")
    github("account", login="dev", id=66_666)

    release_login("dev")
    other = Browser()
    other.sign_in("dev")

    assert other.is_signed_in()
    assert Person.objects.get(login="dev").github_id == 66_666
    assert not browser.is_signed_in()


def test_a_login_that_cannot_be_released_signs_nobody_out(browser: Browser, github: Control) -> None:
    browser.sign_in("dev")
    dev = Person.objects.get(login="dev")
    Person.objects.create(login=f"dev~{dev.github_id}")

    with pytest.raises(IntegrityError):
        release_login("dev")

    assert browser.is_signed_in()
    assert Person.objects.get(login="dev").is_active


def test_a_team_that_took_the_name_of_another_gives_nothing_until_confirmed(browser: Browser, github: Control) -> None:
    browser.sign_in("dev")
    github("team", slug="acme-payments", id=99_999)

    browser.sign_in("dev")
    assert roles_of("dev") == {"storefront": Role.DEVELOPER}

    assert confirm_team("acme-payments") == 99_999
    browser.sign_in("dev")
    assert roles_of("dev")["payments"] is Role.DEVELOPER


def test_signing_in_as_somebody_else_ends_the_first_session(browser: Browser) -> None:
    browser.sign_in("dev")
    before = browser.client.session.session_key

    browser.sign_in("vera")

    assert browser.client.session.session_key != before
    assert "vera" in browser.client.get("/account/").content.decode()


def test_signing_out_goes_back_to_the_door(browser: Browser) -> None:
    browser.sign_in("dev")

    answer = browser.client.post("/sign-out/")

    assert answer["Location"] == "/sandbox/sign-in/"
    assert not browser.is_signed_in()


@pytest.mark.parametrize("page", ["/sign-in/", "/sandbox/sign-in/"])
def test_both_doors_offer_github(client: Client, page: str) -> None:
    assert "Sign in with GitHub" in client.get(page).content.decode()


def test_without_an_oauth_app_nothing_is_offered(client: Client, settings: Any) -> None:
    settings.GITHUB_CLIENT_ID = ""

    assert "No way to sign in is configured" in client.get("/sign-in/").content.decode()
    assert client.post("/sign-in/github/").status_code == 404
    assert client.get("/sign-in/github/callback/?code=1&state=2").status_code == 404


@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/accounts/signup/", "/accounts/email/", "/accounts/password/set/"]
)
def test_nothing_else_of_the_sign_in_library_is_there(client: Client, path: str) -> None:
    assert client.get(path, follow=False).status_code == 404
