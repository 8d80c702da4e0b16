"""The small operation, its folder, and real workers over the real broker for the tests that ask for them."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.db import connection

from core.actor import Actor
from operations import actions
from operations.models import Operation
from operations.queries import OperationView, operation_view
from tests.conftest import LONGEST_WAIT_S, ROOT, Processes, wait_until
from tests.operations import small
from tests.settings import TEST_DIR

QUEUE = "engine-tests"
LEASE_S = 1.5


@pytest.fixture(scope="module", autouse=True)
def small_operations() -> Iterator[None]:
    with small.registered():
        yield


@contextmanager
def messages_to(queue: str) -> Iterator[None]:
    app = current_app._get_current_object()
    before = app.conf.task_default_queue
    app.conf.task_default_queue = queue
    app.__dict__.pop("amqp", None)
    yield
    app.conf.task_default_queue = before
    app.__dict__.pop("amqp", None)


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


def fresh(operation: Operation) -> Operation:
    return Operation.objects.get(pk=operation.pk)


def view(operation: Operation, actor: Actor) -> OperationView:
    return operation_view(actor, fresh(operation))


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def wait_for_state(operation: Operation, *states: str) -> Operation:
    def reached() -> bool:
        return fresh(operation).state in states

    try:
        wait_until(reached, f"{operation.public_id} is {' or '.join(states)}")
    except AssertionError as late:
        now = fresh(operation)
        raise AssertionError(f"{late} It is {now.state} {now.reason!r}, {now.lease_owner!r}, {now.wake_at}") from None
    return fresh(operation)


class Workers:
    """Real Celery prefork workers and a beat on the test's database."""

    def __init__(self, processes: Processes) -> None:
        self.processes = processes

    def start(self, name: str = "engine-worker", *, concurrency: int = 2, lease_s: float = LEASE_S) -> None:
        os.environ["MCTL_OPERATION_LEASE_S"] = str(lease_s)
        argv = ["worker", "--concurrency", str(concurrency), "-Q", QUEUE, "--hostname", f"{name}@%h"]
        self._celery(name, [*argv, "--without-gossip", "--without-mingle", "--without-heartbeat"])
        del os.environ["MCTL_OPERATION_LEASE_S"]

    def start_beat(self) -> None:
        self._celery("engine-beat", ["beat", "--pidfile=", "--schedule", str(TEST_DIR / "engine-beat")])

    def _celery(self, name: str, argv: list[str]) -> None:
        celery = [sys.executable, "-m", "celery", "-A", "tests.operations.worker"]
        with database_for_children():
            self.processes.start(name, [*celery, *argv, "--loglevel", "WARNING"])

    def kill(self, name: str = "engine-worker", with_signal: int = signal.SIGKILL) -> None:
        """The whole machine, so to speak: the worker and its child processes at once."""
        self.processes.kill(name, with_signal)


@contextmanager
def database_for_children() -> Iterator[None]:
    before = os.environ.get("DATABASE_URL")
    os.environ["DATABASE_URL"] = database_url()
    try:
        yield
    finally:
        os.environ.pop("DATABASE_URL") if before is None else os.environ.update({"DATABASE_URL": before})


def operate(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """`manage.py operate` as a process of its own, with the small operation declared."""
    program = "from tests.operations import worker; from django.core.management import execute_from_command_line as go"
    argv = [sys.executable, "-c", f"{program}; import sys; go(sys.argv)", "operate", *arguments]
    with database_for_children():
        return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=2 * LONGEST_WAIT_S, check=False)


def database_url() -> str:
    """Where this test's database is, for another process."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite://{settings['NAME']}"
    return f"postgresql://{settings['USER']}:{settings['PASSWORD']}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"


@pytest.fixture(scope="module")
def workers(processes: Processes, valkey: None, django_db_setup: None) -> Iterator[Workers]:
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
