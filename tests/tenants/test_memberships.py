"""The round that keeps roles what GitHub's teams say: what it adds, ends and leaves alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from accounts.actions import create_token
from accounts.models import Person
from core.actor import Door, Role
from core.clock import now
from integrations.gitops.specs import tenant_spec
from observer.git_reader import tenant_row
from operations import consumers
from operations.models import AuditEntry
from sandbox.github.control import Control
from tenants.engine import refresh_everybody, refresh_person
from tenants.engine.roles import save_roles
from tenants.models import Member, Source, Tenant
from tenants.queries import actor_for
from tenants.tasks import MEMBERSHIPS, refresh_memberships
from tests import builders
from tests.accounts.oauth_client import OAuthClient
from tests.operations.test_socket import Page, changed, tell
from tests.sign_in.browser import Browser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]


@pytest.fixture
def world(github: Control) -> Control:
    builders.tenant("payments", github_team="acme-payments")
    builders.tenant("storefront", github_team="acme-storefront")
    builders.tenant("labs", github_team="acme-labs")
    return github


def roles_of(login: str) -> dict[str, Role]:
    return dict(actor_for(login, door=Door.WEB).roles)


def rows() -> set[tuple[str, str, str]]:
    found = Member.objects.filter(source="github").values_list("tenant__name", "login", "role")
    return set(found)


def test_a_round_lists_everybody_of_every_team(world: Control) -> None:
    assert refresh_everybody() == 6

    assert rows() == {
        ("payments", "olga", "owner"),
        ("payments", "dev", "developer"),
        ("payments", "vera", "viewer"),
        ("storefront", "olga", "owner"),
        ("storefront", "dev", "developer"),
        ("labs", "oscar", "owner"),
    }
    assert refresh_everybody() == 0


def test_one_round_at_a_time_leaves_the_other_workers_to_the_operations(world: Control) -> None:
    cache.add(MEMBERSHIPS, True)
    refresh_memberships()
    assert rows() == set()

    cache.delete(MEMBERSHIPS)
    refresh_memberships()
    assert len(rows()) == 6
    assert cache.get(MEMBERSHIPS) is None


def test_a_round_follows_joining_changing_and_leaving(world: Control) -> None:
    refresh_everybody()
    world("leave", login="vera", team="acme-payments-viewers")
    world("join", login="dev", team="acme-payments-owners")
    world("join", login="oscar", team="acme-storefront")

    assert refresh_everybody() == 3

    assert roles_of("vera") == {}
    assert roles_of("dev") == {"payments": Role.OWNER, "storefront": Role.DEVELOPER}
    assert roles_of("oscar") == {"labs": Role.OWNER, "storefront": Role.DEVELOPER}


def test_what_git_lists_is_left_alone(world: Control) -> None:
    moment = now() - timedelta(minutes=5)
    Member.objects.create(
        tenant=Tenant.objects.get(name="payments"), login="vera", role="developer", resolved_at=moment
    )

    refresh_everybody()
    world("expel", login="vera")
    refresh_everybody()

    kept = Member.objects.get(login="vera")
    assert (kept.source, kept.role, kept.resolved_at) == ("git", "developer", moment)


def test_a_tenant_whose_team_changes_in_git_gets_that_teams_people(world: Control) -> None:
    refresh_everybody()
    Tenant.objects.filter(name="labs").update(github_team="acme-storefront")

    refresh_everybody()

    assert roles_of("dev")["labs"] is Role.DEVELOPER
    assert "labs" not in roles_of("oscar")


@pytest.mark.parametrize("broken", [{"down": True}, {"rate_limited": True}])
def test_an_outage_changes_no_role_and_marks_the_source(world: Control, broken: dict[str, bool]) -> None:
    refresh_everybody()
    before, contact = rows(), Source.objects.get(name="github").last_contact_at
    world("leave", login="dev", team="acme-payments")
    world("switch", **broken)

    assert refresh_everybody() == 0

    source = Source.objects.get(name="github")
    assert rows() == before
    assert source.error.startswith("GitHub")
    assert source.last_contact_at == contact


def test_the_source_heals_with_github(world: Control) -> None:
    world("switch", down=True)
    refresh_everybody()
    world("switch", down=False)

    refresh_everybody()

    source = Source.objects.get(name="github")
    assert (source.error, source.error_since) == ("", None)


def test_an_organisation_of_the_same_name_changes_nothing(world: Control) -> None:
    refresh_everybody()
    before = rows()
    world("organisation", id=666)

    refresh_everybody()

    assert rows() == before
    assert "not the one that is configured" in Source.objects.get(name="github").error


def test_who_leaves_the_organisation_is_signed_out_by_the_next_round(world: Control) -> None:
    browser = Browser()
    browser.sign_in("oscar")
    assert browser.is_signed_in()
    world("expel", login="oscar")

    refresh_everybody()

    assert not browser.is_signed_in()
    assert roles_of("oscar") == {}


def test_an_admin_who_leaves_the_organisation_is_no_admin(world: Control) -> None:
    Browser().sign_in("ada")
    world("expel", login="ada")

    refresh_everybody()

    assert not actor_for("ada", door=Door.WEB).is_admin


def test_who_comes_back_is_admitted_again(world: Control) -> None:
    browser = Browser()
    browser.sign_in("dev")
    Person.objects.filter(login="dev").update(is_active=False)

    browser.sign_in("dev")

    assert browser.is_signed_in()
    assert roles_of("dev")["payments"] is Role.DEVELOPER


def test_who_comes_back_does_not_bring_old_tokens_to_life(world: Control) -> None:
    """What was left on a machine, or leaked meanwhile, stays ended."""
    browser = Browser()
    browser.sign_in("dev")
    token = create_token(actor_for("dev", door=Door.WEB), name="ci", scopes=["read"], days=30).secret
    client = OAuthClient("dev")
    client.register()
    connected = client.connect()
    world("expel", login="dev")
    refresh_everybody()
    assert {client.whoami(one).status_code for one in (token, connected["access_token"])} == {401}

    world("reset")
    browser.sign_in("dev")

    assert {client.whoami(one).json()["code"] for one in (token, connected["access_token"])} == {"token_revoked"}
    assert client.refresh(connected["refresh_token"]).status_code == 400
    assert AuditEntry.objects.filter(verb="person.shut_out", target="dev").count() == 1


def test_who_only_clicked_on_the_cast_is_never_shut_out(world: Control, client: Client) -> None:
    client.post("/sandbox/sign-in/", {"person": "oscar"})
    world("expel", login="oscar")

    refresh_everybody()

    assert client.get("/services/").status_code == 200


def test_a_team_that_took_a_name_gives_its_people_nothing(world: Control) -> None:
    refresh_everybody()
    world("team", slug="acme-payments-owners", id=99_999)
    world("join", login="oscar", team="acme-payments-owners")

    refresh_everybody()

    assert "payments" not in roles_of("oscar")
    assert "payments" not in roles_of("olga")


def test_one_person_is_read_again_on_demand(world: Control) -> None:
    browser = Browser()
    browser.sign_in("vera")
    world("join", login="vera", team="acme-storefront")

    answer = browser.client.post("/account/refresh/", follow=True)

    assert "Your memberships were read from GitHub just now." in answer.content.decode()
    assert roles_of("vera") == {"payments": Role.VIEWER, "storefront": Role.DEVELOPER}


def test_on_demand_says_when_github_cannot_be_asked(world: Control) -> None:
    browser = Browser()
    browser.sign_in("vera")
    world("switch", down=True)

    page = browser.client.post("/account/refresh/", follow=True).content.decode()

    assert "Your memberships stay as they were read before. GitHub answers 503." in page
    assert roles_of("vera") == {"payments": Role.VIEWER}


def test_a_round_that_began_before_a_sign_in_does_not_undo_it(world: Control) -> None:
    began = now()
    Browser().sign_in("dev")

    save_roles({}, asked_at=began)

    assert roles_of("dev")["payments"] is Role.DEVELOPER


def test_a_login_that_belongs_to_another_account_now_loses_its_roles(world: Control) -> None:
    Browser().sign_in("dev")
    world("rename", login="dev", new_login="devon")
    world("account", login="dev", id=66_666)

    refresh_person("dev")

    assert roles_of("dev") == {}


def test_removals_reach_pages_and_sockets_within_a_minute() -> None:
    """A round, then the socket's own question; a page asks at every request."""
    assert settings.MEMBERSHIP_REFRESH_S + consumers.ASK_AGAIN_AFTER_S <= 60


@pytest.mark.django_db(transaction=True)
async def test_a_removal_closes_the_open_socket(world: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "ASK_AGAIN_AFTER_S", 0.05)
    ask: Callable[..., Any] = database_sync_to_async(refresh_everybody)
    await ask()
    page = Page(await database_sync_to_async(actor_for)("vera", door=Door.WEB))
    await page.open()
    await tell("payments", changed("payments"))
    assert await page.hears() == changed("payments")

    world("leave", login="vera", team="acme-payments-viewers")
    await ask()

    assert await page.is_closed_with() == consumers.NOT_ALLOWED
    await page.leave()


def test_a_removal_hides_the_open_page(world: Control) -> None:
    browser = Browser()
    browser.sign_in("vera")
    assert browser.client.get("/tenants/payments/").status_code == 200
    world("leave", login="vera", team="acme-payments-viewers")

    refresh_everybody()

    assert browser.client.get("/tenants/payments/").status_code == 404


def test_a_tenant_s_own_mapping_counts_in_place_of_the_settings(world: Control) -> None:
    refresh_everybody()
    assert roles_of("dev")["payments"] is Role.DEVELOPER

    Tenant.objects.filter(name="payments").update(team_roles={"acme-payments": "viewer", "acme-labs-owners": "owner"})
    refresh_everybody()

    assert roles_of("dev")["payments"] is Role.VIEWER
    assert roles_of("oscar")["payments"] is Role.OWNER


def test_a_mapping_with_an_unknown_role_gives_none_and_not_that_of_the_settings(world: Control) -> None:
    Tenant.objects.filter(name="payments").update(team_roles={"acme-payments": "boss"})
    refresh_everybody()

    assert "payments" not in roles_of("dev")


def test_the_mapping_comes_from_the_values_file() -> None:
    text = "tenant:\n  githubTeam: acme-payments\n  teamRoles:\n    acme-payments-leads: owner\n"

    columns = tenant_row(tenant_spec("payments", "values.yaml", "", text)).columns()

    assert columns["team_roles"] == {"acme-payments-leads": "owner"}
