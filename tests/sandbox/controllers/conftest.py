"""One embedded cluster for this folder: API server, git host with its own repository, controllers at high speed."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sandbox.controllers.client import connect
from sandbox.platform import free_port
from tests.sandbox.controllers.world import Cluster, GitOps, World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("cluster"), free_port())
    try:
        made.start("kubeapi", "--dir", str(made.kubeconfig.parent), "--port", str(free_port()))
        made.start_git()
        made.start_controllers()
        yield made
    finally:
        for name in list(made.processes):
            made.stop(name)


@pytest.fixture
def gitops(world: World, tmp_path: Path) -> Iterator[GitOps]:
    yield GitOps(world, tmp_path / "clone")
    shutil.rmtree(tmp_path / "clone", ignore_errors=True)


@pytest.fixture
async def cluster(world: World) -> AsyncIterator[Cluster]:
    client = connect(world.kubeconfig).acting_as("tests")
    yield Cluster(client, world)
    await client.close()
