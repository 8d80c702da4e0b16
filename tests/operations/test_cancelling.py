"""Cancel is a request that ends in an observed state."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.actor import Actor
from core.errors import Forbidden
from operations import actions, engine
from operations.choices import AuditResult, OperationState, StepState
from operations.engine import lease
from operations.errors import AlreadyEnded
from operations.models import AuditEntry, Operation
from tests.operations.crew import fresh, lines, view

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

Ask = Callable[..., Operation]


def test_a_queued_operation_ends_at_once(ask: Ask, dev: Actor, tmp_path: Path) -> None:
    operation = actions.cancel(dev, ask())

    assert operation.state == OperationState.CANCELLED
    assert operation.reason == "dev cancelled it before it began."
    engine.run(operation.pk, "late")
    assert lines(tmp_path / "asked") == []


def test_a_waiting_operation_ends_at_its_next_look_which_is_now(ask: Ask, dev: Actor, tmp_path: Path) -> None:
    operation = ask()
    engine.run(operation.pk, "one")

    actions.cancel(dev, operation)
    engine.run(operation.pk, "two")

    operation = fresh(operation)
    assert operation.state == OperationState.CANCELLED
    assert operation.cancel_requested_by == "dev"
    assert operation.steps.get(name="dry").state == StepState.CANCELLED
    assert len(lines(tmp_path / "looks")) == 1


def test_after_the_commit_it_offers_to_revert_it(ask: Ask, dev: Actor) -> None:
    operation = ask()
    engine.run(operation.pk, "one")

    actions.cancel(dev, operation)
    engine.run(operation.pk, "two")

    problem = fresh(operation).problem
    assert "Commit 4be07d1 is in git" in problem["sentence"]
    assert problem["remedy"] == "To undo it, revert commit 4be07d1."
    assert problem["facts"]["remedies"][0]["label"] == "Revert 4be07d1"
    assert "revert commit 4be07d1" in view(operation, dev).sentence


def test_before_the_commit_it_says_that_nothing_was_written(ask: Ask, dev: Actor, tmp_path: Path) -> None:
    (tmp_path / "unreachable").write_text("9")
    operation = ask()
    engine.run(operation.pk, "one")

    actions.cancel(dev, operation)
    engine.run(operation.pk, "two")

    assert fresh(operation).problem["remedy"] == "Nothing was written to git."


def test_a_running_step_is_let_finish_and_the_next_does_not_begin(
    ask: Ask, dev: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = ask()
    renew = lease.renew

    def cancelled_meanwhile(*args: object) -> bool:
        actions.cancel(dev, operation)
        return renew(*args)

    monkeypatch.setattr("operations.engine.context.renew", cancelled_meanwhile)
    engine.run(operation.pk, "one")

    assert fresh(operation).state == OperationState.CANCELLED
    assert lines(tmp_path / "effects") == ["sand"]


def test_a_cancel_frees_the_target_and_lets_the_next_begin(ask: Ask, dev: Actor) -> None:
    first, second = ask(), ask(behind=True)

    actions.cancel(dev, first)

    assert fresh(second).queued_behind is None


def test_cancelling_a_follower_leaves_the_first_alone(ask: Ask, dev: Actor) -> None:
    first, second, third = ask(), ask(behind=True), ask(behind=True)

    actions.cancel(dev, second)

    assert fresh(second).state == OperationState.CANCELLED
    assert fresh(first).state == OperationState.QUEUED
    assert fresh(third).queued_behind == first


def test_asking_twice_is_asking_once(ask: Ask, dev: Actor, olga: Actor) -> None:
    operation = ask()
    engine.run(operation.pk, "one")

    actions.cancel(dev, operation)
    actions.cancel(olga, operation)

    assert fresh(operation).cancel_requested_by == "dev"


def test_an_ended_operation_cannot_be_cancelled(ask: Ask, dev: Actor) -> None:
    operation = actions.cancel(dev, ask())

    with pytest.raises(AlreadyEnded, match="has already ended: cancelled"):
        actions.cancel(dev, operation)


def test_a_viewer_is_refused_and_the_denial_is_kept(ask: Ask, vera: Actor) -> None:
    operation = ask()

    with pytest.raises(Forbidden, match="needs the developer role in payments"):
        actions.cancel(vera, operation)

    entry = AuditEntry.objects.order_by("-pk")[0]
    assert (entry.actor, entry.verb, entry.result) == ("vera", "paint-service:cancel", AuditResult.DENIED)
    assert fresh(operation).cancel_requested_at is None
