"""Starts, cancels and ends that race on overlapping targets, over real connections: the database decides."""

import threading
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import pytest
from django.db import connection

from core.actor import Actor
from core.errors import Busy
from operations import actions, engine
from operations.choices import OperationState
from operations.models import Operation
from tests.operations import tenantwide

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

Work = Callable[[], object]
ROUNDS = 6
LONGEST_S = 60


@pytest.fixture(scope="module", autouse=True)
def tenant_operations(small_operations: None) -> Iterator[None]:
    with tenantwide.registered():
        yield


@pytest.fixture
def start(dev: Actor, tmp_path: Path) -> Callable[..., Operation]:
    def start(service: str, *, behind: bool = False) -> Operation:
        values = {"tenant": "payments", "folder": str(tmp_path)}
        if not service:
            return actions.start(dev, "clear-tenant", values, queue_behind=behind)
        return actions.start(dev, "paint-service", {**values, "service": service}, queue_behind=behind)

    return start


def at_once(*works: Work) -> list[BaseException]:
    """Runs each in a thread with a connection of its own, all from the same moment on. Returns what they raised."""
    barrier = threading.Barrier(len(works))
    raised: list[BaseException] = []

    def run(work: Work) -> None:
        try:
            barrier.wait(LONGEST_S)
            work()
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST_S)
    return raised


def overlapping_holders() -> list[tuple[Operation, Operation]]:
    holding = list(Operation.objects.holding())
    return [(one, other) for one, other in combinations(holding, 2) if engine.queue.overlap(one, other)]


def end_all() -> None:
    for operation in Operation.objects.open():
        engine.end(operation, OperationState.SUCCEEDED)


def test_of_starts_at_once_on_a_tenant_and_its_services_one_kind_goes_first(start: Callable[..., Operation]) -> None:
    for _ in range(ROUNDS):
        raised = at_once(*(lambda service=service: start(service) for service in ("", "one", "", "two", "one")))

        assert all(isinstance(error, Busy) for error in raised), raised
        holding = sorted(operation.service for operation in Operation.objects.open())
        assert holding in ([""], ["one"], ["two"], ["one", "two"])
        assert len(raised) + len(holding) == 5
        end_all()


def test_starts_that_queue_and_ends_leave_nothing_behind(start: Callable[..., Operation]) -> None:
    """Each round ends whatever holds while others arrive; the queue is emptied in the end without a reaper."""
    for _ in range(ROUNDS):
        holders = list(Operation.objects.holding())
        ends = [lambda one=one: engine.end(one, OperationState.SUCCEEDED) for one in holders[:3]]
        starts = [lambda service=service: start(service, behind=True) for service in ("", "one", "two")]

        assert at_once(*ends, *starts) == []
        assert overlapping_holders() == []
    while Operation.objects.open().exists():
        holding = list(Operation.objects.holding())
        assert holding
        at_once(*(lambda one=one: engine.end(one, OperationState.SUCCEEDED) for one in holding[:4]))
        assert overlapping_holders() == []


def test_cancels_and_starts_at_once_promote_each_follower_once(start: Callable[..., Operation], dev: Actor) -> None:
    for _ in range(ROUNDS):
        first = start("one")
        tenant, later = start("", behind=True), start("two", behind=True)

        raised = at_once(
            lambda first=first: actions.cancel(dev, first),
            lambda tenant=tenant: actions.cancel(dev, tenant),
            lambda: start("one", behind=True),
        )

        assert raised == []
        assert overlapping_holders() == []
        assert Operation.objects.get(pk=later.pk).queued_behind is None
        assert not Operation.objects.open().exclude(queued_behind=None).exists()
        end_all()
