"""The platform and the cast that tests share. Nothing starts that no test asked for.

Olga owns payments, Dev develops, Vera views, Oscar is an outsider with a tenant of his own, Ada is platform admin.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import DjangoDbBlocker

from core.actor import Actor, Door, Role
from sandbox.github.control import Control
from sandbox.platform import Part
from tests.real_cluster import real_cluster, real_kubeconfig, real_plane  # noqa: F401
from tests.settings import PLATFORM, TEST_DIR

ROOT = Path(__file__).resolve().parent.parent
# Long enough for a crowded machine; what is waited for comes in a moment on a quiet one.
LONGEST_WAIT_S = 60


class Processes:
    """Child processes in groups of their own, so that a test may kill one like a machine would."""

    def __init__(self) -> None:
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, argv: list[str]) -> subprocess.Popen[bytes]:
        log = (TEST_DIR / f"{name}.log").open("ab")
        self.running[name] = subprocess.Popen(argv, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        return self.running[name]

    def kill(self, name: str, with_signal: int = signal.SIGKILL) -> None:
        process = self.running.pop(name)
        if process.poll() is None:
            os.killpg(process.pid, with_signal)
        process.wait(timeout=20)

    def stop_all(self) -> None:
        for name in list(self.running):
            self.kill(name, signal.SIGTERM)


def wait_until(ready: Callable[[], bool], what: str, within_s: float = LONGEST_WAIT_S) -> None:
    end = time.monotonic() + within_s
    while not ready():
        if time.monotonic() > end:
            raise AssertionError(f"After {within_s:.0f} s: {what} has not happened. Logs: {TEST_DIR}")
        time.sleep(0.02)


@pytest.fixture(scope="module", autouse=True)
def rows_of_nobody_else(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Each file begins with empty tables: real processes of the file before may have written a last row of theirs."""
    with django_db_blocker.unblock():
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture(scope="session")
def processes() -> Iterator[Processes]:
    TEST_DIR.mkdir(parents=True, exist_ok=True)
    PLATFORM.prepare()
    keeper = Processes()
    yield keeper
    keeper.stop_all()


def pytest_unconfigure() -> None:
    """After the test database is gone, which lies in there too."""
    shutil.rmtree(TEST_DIR, ignore_errors=True)


def start_part(processes: Processes, name: str) -> Part:
    part = next(part for part in PLATFORM.parts() if part.name == name)
    processes.start(part.name, part.argv)
    wait_until(part.ready, f"{name} answers")
    return part


@pytest.fixture(scope="session")
def valkey(processes: Processes) -> None:
    """The broker, cache and channel layer of the settings: Valkey here, Redis under make test-services."""
    if str(PLATFORM.valkey_socket) in os.environ["MCTL_BROKER_URL"]:
        start_part(processes, "valkey")


@pytest.fixture(scope="session")
def kubernetes(processes: Processes) -> Path:
    start_part(processes, "kubernetes")
    return PLATFORM.kubeconfig


@pytest.fixture(scope="session")
def git_server(processes: Processes) -> str:
    start_part(processes, "git")
    return PLATFORM.gitops_url


@pytest.fixture(scope="session")
def github_server(processes: Processes) -> Control:
    start_part(processes, "github")
    return Control(PLATFORM.github_url, PLATFORM.github_directory)


@pytest.fixture
def github(github_server: Control) -> Iterator[Control]:
    """The sandbox's GitHub, seeded anew. `github("leave", login="dev", team="acme-payments")` changes it.

    Put back afterwards as well: real workers of other tests ask it too."""
    github_server("reset")
    yield github_server
    github_server("reset")


@pytest.fixture(scope="session")
def platform(
    processes: Processes, valkey: None, kubernetes: Path, git_server: str, github_server: Control
) -> Processes:
    """All of the embedded platform, its controllers at twenty times the real pace."""
    start_part(processes, "controllers")
    return processes


@pytest.fixture(scope="session")
def observer_command() -> list[str]:
    return [sys.executable, "manage.py", "observe"]


def actor(name: str, **roles: Role) -> Actor:
    return Actor(name=name, door=Door.WEB, roles=roles)


@pytest.fixture
def olga() -> Actor:
    return actor("olga", payments=Role.OWNER, storefront=Role.OWNER)


@pytest.fixture
def dev() -> Actor:
    return actor("dev", payments=Role.DEVELOPER, storefront=Role.DEVELOPER)


@pytest.fixture
def vera() -> Actor:
    return actor("vera", payments=Role.VIEWER)


@pytest.fixture
def oscar() -> Actor:
    return actor("oscar", labs=Role.OWNER)


@pytest.fixture
def ada() -> Actor:
    return Actor(name="ada", door=Door.WEB, is_admin=True)
