"""What was refused is in the audit, counted, and no flood fills it."""

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.actions import create_token
from accounts.models import Person
from core.actor import Actor, Door
from core.audit import DENIED, record
from core.security_events import MANY_ADDRESSES, MOST_ROWS, NOT_SIGNED_IN, count_stranger
from operations.engine.audit import MOST_AT_ONCE
from operations.models import AuditEntry
from operations.queries.audit_chain import verify_audit
from tenants.engine import write_security_events
from tenants.queries import actor_for
from tests import builders
from tests.doors.bearer import ask

pytestmark = pytest.mark.django_db(transaction=True)
BAD = {"Authorization": "Bearer a.b.c.d"}


@pytest.fixture(autouse=True)
def cast(valkey: None) -> None:
    cache.clear()
    builders.the_cast()


def signed_in(name: str, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(Person.objects.signed_in(name))
    return client


def kept(**about: str) -> AuditEntry:
    write_security_events()
    return AuditEntry.objects.get(**about)


def test_refused_tokens_leave_one_row_with_their_number() -> None:
    for _ in range(3):
        answer = Client().get("/api/v1/whoami", headers=BAD)

    row = kept(verb="bearer_token")

    assert (row.actor, row.client, row.door, row.result) == (NOT_SIGNED_IN, "127.0.0.1", "rest", "denied")
    assert row.parameters["times"] == 3
    assert "unrecognised_token_shape" in row.reason
    assert answer.json()["request_id"]
    assert len(row.request_id) == len(answer.json()["request_id"])


def test_the_door_for_agents_keeps_them_too_and_never_the_token() -> None:
    ask(authorization="Bearer mctl_pat_canary-4711")

    row = kept(verb="bearer_token", door="mcp")

    assert "token_unknown" in row.reason
    assert "canary" not in str(AuditEntry.objects.values())


def test_a_request_without_any_token_is_no_attempt() -> None:
    Client().get("/api/v1/whoami")
    write_security_events()

    assert not AuditEntry.objects.exists()


def test_a_form_that_another_site_sent_is_kept_with_its_person_and_verb() -> None:
    answer = signed_in("dev", enforce_csrf_checks=True).post("/sign-out/")

    row = kept(result="denied")

    assert answer.status_code == 403
    assert (row.actor, row.verb) == ("dev", "accounts.sign_out")


def test_reaching_a_limit_is_kept(settings: Any) -> None:
    settings.PAGES_PER_MINUTE = 1
    client = signed_in("dev")
    assert [client.get("/services/").status_code for _ in range(3)] == [200, 429, 429]

    row = kept(verb="limit.reached")

    assert (row.actor, row.parameters["times"]) == ("dev", 2)


@pytest.mark.parametrize("address", ["/tenants/payments/", "/tenants/payments/services/payments-api/"])
def test_a_hidden_thing_asked_for_is_a_denial_that_its_owners_see(address: str) -> None:
    answer = signed_in("oscar").get(address)

    row = kept(result="denied")

    assert answer.status_code == 404
    assert (row.actor, row.tenant) == ("oscar", "payments")
    assert "answered" not in row.reason
    assert "hidden" in signed_in("olga").get("/audit/").content.decode()


def test_a_hidden_operation_is_kept_with_its_tenant() -> None:
    builders.operation("deploy-service-x7k2p")
    assert signed_in("oscar").get("/operations/deploy-service-x7k2p/").status_code == 404

    row = kept(verb="operations.see")

    assert (row.actor, row.tenant, row.target) == ("oscar", "payments", "deploy-service-x7k2p")


def test_what_does_not_exist_leaves_no_row() -> None:
    client = signed_in("oscar")
    for address in ("/tenants/nowhere/", "/operations/deploy-service-zzzzz/", "/tenants/labs/services/nothing/"):
        assert client.get(address).status_code == 404
    write_security_events()

    assert not AuditEntry.objects.exists()


def test_a_flood_from_many_addresses_is_bounded_and_all_of_it_is_counted() -> None:
    for number in range(MOST_ROWS + 40):
        count_stranger("bearer_token", "Refused.", door=Door.MCP, address=f"198.51.100.{number}")
    write_security_events()

    rows = AuditEntry.objects.filter(verb="bearer_token")
    assert rows.count() == MOST_ROWS + 1
    assert sum(row.parameters["times"] for row in rows) == MOST_ROWS + 40
    assert rows.get(client=MANY_ADDRESSES).parameters["times"] == 40
    assert verify_audit().broken == ""


def test_a_round_writes_what_was_noted_once() -> None:
    count_stranger("bearer_token", "Refused.", door=Door.MCP, address="198.51.100.1")

    assert [write_security_events(), write_security_events()] == [1, 0]


# --- One person's refusals that repeat


def plan(client: Client, service: str = "payments-api", name: str = "scale-service", replicas: int = 3) -> int:
    asked = {"team_name": "payments", "component_name": service, "replicas": replicas}
    return int(client.post(f"/api/v1/operations/{name}/plan", asked, content_type="application/json").status_code)


def vera(token: str = "loop") -> Client:
    Person.objects.signed_in("vera")
    secret = create_token(actor_for("vera", door=Door.WEB), name=token, scopes=["read", "write"], days=1).secret
    return Client(headers={"Authorization": f"Bearer {secret}"})


def refusals() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(actor="vera", result="denied").order_by("pk"))


def test_a_loop_of_refused_requests_leaves_the_first_at_once_and_one_row_that_counts_the_others() -> None:
    client = vera()
    assert {plan(client) for _ in range(100)} == {403}

    assert [row.verb for row in refusals()] == ["scale-service"]
    write_security_events()

    first, others = refusals()
    assert (others.verb, others.target, others.reason) == (first.verb, first.target, first.reason)
    assert (first.parameters.get("times"), others.parameters["times"]) == (None, 99)
    assert verify_audit().broken == ""


def test_a_loop_that_changes_its_target_each_time_leaves_few_rows_too() -> None:
    client = vera()
    for number in range(60):
        plan(client, f"service-{number}")
    write_security_events()

    assert len(refusals()) == MOST_AT_ONCE + 1
    assert (refusals()[-1].verb, refusals()[-1].parameters["times"]) == ("refusals.more", 60 - MOST_AT_ONCE)


def test_other_values_and_other_clients_are_other_refusals() -> None:
    first, second = vera(), vera("loop 2")
    for client, replicas in [(first, 3), (first, 4), (first, 4), (first, 4), (second, 3), (first, 3)]:
        plan(client, replicas=replicas)

    assert [(row.parameters["replicas"], row.client) for row in refusals()] == [
        (3, "token loop"), (4, "token loop"), (3, "token loop 2"),
    ]  # fmt: skip
    write_security_events()
    assert sorted(row.parameters["times"] for row in refusals()[3:]) == [1, 2]


def test_operations_that_do_not_exist_are_no_way_around_it() -> None:
    client = vera()
    for number in range(60):
        assert plan(client, name=f"no-such-operation-{number}") == 404
    write_security_events()

    assert AuditEntry.objects.filter(actor="vera", result="refused").count() == MOST_AT_ONCE + 1


def test_one_person_s_loop_hides_nobody_else_s_refusal() -> None:
    client = vera()
    for number in range(60):
        plan(client, f"service-{number}")
    record(Actor("dev", Door.WEB), "paint-service", result=DENIED, target="wall")

    assert AuditEntry.objects.get(actor="dev").target == "wall"


def test_where_nothing_can_count_every_refusal_is_written(settings: Any) -> None:
    settings.CACHES = {**settings.CACHES, "default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere"}}
    for _ in range(3):
        record(Actor("dev", Door.WEB), "paint-service", result=DENIED, target="wall")

    assert AuditEntry.objects.filter(actor="dev").count() == 3
