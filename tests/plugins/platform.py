"""The parts of the embedded platform, each started once when the first test asks for it."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.github.control import Control
from tests.processes import Processes, start_part
from tests.settings import PLATFORM, TEST_DIR


@pytest.fixture(scope="session")
def processes() -> Iterator[Processes]:
    TEST_DIR.mkdir(parents=True, exist_ok=True)
    PLATFORM.prepare()
    keeper = Processes()
    yield keeper
    keeper.stop_all()


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
    """The sandbox's GitHub, seeded again. `github("leave", login="dev", team="acme-payments")` changes it.

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


@pytest.fixture(autouse=True)
def cache_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a cache that did not answer, the product counts nothing for two seconds: the next test is in them."""
    monkeypatch.setattr("core.scripts._rests_until", 0.0)
