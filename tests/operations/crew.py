"""Real Celery workers of the small operation, and what tests read of a run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from core.actor import Actor
from operations.models import Operation
from operations.queries import OperationView, operation_view
from tests.databases import database_for_children
from tests.processes import LONGEST_WAIT_S, ROOT, Processes, wait_until
from tests.settings import TEST_DIR

QUEUE = "engine-tests"
LEASE_S = 1.5


def children_of(operation: Operation) -> list[Operation]:
    return list(fresh(operation).children.order_by("pk"))


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


def operate(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """`manage.py operate` as a process of its own, with the small operation declared."""
    program = "from tests.operations import worker; from django.core.management import execute_from_command_line as go"
    argv = [sys.executable, "-c", f"{program}; import sys; go(sys.argv)", "operate", *arguments]
    with database_for_children():
        return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=2 * LONGEST_WAIT_S, check=False)
