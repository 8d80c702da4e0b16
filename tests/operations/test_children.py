"""Child operations, one run at a time: a step starts them, waits for their end, and they end with their parent."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from core.actor import Actor
from core.clock import now
from core.errors import Busy, Invalid, NotFound, Problem, Unavailable
from operations import actions, engine, registry
from operations.api.shapes import run_detail
from operations.choices import AuditResult, OperationState, StepState
from operations.engine import lease
from operations.models import AuditEntry, Operation
from operations.queries import troubled_operations
from operations.tools import described
from tests.operations import tenantwide
from tests.operations.crew import children_of, fresh, lines, view

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

Ask = Callable[..., Operation]
SERVICES = ["ledger-api", "fraud-rules"]
LEDGER = {"tenant": "payments", "service": "ledger-api"}


@pytest.fixture(scope="module", autouse=True)
def tenant_operations(small_operations: None) -> Iterator[None]:
    with tenantwide.registered():
        yield


@pytest.fixture(autouse=True)
def roles_of_now(dev: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person asked about is always Dev."""
    monkeypatch.setattr(registry.PEOPLE, "value", lambda login, **_: dev)


@pytest.fixture
def clear(tmp_path: Path, dev: Actor) -> Ask:
    def start(services: list[str] = SERVICES, **parameters: Any) -> Operation:
        values = {"tenant": "payments", "services": services, "folder": str(tmp_path), **parameters}
        return actions.start(dev, "clear-tenant", values)

    return start


def run(operation: Operation) -> Operation:
    """One run, due now whatever it waits for."""
    Operation.objects.filter(pk=operation.pk, wake_at__isnull=False).update(wake_at=now())
    engine.run(operation.pk, "one")
    return fresh(operation)


def step(operation: Operation, name: str) -> Any:
    return operation.steps.get(name=name)


def test_a_step_starts_a_child_for_each_service_and_waits_for_them(clear: Ask) -> None:
    parent = run(clear())

    assert [(child.target, child.parent_step) for child in children_of(parent)] == [
        ("payments/ledger-api", "services"), ("payments/fraud-rules", "services"),
    ]  # fmt: skip
    assert parent.state == OperationState.RUNNING
    first = children_of(parent)[0].public_id
    assert step(parent, "services").says == f"0 of 2 operations done, waiting for {first}"


def test_the_parent_goes_on_when_the_last_child_has_succeeded(clear: Ask, tmp_path: Path) -> None:
    (tmp_path / "ready").touch()
    (tmp_path / "swept").touch()
    parent = run(clear())
    one, other = children_of(parent)

    run(one)
    assert fresh(parent).wake_at <= now()
    parent = run(parent)
    assert step(parent, "services").says.startswith("1 of 2 operations done")
    run(other)
    parent = run(parent)

    assert parent.state == OperationState.SUCCEEDED
    assert parent.result["services"] == {"children": {one.public_id: "succeeded", other.public_id: "succeeded"}}


def test_a_child_that_ends_while_the_parent_looks_makes_it_look_again(
    clear: Ask, dev: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = clear(["ledger-api"])
    write_held = engine.advance.write_held

    def ended_while_looking(*args: Any, **changes: Any) -> None:
        if "wake_at" in changes:
            actions.cancel(dev, children_of(parent)[0])
        write_held(*args, **changes)

    monkeypatch.setattr(engine.advance, "write_held", ended_while_looking)
    engine.run(parent.pk, "one")

    assert fresh(parent).wake_at <= now()


def test_a_step_that_runs_again_finds_its_children(clear: Ask) -> None:
    parent = run(clear())
    before = children_of(parent)

    parent = run(parent)

    assert children_of(parent) == before


def test_the_database_allows_a_step_one_child_of_a_name_and_a_target(clear: Ask) -> None:
    parent = run(clear(["ledger-api"]))
    child = children_of(parent)[0]
    child.pk, child.public_id = None, "paint-service-twice"

    refused = pytest.raises(IntegrityError, match=r"one_child_per_step_and_target|UNIQUE constraint failed")
    with refused, transaction.atomic():
        child.save()


def test_a_worker_that_lost_its_lease_starts_no_child(clear: Ask) -> None:
    parent = clear(["ledger-api"])
    frozen, _ = lease.take(parent.pk, "host:1:frozen") or (None, None)
    Operation.objects.filter(pk=parent.pk).update(lease_owner="host:2:next")

    with pytest.raises(lease.LeaseLost):
        engine.children.start_child(frozen, "services", "host:1:frozen", "paint-service", LEDGER)
    assert children_of(parent) == []


def test_a_child_is_not_kept_waiting_by_what_queues_for_its_parent(clear: Ask, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "ready").touch()
    parent = clear(["ledger-api"])
    waiting = ask("ledger-api", behind=True)

    run(parent)
    child = run(children_of(parent)[0])

    assert child.state == OperationState.SUCCEEDED
    assert fresh(waiting).queued_behind == parent


def test_strangers_are_kept_out_while_children_run(clear: Ask, ask: Ask) -> None:
    parent = run(clear(["ledger-api"]))

    for service in SERVICES:
        with pytest.raises(Busy) as refused:
            ask(service)
        assert refused.value.facts["operation"] == parent.public_id


def test_a_child_of_a_child_on_the_same_target(clear: Ask, tmp_path: Path) -> None:
    (tmp_path / "ready").touch()
    (tmp_path / "swept").touch()
    parent = run(clear(["ledger-api"], by="redo-service"))
    child = run(children_of(parent)[0])
    grandchild = run(children_of(child)[0])

    assert grandchild.target == child.target == "payments/ledger-api"
    assert run(child).state == OperationState.SUCCEEDED
    assert run(parent).state == OperationState.SUCCEEDED


def test_relatives_that_are_no_ancestors_exclude_each_other(clear: Ask) -> None:
    parent = run(clear(["ledger-api"]))
    Operation.objects.filter(pk=parent.pk).update(wake_at=None)
    taken, _ = lease.take(parent.pk, "host:1:own") or (None, None)

    with pytest.raises(Busy) as refused:
        engine.children.start_child(taken, "sweep", "host:1:own", "redo-service", LEDGER)

    assert refused.value.facts["operation"] == children_of(parent)[0].public_id


def test_a_child_elsewhere_is_a_mistake_of_ours(clear: Ask) -> None:
    parent = run(clear(["cart"], elsewhere="storefront"))

    assert parent.state == OperationState.FAILED
    assert parent.problem["code"] == "internal_error"
    assert children_of(parent) == []


def test_a_failed_child_fails_the_step_with_its_problem_and_its_id(clear: Ask) -> None:
    parent = run(clear(["ledger-api"], mood="refused"))
    child = run(children_of(parent)[0])

    parent = run(parent)

    assert parent.state == OperationState.FAILED
    assert parent.reason == f"{child.public_id} failed: The primer is in use elsewhere."
    assert (parent.problem["code"], parent.problem["remedy"]) == ("busy", "Wait for it.")
    assert parent.problem["facts"]["operation"] == child.public_id
    assert parent.problem["facts"]["status_url"] == f"/operations/{child.public_id}/"


def test_a_failure_is_told_after_the_last_child_has_ended(clear: Ask, dev: Actor) -> None:
    parent = run(clear())
    one, other = children_of(parent)

    actions.cancel(dev, one)
    assert run(parent).state == OperationState.RUNNING
    actions.cancel(dev, other)

    assert run(parent).reason == f"{one.public_id} cancelled: dev cancelled it before it began."


def test_what_failed_is_listed_once_by_its_parent(clear: Ask, dev: Actor) -> None:
    parent = run(clear(["ledger-api"], mood="refused"))
    run(children_of(parent)[0])
    run(parent)

    assert [row.public_id for row in troubled_operations(dev)] == [parent.public_id]


def test_a_failed_child_is_listed_when_a_later_success_has_mended_only_its_parent(clear: Ask, dev: Actor) -> None:
    parent = run(clear(["ledger-api"], mood="refused"))
    child = run(children_of(parent)[0])
    run(parent)
    (Path(parent.parameters["folder"]) / "swept").touch()

    assert run(clear([])).state == OperationState.SUCCEEDED

    assert [row.public_id for row in troubled_operations(dev)] == [child.public_id]


def test_a_child_on_the_same_target_does_not_hide_its_parent(clear: Ask, dev: Actor) -> None:
    parent = run(clear(["ledger-api"], by="redo-service", mood="refused"))
    child = run(children_of(parent)[0])
    run(children_of(child)[0])
    child = run(child)
    (Path(parent.parameters["folder"]) / "swept").touch()
    run(parent)
    run(clear([]))

    assert [row.public_id for row in troubled_operations(dev)] == [child.public_id]


def test_a_cancelled_parent_ends_after_its_children(clear: Ask, dev: Actor) -> None:
    parent = run(clear())
    begun, unbegun = children_of(parent)
    run(begun)

    actions.cancel(dev, parent)
    parent = run(parent)
    assert parent.state == OperationState.RUNNING
    assert step(parent, "services").says == f"waiting for the end of {begun.public_id}"
    begun, unbegun = run(begun), run(unbegun)
    parent = run(parent)

    assert [one.state for one in (begun, unbegun, parent)] == [OperationState.CANCELLED] * 3
    assert begun.reason.startswith(f"{parent.public_id} cancelled it")
    assert parent.problem["remedy"] == "What its children did stays: see each of them."


def test_a_parent_that_waits_for_the_end_of_its_children_is_not_woken_again_and_again(clear: Ask, dev: Actor) -> None:
    parent = run(clear())
    actions.cancel(dev, parent)

    parent = run(parent)

    assert parent.wake_at > now()


def test_children_of_a_parent_that_broke_are_asked_to_end_and_hold_their_targets_until_then(
    clear: Ask, ask: Ask
) -> None:
    parent = run(clear(["ledger-api"], mood="careless"))
    child = children_of(parent)[0]
    assert parent.reason == "The keys are lost."

    with pytest.raises(Busy) as refused:
        ask("ledger-api")
    assert refused.value.facts["operation"] == child.public_id
    assert ask("fraud-rules")
    waiting = ask("ledger-api", behind=True)
    child = run(child)

    assert child.state == OperationState.CANCELLED
    assert fresh(waiting).queued_behind is None


def test_a_parent_that_the_reaper_ends_asks_its_children_to_end(clear: Ask) -> None:
    parent = run(clear(["ledger-api"]))
    Operation.objects.filter(pk=parent.pk).update(deadline_at=now() - timedelta(hours=1))

    engine.reap()

    assert fresh(parent).state == OperationState.STALLED
    assert run(children_of(parent)[0]).state == OperationState.CANCELLED


def test_the_deadline_of_the_parent_and_of_what_queues_moves_with_each_child(
    clear: Ask, ask: Ask, settings: Settings
) -> None:
    parent = clear(["ledger-api"], by="redo-service")
    waiting = ask("ledger-api", behind=True)
    before = waiting.deadline_at

    parent = run(parent)
    child = run(children_of(parent)[0])
    grandchild = children_of(child)[0]

    whole = timedelta(seconds=settings.OPERATION_DEADLINE_S)
    assert fresh(child).deadline_at >= grandchild.deadline_at + whole
    assert fresh(parent).deadline_at >= fresh(child).deadline_at + whole
    assert fresh(waiting).deadline_at >= before + 2 * whole - timedelta(seconds=5)


def test_a_deadline_that_has_moved_does_not_move_back(clear: Ask) -> None:
    parent = clear(["ledger-api"], by="redo-service")
    stale, _ = lease.take(parent.pk, "host:1:own") or (None, None)
    engine.children.start_child(stale, "services", "host:1:own", "redo-service", LEDGER)
    run(children_of(parent)[0])
    moved = fresh(parent).deadline_at

    other = {**LEDGER, "service": "fraud-rules"}
    engine.children.start_child(stale, "services", "host:1:own", "paint-service", other)

    assert fresh(parent).deadline_at == moved


def test_the_policy_of_the_child_is_asked_and_its_refusal_ends_the_parent(clear: Ask) -> None:
    parent = run(clear(["ledger-api"], by="paint-vault"))

    assert (parent.state, parent.reason) == (OperationState.FAILED, "Nobody paints a vault.")
    denied = AuditEntry.objects.get(verb="paint-vault")
    assert (denied.actor, denied.result, denied.target) == ("dev", AuditResult.DENIED, "payments/ledger-api")
    assert children_of(parent) == []


def test_a_child_waits_while_roles_cannot_be_asked_for(clear: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(actor: Actor, allows: Any) -> Actor:
        raise Unavailable("GitHub does not answer.")

    parent = clear(["ledger-api"])
    monkeypatch.setattr(registry.FRESHNESS, "value", unknown)
    parent = run(parent)

    assert parent.state == OperationState.RUNNING
    assert step(parent, "services").says.startswith("GitHub does not answer. Trying again in 1")
    assert not AuditEntry.objects.filter(verb="paint-service").exists()


@pytest.mark.parametrize(
    ("name", "parameters", "error"),
    [("paint-service", {**LEDGER, "colour": "RED"}, Invalid), ("pant-service", LEDGER, NotFound)],
)
def test_a_child_that_cannot_be_understood_is_refused_in_the_audit(
    clear: Ask, name: str, parameters: dict[str, str], error: type[Problem]
) -> None:
    parent, _ = lease.take(clear(["ledger-api"]).pk, "host:1:own") or (None, None)

    with pytest.raises(error) as refused:
        engine.children.start_child(parent, "services", "host:1:own", name, parameters)

    row = AuditEntry.objects.get(verb=name)
    assert (row.actor, row.result, row.reason) == ("dev", AuditResult.REFUSED, refused.value.sentence)


def test_a_child_has_the_actor_and_the_door_of_its_parent_and_an_audit_row_that_names_it(clear: Ask) -> None:
    parent = run(clear(["ledger-api"]))
    child = children_of(parent)[0]

    assert (child.actor, child.door) == (parent.actor, parent.door)
    started = AuditEntry.objects.get(operation=child.public_id)
    assert (started.result, started.reason) == (AuditResult.STARTED, f"Started by {parent.public_id}.")


def test_every_door_shows_parent_and_children(clear: Ask, dev: Actor) -> None:
    parent = run(clear())
    one, other = children_of(parent)
    above, below = view(parent, dev), view(one, dev)

    assert (above.parent, list(above.children)) == ("", [one.public_id, other.public_id])
    assert (below.parent, list(below.children)) == (parent.public_id, [])
    rest = run_detail(above, "")
    assert (rest["parent"], rest["children"]) == ("", [one.public_id, other.public_id])
    agents = described(dev, one.public_id).value
    assert (agents["parent"], agents["children"]) == (parent.public_id, [])
    facts = {(fact["label"], fact.get("url")) for fact in [*above.facts, *below.facts]}
    assert {("Child", f"/operations/{one.public_id}/"), ("Parent", f"/operations/{parent.public_id}/")} <= facts


def test_a_child_that_is_cancelled_in_the_parents_name_shares_its_steps_fate(clear: Ask, dev: Actor) -> None:
    parent = run(clear(["ledger-api"]))
    actions.cancel(dev, parent)
    run(parent)
    run(children_of(parent)[0])
    parent = run(parent)

    assert step(parent, "services").state == StepState.CANCELLED
    assert lines(Path(parent.parameters["folder"]) / "effects") == []
