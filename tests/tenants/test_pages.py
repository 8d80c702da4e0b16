"""Who am I, who belongs to a tenant, and what a refusal tells."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from accounts.models import Person
from core.actor import ALL_SCOPES, Actor, Door
from core.clock import now
from core.errors import Forbidden
from core.gate import require
from operations.policies import may_cancel
from services.policies import may_deploy
from tenants.models import Member, Source, TeamPin, Tenant
from tenants.panels import TENANT_PAGE, tenant_subject
from tenants.policies import needs_admin
from tenants.queries import actor_for
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]


@pytest.fixture(autouse=True)
def payments() -> None:
    row = builders.tenant("payments", {"olga": "owner", "vera": "viewer", "dev": "viewer"}, github_team="acme-payments")
    moment = now() - timedelta(seconds=5)
    Member.objects.create(
        tenant=row, login="dev", role="developer", source="github", team="acme-payments", resolved_at=moment
    )
    builders.tenant("labs", {"oscar": "owner"})


def page(login: str, path: str) -> str:
    client = Client()
    client.force_login(Person.objects.signed_in(login))
    answer = client.get(path)
    assert answer.status_code == 200, answer.status_code
    text = re.sub(r"(?s)<(script|style|svg).*?</\1>|<[^>]+>", " ", answer.content.decode())
    return " ".join(unescape(text).split())


def test_a_member_sees_who_belongs_and_through_what() -> None:
    said = page("vera", "/tenants/payments/members/")

    assert "3 people. You are viewer." in said
    assert re.search(
        r"dev developer values file in git viewer, read .* GitHub team acme-payments developer, read", said
    )
    assert "Owners change who is a member." in said
    assert "platform-gitops/tenants/payments/values.yaml" not in said


def test_the_page_of_a_tenant_is_not_fetched_again_as_a_whole() -> None:
    """Its list of services fetches itself."""
    vera = actor_for("vera", door=Door.WEB)
    shown = TENANT_PAGE.open(vera, tenant_subject(vera, "payments", {}))
    assert "running" in [one.panel.name for one in shown.panels]
    assert shown.trigger == ""


@pytest.mark.parametrize("login", ["olga", "ada"])
def test_owners_and_admins_see_how_to_change_it(login: str) -> None:
    said = page(login, "/tenants/payments/members/")

    assert "acme-payments-owners owner, 0" in said
    assert "Add or remove people in the GitHub teams" in said
    assert "platform-gitops/tenants/payments/values.yaml" in said


def test_a_team_that_changed_hands_is_marked() -> None:
    TeamPin.objects.create(slug="acme-payments", github_id=1, seen_id=2, pinned_at=now())

    assert "Another team has taken this name" in page("olga", "/tenants/payments/members/")


def test_old_memberships_are_marked_as_of_their_time() -> None:
    Source.objects.create(
        name="github", label="GitHub teams", last_contact_at=now() - timedelta(minutes=12), error="GitHub answers 503."
    )

    assert "GitHub teams as of 12 min ago . GitHub answers 503." in page("vera", "/tenants/payments/members/")


def test_without_a_github_only_the_values_file_is_spoken_of(settings: object) -> None:
    settings.GITHUB_ORG = ""  # type: ignore[attr-defined]

    said = page("olga", "/tenants/payments/members/")

    assert "GitHub teams" not in said
    assert "List them under tenant.members" in said


def test_the_tenants_page_names_everybody_once() -> None:
    said = page("vera", "/tenants/payments/")

    assert "Members you: viewer olga owner dev developer vera viewer" in said


def test_the_account_page_says_what_one_is_through_what_and_what_that_allows() -> None:
    said = page("dev", "/account/")

    assert re.search(
        r"payments developer values file in git viewer, read .* GitHub team acme-payments developer, read", said
    )
    assert "All a viewer may, and deploy" in said
    assert "You did not sign in with GitHub" in said


def test_the_account_page_of_somebody_without_a_tenant_says_what_to_do() -> None:
    assert "You belong to no tenant yet. An owner of a tenant adds you" in page("nobody", "/account/")


def test_the_account_page_of_an_admin_says_so() -> None:
    assert "Signed in as ada, platform admin." in page("ada", "/account/")


def refused(actor: Actor) -> Forbidden:
    with pytest.raises(Forbidden) as told:
        require(may_deploy(actor, tenant="payments"))
    return told.value


def test_a_refusal_names_the_role_the_team_whom_to_ask_and_when_it_was_read() -> None:
    actor = actor_for("vera", door=Door.REST)
    assert actor.resolved_at is not None

    told = refused(actor)

    assert told.sentence == "Deploying a service needs the developer role in payments; you are viewer of payments."
    assert told.remedy == (
        "Ask olga to add you to the GitHub team acme-payments. "
        f"Your memberships were last read at {actor.resolved_at:%H:%M:%S} UTC."
    )
    assert told.facts == {
        "tenant": "payments",
        "role_needed": "developer",
        "role_held": "viewer",
        "team": "acme-payments",
        "ask": ["olga"],
        "resolved_at": actor.resolved_at.isoformat(),
    }


def test_without_a_github_a_refusal_names_the_values_file(settings: object) -> None:
    settings.GITHUB_ORG = ""  # type: ignore[attr-defined]

    told = refused(actor_for("vera", door=Door.MCP))

    assert told.remedy.startswith("Ask olga to list you as developer in its values file.")


def test_a_tenant_without_owners_sends_one_to_the_admins() -> None:
    Member.objects.filter(role="owner").delete()

    assert refused(actor_for("vera", door=Door.WEB)).remedy.startswith("Ask a platform admin to add you")


def test_a_refused_cancel_says_the_same() -> None:
    decision = may_cancel(actor_for("vera", door=Door.WEB), tenant="payments", requested_by="dev")

    with pytest.raises(Forbidden) as told:
        require(decision)

    assert told.value.facts["team"] == "acme-payments"


def test_a_token_that_is_too_narrow_is_told_so_and_not_that_the_role_is_missing() -> None:
    narrow = replace(actor_for("dev", door=Door.REST), scopes=frozenset({"read"}))

    told = refused(narrow)

    assert told.sentence == "Deploying a service needs a token with the scope write; this one has read."
    assert "Connecting page" in told.remedy
    assert (told.facts["scope_needed"], told.facts["role_held"]) == ("write", "developer")


def test_a_token_that_may_only_read_cannot_cancel_what_its_person_started() -> None:
    narrow = replace(actor_for("vera", door=Door.REST), scopes=frozenset({"read"}))

    assert may_cancel(actor_for("vera", door=Door.REST), tenant="payments", requested_by="vera").allowed
    assert "scope write" in may_cancel(narrow, tenant="payments", requested_by="vera").reason


def test_what_only_admins_may_names_them() -> None:
    with pytest.raises(Forbidden) as told:
        require(needs_admin(actor_for("olga", door=Door.WEB), tenant="payments", doing="Deleting the tenant"))

    assert told.value.sentence == "Deleting the tenant needs a platform admin; you are owner of payments."
    assert told.value.remedy == "Ask ada to do it."
    assert told.value.facts["role_needed"] == "platform admin"


def test_an_admin_s_token_needs_the_scope_for_it() -> None:
    ada = replace(actor_for("ada", door=Door.MCP), scopes=frozenset({"read", "write"}))

    assert not needs_admin(ada, tenant="payments", doing="Deleting the tenant").allowed
    assert needs_admin(replace(ada, scopes=ALL_SCOPES), tenant="payments", doing="Deleting the tenant").allowed


def test_the_page_of_a_refusal_says_it_in_words() -> None:
    builders.service()
    client = Client()
    client.force_login(Person.objects.signed_in("vera"))

    answer = client.get("/tenants/payments/services/payments-api/deploy/")

    assert answer.status_code == 403
    assert "Ask olga to add you to the GitHub team acme-payments." in answer.content.decode()


def test_the_page_names_the_mapping_that_counts() -> None:
    assert "As the platform's settings say" in page("olga", "/tenants/payments/members/")

    Tenant.objects.filter(name="payments").update(team_roles={"acme-payments-leads": "owner"})

    said = page("olga", "/tenants/payments/members/")
    assert "acme-payments-leads owner, 0" in said
    assert "As tenant.teamRoles of the values file says." in said
