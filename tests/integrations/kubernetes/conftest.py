"""One emulated API for this folder's tests, and relays before it for those that break connections."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from integrations.kubernetes import Cluster
from tests.integrations.kubernetes.objects import make_namespace
from tests.integrations.kubernetes.servers import Emulator, Relay

NUMBERS = count()


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    server = Emulator(tmp_path_factory.mktemp("kubernetes"))
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def cluster(emulator: Emulator) -> Cluster:
    return emulator.cluster()


@pytest.fixture
def namespace(cluster: Cluster, request: pytest.FixtureRequest) -> str:
    """A namespace of the test's own."""
    return make_namespace(cluster, f"{request.node.originalname[:50].replace('_', '-').strip('-')}-{next(NUMBERS)}")


@pytest.fixture
def relay(emulator: Emulator) -> Iterator[Relay]:
    between = Relay(emulator.port)
    yield between
    between.close()


@pytest.fixture
def own_emulator(tmp_path: Path) -> Iterator[Callable[[], Emulator]]:
    """A server that the test may kill, with a relay where it asks for one."""
    servers: list[Emulator] = []

    def start() -> Emulator:
        servers.append(Emulator(tmp_path / f"server-{len(servers)}"))
        return servers[-1].start()

    yield start
    for server in servers:
        server.stop()
