"""The small operation, its folder, and real workers over the real broker for the tests that ask for them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app

from core.actor import Actor
from operations import actions
from operations.models import Operation
from tests.operations import small
from tests.operations.crew import QUEUE, Workers
from tests.processes import Processes
from tests.queues import messages_to


@pytest.fixture(scope="module", autouse=True)
def small_operations() -> Iterator[None]:
    with small.registered():
        yield


@pytest.fixture(autouse=True)
def own_queue() -> Iterator[None]:
    """Messages of these tests go where only their own workers look."""
    with messages_to(QUEUE):
        yield


@pytest.fixture
def no_broker(own_queue: None, tmp_path: Path) -> Iterator[None]:
    """The broker's socket is gone."""
    app = current_app._get_current_object()
    before = app.conf.broker_url
    app.conf.broker_url = f"redis+socket://{tmp_path}/nobody-listens.sock"
    app.__dict__.pop("amqp", None)
    yield
    app.conf.broker_url = before


@pytest.fixture
def ask(tmp_path: Path, dev: Actor) -> Callable[..., Operation]:
    """Starts the small operation on a service, as Dev unless another one is named."""

    def start(service: str = "ledger-api", *, by: Actor = dev, behind: bool = False, **parameters: Any) -> Operation:
        values = {"tenant": "payments", "service": service, "folder": str(tmp_path), **parameters}
        return actions.start(by, "paint-service", values, queue_behind=behind)

    return start


@pytest.fixture(scope="module")
def workers(processes: Processes, valkey: None, rows_of_processes: None) -> Iterator[Workers]:
    """Nothing runs yet: a test starts what it is about. Ends with its file: the reaper would take up operations that
    another file's tests run by hand."""
    crew = Workers(processes)
    yield crew
    for name in ("engine-worker", "engine-worker-2", "engine-beat"):
        if name in processes.running:
            crew.kill(name)


@pytest.fixture
def crew(workers: Workers, transactional_db: None) -> Workers:
    """A worker and a beat that run already; tests that kill the worker start another one."""
    for name, start in (("engine-worker", workers.start), ("engine-beat", workers.start_beat)):
        if name not in workers.processes.running:
            start()
    return workers
