"""Running an operation, one run at a time: steps, waits, retries, failures, deadlines, leases."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from core.actor import Actor
from core.clock import now
from operations import actions, engine, registry
from operations.choices import AuditResult, OperationState, StepState
from operations.engine import advance, lease
from operations.models import AuditEntry, Operation
from tests.operations.crew import fresh, lines, view
from tests.operations.small import CANARY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

Ask = Callable[..., Operation]


def run(operation: Operation, task: str = "one") -> Operation:
    """One run, due now whatever it waits for."""
    Operation.objects.filter(pk=operation.pk, wake_at__isnull=False).update(wake_at=now())
    engine.run(operation.pk, task)
    return fresh(operation)


def step(operation: Operation, name: str) -> Any:
    return operation.steps.get(name=name)


def test_steps_run_in_order_until_one_waits(ask: Ask, tmp_path: Path) -> None:
    operation = run(ask())

    assert lines(tmp_path / "effects") == ["sand", "prime", "paint"]
    assert operation.state == OperationState.RUNNING
    assert step(operation, "dry").says == "2 of 4 walls are dry"


def test_a_later_step_sees_the_results_of_the_earlier(ask: Ask) -> None:
    operation = run(ask(colour="blue"))

    assert step(operation, "paint").says == "painted blue after 4be07d1c9a"


def test_it_succeeds_when_its_last_step_has_seen_what_it_waited_for(ask: Ask, tmp_path: Path) -> None:
    operation = run(ask())
    (tmp_path / "ready").touch()
    operation = run(operation)

    assert operation.state == OperationState.SUCCEEDED
    assert operation.result["commit"]["sha"] == "4be07d1c9a"
    assert lines(tmp_path / "effects") == ["sand", "prime", "paint", "dry"]
    assert AuditEntry.objects.order_by("-pk")[0].result == AuditResult.SUCCEEDED


def test_a_finished_operation_is_not_run_again(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "ready").touch()
    operation = run(ask())
    asked = lines(tmp_path / "asked")

    run(operation)

    assert lines(tmp_path / "asked") == asked


def test_a_waiting_operation_holds_no_lease_and_is_left_alone_until_it_is_due(ask: Ask, tmp_path: Path) -> None:
    operation = run(ask())
    assert (operation.lease_owner, operation.lease_until) == ("", None)
    assert operation.wake_at > now() + timedelta(seconds=25)

    engine.run(operation.pk, "too early")

    assert len(lines(tmp_path / "looks")) == 1


def test_a_problem_ends_it_with_the_sentence_and_the_diagnosis(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = {"target": "payments/ledger-api", "healthy": False, "findings": [{"cause": "wet_wall"}]}
    monkeypatch.setattr(registry.DIAGNOSIS, "value", lambda tenant, service: finding)

    operation = run(ask(mood="refused"))

    assert operation.state == OperationState.FAILED
    assert operation.reason == "The primer is in use elsewhere."
    assert operation.problem["code"] == "busy"
    assert operation.diagnosis == finding
    assert step(operation, "commit").state == StepState.FAILED
    assert step(operation, "paint").state == StepState.CANCELLED
    assert AuditEntry.objects.order_by("-pk")[0].result == AuditResult.FAILED


def test_a_diagnosis_that_crashes_does_not_hide_the_failure(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def diagnose(tenant: str, service: str) -> dict[str, Any]:
        raise RuntimeError(CANARY)

    monkeypatch.setattr(registry.DIAGNOSIS, "value", diagnose)

    operation = run(ask(mood="refused"))

    assert operation.reason == "The primer is in use elsewhere."
    assert operation.diagnosis["problem"]["code"] == "internal_error"
    assert CANARY not in str(operation.diagnosis)


def test_words_that_no_database_takes_end_a_step_as_any_others(ask: Ask) -> None:
    refused, told = run(ask(mood="quoting")), run(ask(mood="telling", service="other-api"))

    assert (refused.state, refused.reason) == (OperationState.FAILED, "The shop said a\\x00b\\ud800.")
    assert step(told, "commit").says == "primed, a\\x00b\\ud800"
    assert (told.state, step(told, "commit").state) == (OperationState.RUNNING, StepState.SUCCEEDED)


@pytest.mark.parametrize("mood", ["crash", "nothing"])
def test_an_error_of_our_own_is_named_so_and_leaks_nothing(ask: Ask, dev: Actor, mood: str) -> None:
    operation = run(ask(mood=mood))

    assert operation.state == OperationState.FAILED
    assert operation.problem["code"] == "internal_error"
    assert operation.public_id in operation.problem["remedy"]
    assert CANARY not in str(view(operation, dev))


def test_a_system_that_is_away_is_tried_again_later_and_later(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "unreachable").write_text("3")
    operation, waits = ask(), []
    for _ in range(3):
        operation = run(operation)
        waits.append((operation.wake_at - now()).total_seconds())
        assert "The paint shop does not answer. Trying again in" in step(operation, "commit").says
    operation = run(operation)

    assert waits[0] < waits[1] < waits[2] < 10
    assert step(operation, "commit").state == StepState.SUCCEEDED
    assert step(operation, "commit").failures == 0


def test_a_refusal_of_a_moment_is_tried_again(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "refused").write_text("3")
    operation = ask()
    for _ in range(3):
        operation = run(operation)
        assert "The paint shop does not let us in. Trying again in" in step(operation, "commit").says
    run(operation)

    assert step(operation, "commit").state == StepState.SUCCEEDED


def test_a_refusal_that_is_repeated_is_believed(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "refused").write_text("4")
    operation = ask()
    for _ in range(4):
        operation = run(operation)

    assert operation.state == OperationState.FAILED
    assert operation.reason == "The paint shop does not let us in."


def test_a_refusal_after_an_outage_is_not_believed_at_once(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "unreachable").write_text("3")
    (tmp_path / "refused").write_text("3")
    operation = ask()
    for _ in range(6):
        operation = run(operation)
        assert operation.state == OperationState.RUNNING
    operation = run(operation)

    assert step(operation, "commit").state == StepState.SUCCEEDED


def test_refusals_with_an_outage_between_them_are_not_in_a_row(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "refused").write_text("3")
    operation = ask()
    for _ in range(3):
        operation = run(operation)
    (tmp_path / "unreachable").write_text("1")
    operation = run(operation)
    (tmp_path / "refused").write_text("3")
    for _ in range(3):
        operation = run(operation)

    assert operation.state == OperationState.RUNNING


def test_the_deadline_ends_a_wait_and_says_what_for_and_since_when(ask: Ask) -> None:
    operation = run(ask())
    Operation.objects.filter(pk=operation.pk).update(deadline_at=now())

    operation = run(operation)

    assert operation.state == OperationState.STALLED
    began = step(operation, "dry").started_at
    assert f"in the step “Wait until dry” since {began:%H:%M:%S} UTC: 2 of 4 walls are dry" in operation.reason


def test_no_wait_reaches_beyond_the_deadline(ask: Ask, settings: Settings) -> None:
    settings.OPERATION_DEADLINE_S = 5
    operation = run(ask(wait_s=600))

    assert operation.wake_at == operation.deadline_at


def test_a_lease_keeps_a_second_worker_away(ask: Ask, tmp_path: Path) -> None:
    operation = ask()
    lease.take(operation.pk, "host:1:other")

    engine.run(operation.pk, "second")

    assert lines(tmp_path / "asked") == []


def test_an_expired_lease_is_taken_over_and_the_step_begun_is_run_again(ask: Ask, tmp_path: Path) -> None:
    operation = ask()
    dead, _ = lease.take(operation.pk, "host:1:dead") or (None, None)
    advance.Run(dead, "host:1:dead").begin(step(operation, "sand"))
    Operation.objects.filter(pk=operation.pk).update(lease_until=now() - timedelta(seconds=1))

    operation = run(operation)

    assert step(operation, "sand").deaths == 1
    assert lines(tmp_path / "effects") == ["sand", "prime", "paint"]
    assert any("another one goes on here" in line.text for line in operation.log_lines.all())


def test_a_step_in_which_workers_keep_dying_is_given_up(ask: Ask) -> None:
    operation = ask()
    operation.steps.filter(name="sand").update(deaths=advance.MOST_DEATHS - 1)
    lease.take(operation.pk, "host:1:dead")
    Operation.objects.filter(pk=operation.pk).update(lease_until=now() - timedelta(seconds=1))

    operation = run(operation)

    assert operation.state == OperationState.STALLED
    assert "workers in a row died in it" in operation.reason


def test_a_worker_that_lost_its_lease_changes_nothing_more(ask: Ask) -> None:
    operation = ask()
    frozen, _ = lease.take(operation.pk, "host:1:frozen") or (None, None)
    Operation.objects.filter(pk=operation.pk).update(lease_owner="host:2:next")

    late = advance.Run(frozen, "host:1:frozen")

    with pytest.raises(lease.LeaseLost):
        late.begin(step(operation, "sand"))
    with pytest.raises(lease.LeaseLost):
        late.succeed()
    assert fresh(operation).state == OperationState.RUNNING
    assert step(operation, "sand").state == StepState.PENDING


def test_an_operation_of_another_version_ends_and_says_so(ask: Ask) -> None:
    operation = ask()
    Operation.objects.filter(pk=operation.pk).update(name="sweep-service")

    operation = run(operation)

    assert operation.problem["code"] == "outdated"


def test_the_reaper_wakes_what_nobody_holds_and_only_once(ask: Ask, settings: Settings) -> None:
    operation = ask()
    Operation.objects.update(message_at=None)

    assert engine.reap()["woken"] == 1
    assert engine.reap()["woken"] == 0
    Operation.objects.update(message_at=now() - timedelta(seconds=settings.OPERATION_LEASE_S + 1))
    assert engine.reap()["woken"] == 1
    assert fresh(operation).state == OperationState.QUEUED


def test_the_reaper_leaves_leased_and_long_waiting_operations_alone(ask: Ask) -> None:
    lease.take(ask("one").pk, "host:1:alive")
    run(ask("two"))

    assert engine.reap() == {"woken": 0, "promoted": 0, "stalled": 0}


def test_the_reaper_says_when_it_was_there_and_goes_on_without_a_cache(
    ask: Ask, settings: Settings, tmp_path: Path
) -> None:
    begun = now()
    engine.reap()
    was_there = engine.last_round()
    ask()
    Operation.objects.update(message_at=None)
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": f"unix://{tmp_path}/nobody.sock"}}

    assert was_there is not None
    assert was_there >= begun
    assert engine.reap()["woken"] == 1


def test_the_reaper_ends_what_no_worker_took_up(ask: Ask, settings: Settings) -> None:
    operation = ask()
    Operation.objects.update(deadline_at=now() - timedelta(seconds=settings.OPERATION_LEASE_S + 1))

    assert engine.reap()["stalled"] == 1
    operation = fresh(operation)
    assert operation.state == OperationState.STALLED
    assert "no worker took it up" in operation.reason


def test_the_reaper_ends_what_hangs_in_a_step_though_its_worker_lives(ask: Ask, settings: Settings) -> None:
    operation = ask()
    lease.take(operation.pk, "host:1:hangs")
    Operation.objects.update(deadline_at=now() - timedelta(seconds=settings.OPERATION_LEASE_S + 1))

    engine.reap()

    assert fresh(operation).state == OperationState.STALLED


def test_the_next_in_the_queue_goes_when_the_first_has_ended(ask: Ask, tmp_path: Path) -> None:
    first, second, third = ask(), ask(behind=True), ask(behind=True)
    (tmp_path / "ready").touch()

    run(second)
    assert fresh(second).state == OperationState.QUEUED
    run(first)

    assert fresh(second).queued_behind is None
    assert fresh(third).queued_behind == second
    assert run(second).state == OperationState.SUCCEEDED
    assert run(third).state == OperationState.SUCCEEDED


def test_a_follower_written_just_as_the_first_ended_is_not_forgotten(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "ready").touch()
    first = ask()
    run(first)
    second = ask()
    Operation.objects.filter(pk=second.pk).update(queued_behind=first)

    assert engine.reap()["promoted"] == 1
    assert fresh(second).queued_behind is None


def test_a_poke_brings_the_next_look_forward(ask: Ask) -> None:
    operation = run(ask())

    assert actions.poke(tenant="payments", service="ledger-api") == 1

    assert fresh(operation).wake_at <= now()


def test_a_poke_elsewhere_wakes_nobody(ask: Ask) -> None:
    operation = run(ask())

    assert actions.poke(tenant="payments", service="fraud-rules") == 0

    assert fresh(operation).wake_at > now()


def test_a_change_seen_while_the_step_looked_makes_it_look_again(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = ask()
    write_held = advance.write_held

    def poked_while_looking(*args: Any, **changes: Any) -> None:
        if "wake_at" in changes:
            actions.poke(tenant="payments", service="ledger-api")
        write_held(*args, **changes)

    monkeypatch.setattr(advance, "write_held", poked_while_looking)
    engine.run(operation.pk, "one")

    assert fresh(operation).wake_at <= now()
