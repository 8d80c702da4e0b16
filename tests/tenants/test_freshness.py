"""How old a membership may be that a change relies on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Person
from core.actor import Actor, Door, Role, Scope
from core.clock import now
from core.errors import Forbidden
from operations import actions
from operations.models import AuditEntry, Operation
from sandbox.github.control import Control
from tenants.engine import refresh_everybody
from tenants.engine.freshness import MembershipsStale
from tenants.models import Member
from tenants.queries import actor_for
from tests import builders
from tests.operations import small
from tests.sign_in.browser import Browser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]


@pytest.fixture
def world(github: Control) -> Iterator[Control]:
    builders.tenant("payments", github_team="acme-payments")
    builders.tenant("storefront", github_team="acme-storefront")
    refresh_everybody()
    with small.registered():
        yield github


def grown_old(seconds: float = 61) -> None:
    moment = now() - timedelta(seconds=seconds)
    Member.objects.filter(source="github").update(resolved_at=moment)
    Person.objects.filter(memberships_at__isnull=False).update(memberships_at=moment)


def person(login: str, **fields: Any) -> Actor:
    return replace(actor_for(login, door=Door.WEB), **fields)


def paint(actor: Actor, service: str = "ledger-api", tenant: str = "payments") -> Operation:
    return actions.start(actor, "paint-service", {"tenant": tenant, "service": service})


def test_a_fresh_membership_needs_no_question(world: Control) -> None:
    world("switch", down=True)

    assert paint(person("dev")).actor == "dev"


def test_an_old_membership_is_asked_about_and_the_change_goes_on(world: Control) -> None:
    grown_old()

    assert paint(person("dev")).actor == "dev"

    assert now() - Member.objects.get(login="dev", tenant__name="payments").resolved_at < timedelta(seconds=10)


def test_a_membership_that_ended_meanwhile_refuses_the_change(world: Control) -> None:
    actor = person("dev")
    grown_old()
    world("leave", login="dev", team="acme-payments")

    with pytest.raises(Forbidden, match="developer role in payments"):
        paint(actor)

    assert paint(actor, "cart", "storefront").tenant == "storefront"


@pytest.mark.parametrize("broken", [{"down": True}, {"rate_limited": True}, {"delay_s": 30}])
def test_an_old_membership_that_cannot_be_asked_about_refuses_the_change(
    world: Control, broken: dict[str, Any], settings: Any
) -> None:
    settings.GITHUB_TIMEOUT_S = 0.3
    grown_old()
    world("switch", **broken)

    with pytest.raises(MembershipsStale) as told:
        paint(person("dev"))

    assert "which is more than 60 s ago, and GitHub cannot be asked now: GitHub" in told.value.sentence
    assert told.value.status == 503
    assert not Operation.objects.exists()


def test_a_refused_cancel_leaves_the_operation_running(world: Control) -> None:
    operation = paint(person("dev"))
    grown_old()
    world("switch", down=True)

    with pytest.raises(MembershipsStale):
        actions.cancel(person("dev"), operation)

    operation.refresh_from_db()
    assert operation.cancel_requested_at is None
    assert AuditEntry.objects.filter(operation=operation.public_id, result="refused").exists()


def test_planning_and_reading_go_on_during_an_outage(world: Control) -> None:
    browser = Browser()
    browser.sign_in("dev")
    grown_old(3600)
    world("switch", down=True)
    refresh_everybody()

    assert actions.plan(person("dev"), "paint-service", {"tenant": "payments", "service": "cart", "folder": "/x"})
    page = browser.client.get("/account/").content.decode()
    assert "GitHub teams as of" in page
    assert "GitHub answers 503." in page
    assert browser.client.get("/tenants/payments/").status_code == 200


def test_the_refusal_is_a_page_that_says_why(world: Control) -> None:
    browser = Browser()
    browser.sign_in("dev")
    operation = paint(person("dev"))
    grown_old()
    world("switch", down=True)

    answer = browser.client.post(f"/operations/{operation.public_id}/cancel/")

    assert answer.status_code == 503
    assert "GitHub cannot be asked now" in answer.content.decode()
    assert "Pages can still be read." in answer.content.decode()


def test_a_role_that_git_lists_needs_no_answer_of_github(world: Control) -> None:
    payments = Member.objects.get(login="dev", tenant__name="payments").tenant
    Member.objects.create(tenant=payments, login="dev", role="developer", resolved_at=now())
    grown_old()
    world("switch", down=True)

    assert paint(person("dev")).actor == "dev"


def test_a_lesser_role_in_git_does_not_stand_in_for_the_teams(world: Control) -> None:
    payments = Member.objects.get(login="dev", tenant__name="payments").tenant
    Member.objects.create(tenant=payments, login="dev", role="viewer", resolved_at=now())
    grown_old()
    world("switch", down=True)

    with pytest.raises(MembershipsStale):
        paint(person("dev"))


def test_who_may_not_do_it_anyway_is_refused_without_a_question(world: Control) -> None:
    grown_old()
    world("switch", down=True)

    with pytest.raises(Forbidden):
        paint(person("vera"))


def test_being_admin_is_as_old_as_the_organisations_answer(world: Control) -> None:
    Browser().sign_in("ada")
    grown_old()
    assert paint(person("ada")).actor == "ada"

    grown_old()
    world("switch", down=True)
    with pytest.raises(MembershipsStale):
        paint(person("ada"), "cart")


def test_an_admin_who_left_is_refused_at_the_next_change(world: Control) -> None:
    Browser().sign_in("ada")
    actor = person("ada")
    grown_old()
    world("expel", login="ada")

    with pytest.raises(Forbidden):
        paint(actor)


def test_asking_never_widens_a_token(world: Control) -> None:
    """A token may hold less than its person: after the question it still does."""
    narrow = person("olga", roles={"payments": Role.VIEWER}, scopes=frozenset({Scope.READ}))
    grown_old()

    with pytest.raises(Forbidden):
        paint(narrow)
