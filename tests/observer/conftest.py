"""A small world of the test's own: an emulated API, a served git repository, and observers as real processes."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.integrations.kubernetes.servers import Emulator
from tests.observer.world import GitHost, World, running_emulator

NUMBERS = count(1)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    yield from running_emulator(tmp_path_factory.mktemp("kubernetes"))


@pytest.fixture(scope="session")
def git_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHost]:
    host = GitHost(tmp_path_factory.mktemp("git"))
    try:
        yield host.start()
    finally:
        host.stop()


@pytest.fixture
def tenant() -> str:
    """A name no other test uses: the tests share one cluster."""
    return f"orchard-{next(NUMBERS)}"


@pytest.fixture
def world_on(
    valkey: None, transactional_db: None, rows_of_processes: None, tmp_path: Path
) -> Iterator[Callable[[Emulator, GitHost], World]]:
    """A world on servers of the test's choice; its observers end with the test."""
    worlds: list[World] = []

    def make(emulator: Emulator, host: GitHost) -> World:
        worlds.append(World(emulator, host, tmp_path))
        return worlds[-1]

    yield make
    for small in worlds:
        small.stop()


@pytest.fixture
def world(world_on: Callable[[Emulator, GitHost], World], emulator: Emulator, git_host: GitHost) -> World:
    return world_on(emulator, git_host)


@pytest.fixture
def own_git_host(tmp_path: Path) -> Iterator[GitHost]:
    """A git host that the test may stop."""
    (tmp_path / "git").mkdir()
    host = GitHost(tmp_path / "git")
    try:
        yield host.start()
    finally:
        host.stop()


@pytest.fixture
def own_emulator(tmp_path: Path) -> Iterator[Emulator]:
    """A cluster that the test may stop."""
    yield from running_emulator(tmp_path / "cluster")
