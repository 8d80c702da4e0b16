"""A real cluster for tests marked `real_cluster`, started when the first one asks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real_cluster import ASSETS, RealCluster, run_cluster


@pytest.fixture(scope="session")
def real_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCluster]:
    """etcd and kube-apiserver: nothing reconciles what a test writes."""
    with run_cluster(Path(ASSETS), tmp_path_factory.mktemp("real-cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def real_kubeconfig(real_cluster: RealCluster) -> Path:
    return real_cluster.kubeconfig


@pytest.fixture(scope="session")
def real_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCluster]:
    """A cluster of its own with kube-controller-manager, which makes pods of Deployments and collects garbage."""
    with run_cluster(Path(ASSETS), tmp_path_factory.mktemp("real-plane"), has_controllers=True) as cluster:
        yield cluster
