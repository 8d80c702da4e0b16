"""Targets contain targets: an operation on a tenant and one on a service of it exclude one another, both ways."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.actor import Actor
from core.clock import now
from core.errors import Busy
from observer.publish import poke_operations
from operations import actions, engine
from operations.choices import OperationState
from operations.models import Operation
from operations.queries import open_operation
from operations.registry import Target
from tests import builders
from tests.operations import tenantwide
from tests.operations.crew import fresh, view

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

Ask = Callable[..., Operation]


@pytest.fixture(scope="module", autouse=True)
def tenant_operations(small_operations: None) -> Iterator[None]:
    with tenantwide.registered():
        yield


@pytest.fixture
def clear(tmp_path: Path, dev: Actor) -> Ask:
    def start(tenant: str = "payments", *, behind: bool = False) -> Operation:
        values = {"tenant": tenant, "folder": str(tmp_path)}
        return actions.start(dev, "clear-tenant", values, queue_behind=behind)

    return start


def waits_for(operation: Operation) -> Operation | None:
    return fresh(operation).queued_behind


@pytest.mark.parametrize(
    ("one", "other", "contains"),
    [
        (Target("payments"), Target("payments", "ledger-api"), True),
        (Target("payments"), Target("payments"), True),
        (Target("payments", "ledger-api"), Target("payments"), False),
        (Target("payments", "ledger-api"), Target("payments", "fraud-rules"), False),
        (Target("payments"), Target("storefront", "cart"), False),
    ],
)
def test_a_tenant_contains_its_services(one: Target, other: Target, contains: bool) -> None:
    assert one.contains(other) is contains


def test_a_service_is_busy_while_its_tenant_is_worked_on(ask: Ask, clear: Ask) -> None:
    first = clear()

    with pytest.raises(Busy, match=f"{first.public_id} waits to begin on payments, started by dev") as refused:
        ask("ledger-api")

    assert refused.value.facts["operation"] == first.public_id
    assert refused.value.facts["status_url"] == f"/operations/{first.public_id}/"


def test_a_tenant_is_busy_while_a_service_of_it_is_worked_on(ask: Ask, clear: Ask) -> None:
    first = ask("ledger-api")

    with pytest.raises(Busy, match=f"{first.public_id} waits to begin on payments/ledger-api"):
        clear()

    assert clear("storefront").tenant == "storefront"


def test_a_service_that_queues_begins_when_its_tenant_is_free(ask: Ask, clear: Ask, dev: Actor) -> None:
    first = clear()
    second, third = ask("ledger-api", behind=True), ask("fraud-rules", behind=True)
    assert waits_for(second) == waits_for(third) == first
    assert f"Waiting for {first.public_id} on payments, " in view(second, dev).sentence

    actions.cancel(dev, first)

    assert waits_for(second) is waits_for(third) is None


def test_a_tenant_that_queues_waits_for_all_its_services(ask: Ask, clear: Ask, dev: Actor) -> None:
    first, second = ask("ledger-api"), ask("fraud-rules")
    last = clear(behind=True)
    assert waits_for(last) == first

    actions.cancel(dev, first)
    assert waits_for(last) == second
    actions.cancel(dev, second)

    assert waits_for(last) is None


def test_a_tenant_that_queues_is_not_starved_by_later_deploys(ask: Ask, clear: Ask, dev: Actor) -> None:
    first, tenant = ask("ledger-api"), clear(behind=True)

    with pytest.raises(Busy, match=f"{tenant.public_id} waits to begin on payments"):
        ask("fraud-rules")
    later = ask("fraud-rules", behind=True)
    actions.cancel(dev, first)

    assert waits_for(tenant) is None
    assert waits_for(later) == tenant


def test_a_cancelled_tenant_in_the_queue_frees_what_waits_for_it(ask: Ask, clear: Ask, dev: Actor) -> None:
    first, tenant = ask("ledger-api"), clear(behind=True)
    same, another = ask("ledger-api", behind=True), ask("fraud-rules", behind=True)

    actions.cancel(dev, tenant)

    assert waits_for(same) == first
    assert waits_for(another) is None


def test_the_deadline_of_one_that_queues_follows_the_latest_before_it(ask: Ask, clear: Ask) -> None:
    ask("ledger-api")
    second = ask("fraud-rules")

    assert clear(behind=True).deadline_at > second.deadline_at


def test_one_that_begins_after_its_queue_has_the_whole_time(ask: Ask, clear: Ask, dev: Actor) -> None:
    first = ask("ledger-api")
    tenant = clear(behind=True)
    later = now() + timedelta(hours=3)
    Operation.objects.filter(pk=tenant.pk).update(deadline_at=later)

    actions.cancel(dev, first)

    assert fresh(tenant).deadline_at < later


def test_the_reaper_ends_a_tenant_whose_queue_is_overdue_and_lets_the_others_go(ask: Ask, clear: Ask) -> None:
    ask("ledger-api")
    tenant, later = clear(behind=True), ask("fraud-rules", behind=True)
    Operation.objects.filter(pk=tenant.pk).update(deadline_at=now() - timedelta(hours=1))

    engine.reap()

    assert fresh(tenant).reason == "Given up after its deadline: the operation before it did not end."
    assert waits_for(later) is None


def test_the_reaper_begins_what_waits_for_an_operation_that_has_ended(ask: Ask, clear: Ask, dev: Actor) -> None:
    ended = actions.cancel(dev, ask("ledger-api"))
    tenant = clear()
    Operation.objects.filter(pk=tenant.pk).update(queued_behind=ended)

    assert engine.reap()["promoted"] == 1
    assert waits_for(tenant) is None


def test_the_reaper_does_not_begin_what_something_else_is_in_the_way_of(ask: Ask, clear: Ask, dev: Actor) -> None:
    first, second = ask("ledger-api"), ask("fraud-rules")
    tenant = clear(behind=True)
    Operation.objects.filter(pk=first.pk).update(state=OperationState.CANCELLED, finished_at=now())

    assert engine.reap()["promoted"] == 0
    assert waits_for(tenant) == second


def test_a_poke_of_a_service_reaches_what_waits_on_its_tenant(clear: Ask) -> None:
    tenant = clear()
    engine.run(tenant.pk, "one")

    assert actions.poke(tenant="payments", service="ledger-api") == 1

    assert fresh(tenant).wake_at <= now()


def test_a_poke_of_a_tenant_reaches_what_waits_on_the_tenant_itself(ask: Ask, clear: Ask) -> None:
    service, tenant = ask("cart", tenant="storefront"), clear()
    for operation in (service, tenant):
        engine.run(operation.pk, "one")

    assert actions.poke(tenant="payments", service="") == 1
    assert actions.poke(tenant="storefront", service="") == 0

    assert fresh(tenant).wake_at <= now()
    assert fresh(service).wake_at > now()


def test_the_observer_wakes_what_waits_on_the_tenant_of_a_changed_service(clear: Ask) -> None:
    tenant = clear()
    engine.run(tenant.pk, "one")

    poke_operations({("payments", "ledger-api")})

    assert fresh(tenant).wake_at <= now()


def test_what_holds_the_tenant_holds_the_service(clear: Ask) -> None:
    tenant = clear()

    held = open_operation(tenant="payments", service="ledger-api")

    assert held is not None
    assert held.public_id == tenant.public_id


def test_what_overlapped_before_this_rule_ends_in_peace(ask: Ask, clear: Ask, dev: Actor) -> None:
    """A ledger of an older version may hold both."""
    tenant = builders.operation("clear-tenant-older", service="", target="payments", name="clear-tenant")
    service = builders.operation("paint-service-older", service="ledger-api", name="paint-service")
    waiting = ask("ledger-api", behind=True)

    assert engine.end(tenant, OperationState.SUCCEEDED)
    assert waits_for(waiting) == service
    assert engine.end(service, OperationState.SUCCEEDED)

    assert waits_for(waiting) is None
