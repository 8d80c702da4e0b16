"""Real workers, a real broker and kill -9: an operation goes on at its first unfinished step, each effect once."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.conf import settings

from core.actor import Actor
from core.clock import now
from operations import actions
from operations.choices import OperationState
from operations.models import Operation
from tests.operations.crew import QUEUE, Workers, fresh, lines, operate, wait_for_state
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

Ask = Callable[..., Operation]
STEPS = ["sand", "prime", "paint", "dry"]


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[Path]:
    """The wall is dry from the start. Whatever stands still at the end of a test may go on."""
    (tmp_path / "ready").touch()
    yield tmp_path
    for held in tmp_path.glob("hold-*"):
        held.unlink(missing_ok=True)


def held_at(folder: Path, where: str) -> Path:
    hold = folder / f"hold-{where}"
    hold.touch()
    return hold


def wait_until_reached(hold: Path) -> None:
    wait_until(Path(f"{hold}.reached").exists, f"a worker stands still at {hold.name}")


def test_an_operation_runs_from_end_to_end(crew: Workers, ask: Ask, ready: Path) -> None:
    wait_for_state(ask(), "succeeded")

    assert lines(ready / "effects") == STEPS


@pytest.mark.parametrize("moment", ["before-sand", "after-prime", "before-paint", "after-dry"])
def test_it_survives_the_death_of_the_process_that_runs_it(crew: Workers, ask: Ask, ready: Path, moment: str) -> None:
    hold = held_at(ready, moment)
    operation = ask()
    wait_until_reached(hold)

    os.kill(busy_child(operation), signal.SIGKILL)
    hold.unlink()

    wait_for_state(operation, "succeeded")
    assert lines(ready / "effects") == STEPS


def busy_child(operation: Operation) -> int:
    return int(fresh(operation).lease_owner.split(":")[1])


def test_it_survives_the_death_of_the_whole_worker_at_every_step(crew: Workers, ask: Ask, ready: Path) -> None:
    holds = [held_at(ready, f"after-{step}") for step in STEPS]
    operation = ask()
    for hold in holds:
        wait_until_reached(hold)
        crew.kill()
        hold.unlink()
        crew.start()

    wait_for_state(operation, "succeeded")
    assert lines(ready / "effects") == STEPS
    assert Counter(line.split()[0] for line in lines(ready / "asked")) == dict.fromkeys(STEPS, 2)
    assert [step.deaths for step in operation.steps.all()] == [1, 1, 1, 1]


def test_two_workers_never_run_the_same_step_at_once(crew: Workers, ask: Ask, ready: Path) -> None:
    crew.start("engine-worker-2")
    operations = [ask(f"service-{number}") for number in range(10)]
    for operation in operations:
        # Every operation is announced many times over, to all workers.
        for _ in range(5):
            actions.engine.send(operation.pk)

    for operation in operations:
        wait_for_state(operation, "succeeded")
    crew.kill("engine-worker-2")

    assert Counter(line.split()[0] for line in lines(ready / "asked")) == dict.fromkeys(STEPS, 10)


def test_a_lost_message_is_replaced_by_the_reaper(crew: Workers, ask: Ask, ready: Path, broker: redis.Redis) -> None:
    hold = held_at(ready, "before-sand")
    blockers = [ask(f"blocker-{number}") for number in range(2)]
    wait_until_reached(hold)
    operation = ask("forgotten")
    for key in queue_keys(broker):
        broker.delete(key)
    Operation.objects.filter(pk=operation.pk).update(message_at=now() - timedelta(minutes=5))
    hold.unlink()

    for one in (*blockers, operation):
        wait_for_state(one, "succeeded")


def test_a_long_step_keeps_its_lease(crew: Workers, ask: Ask, ready: Path) -> None:
    hold = held_at(ready, "before-prime")
    operation = ask()
    wait_until_reached(hold)
    began = now()
    wait_until(lambda: (fresh(operation).heartbeat_at - began).total_seconds() > 3, "the heart beats on")
    hold.unlink()

    wait_for_state(operation, "succeeded")
    assert all(step.deaths == 0 for step in operation.steps.all())


def test_a_poke_is_followed_at_once(crew: Workers, ask: Ask, tmp_path: Path) -> None:
    operation = ask(wait_s=600)
    wait_until(lambda: fresh(operation).wake_at is not None, "it waits")
    (tmp_path / "ready").touch()

    actions.poke(tenant="payments", service="ledger-api")

    # Nothing else would end its wait of ten minutes.
    wait_for_state(operation, "succeeded")


def test_a_wait_ends_by_itself_when_nobody_pokes(crew: Workers, ask: Ask, tmp_path: Path) -> None:
    operation = ask(wait_s=0.2)
    wait_until(lambda: len(lines(tmp_path / "looks")) >= 3, "it looks again and again")
    (tmp_path / "ready").touch()

    wait_for_state(operation, "succeeded")


def test_two_hundred_waiting_operations_hold_no_worker(
    crew: Workers, ask: Ask, tmp_path: Path, broker: redis.Redis
) -> None:
    waiting = [ask(f"service-{number}", wait_s=600).pk for number in range(200)]
    in_wait = Operation.objects.filter(pk__in=waiting, wake_at__isnull=False, lease_until__isnull=True)
    wait_while_growing(in_wait.count, 200, "operations that wait")

    wait_until(lambda: sum(broker.llen(key) for key in queue_keys(broker)) <= 1, "the queue is empty")
    (tmp_path / "ready").touch()
    wait_for_state(ask("another"), "succeeded")
    assert in_wait.count() == 200


def wait_while_growing(count: Callable[[], int], goal: int, what: str) -> None:
    """A crowded machine may need minutes for all of them, but never long for the next one."""
    reached = 0

    def grown() -> bool:
        return count() > reached

    while reached < goal:
        wait_until(grown, f"more than {reached} of {goal} {what}")
        reached = count()


def test_many_pokes_leave_no_pile_of_messages(crew: Workers, ask: Ask, tmp_path: Path, broker: redis.Redis) -> None:
    operation = ask(wait_s=0.4)
    wait_until(lambda: fresh(operation).wake_at is not None, "it waits")
    most = 0
    for _ in range(100):
        actions.poke(tenant="payments", service="ledger-api")
        most = max(most, broker.hlen(f"{prefix()}unacked") + sum(broker.llen(key) for key in queue_keys(broker)))
    (tmp_path / "ready").touch()

    wait_for_state(operation, "succeeded")
    # Its timer, the message to look now, those just answered, and the reaper's own round.
    assert most <= 8


def test_the_deadline_ends_a_waiting_operation(crew: Workers, ask: Ask, tmp_path: Path) -> None:
    operation = ask(wait_s=600)
    wait_until(lambda: fresh(operation).wake_at is not None, "it waits")
    soon = now() + timedelta(seconds=0.3)
    Operation.objects.filter(pk=operation.pk).update(deadline_at=soon, wake_at=soon)

    operation = wait_for_state(operation, "stalled")
    assert "2 of 4 walls are dry" in operation.reason


def test_a_waiting_operation_is_cancelled_at_once(crew: Workers, ask: Ask, dev: Actor) -> None:
    operation = ask(wait_s=600)
    wait_until(lambda: fresh(operation).wake_at is not None, "it waits")

    actions.cancel(dev, operation)

    assert wait_for_state(operation, "cancelled").reason.startswith("dev cancelled it")


def test_a_running_operation_is_cancelled_after_its_step(crew: Workers, ask: Ask, dev: Actor, ready: Path) -> None:
    hold = held_at(ready, "before-sand")
    operation = ask()
    wait_until_reached(hold)
    actions.cancel(dev, operation)
    assert fresh(operation).state == OperationState.RUNNING
    hold.unlink()

    wait_for_state(operation, "cancelled")
    assert lines(ready / "effects") == ["sand"]


def test_the_queue_moves_on_by_itself(crew: Workers, ask: Ask, ready: Path) -> None:
    first, second = ask(), ask(behind=True)

    wait_for_state(first, "succeeded")
    wait_for_state(second, "succeeded")


def test_the_command_follows_an_operation_to_its_end(crew: Workers, ready: Path) -> None:
    parameters = ["tenant=payments", "service=ledger-api", f"folder={ready}"]
    ended = operate("paint-service", *parameters, "--as", "ada", "--wait")

    assert ended.returncode == 0, ended.stderr
    assert "Paint the wall: succeeded, painted red after 4be07d1c9a" in ended.stdout
    assert "ledger-api → red in payments. Done in" in ended.stdout


@pytest.fixture
def broker(valkey: None) -> redis.Redis:
    return redis.Redis.from_url(settings.BROKER_URL)


def prefix() -> str:
    return str(settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"])


def queue_keys(broker: redis.Redis) -> list[str]:
    """The queue's lists, one for each priority."""
    return [key.decode() for key in broker.keys(f"{prefix()}{QUEUE}*")]
