"""Logs of containers, from the nodes of the embedded platform."""

from pathlib import Path

import pytest

from integrations.errors import Missing, Refused
from integrations.kubernetes import Cluster, PodRow, pod_row
from tests.processes import Processes, wait_until


@pytest.fixture(scope="module")
def platform_cluster(platform: Processes, kubernetes: Path) -> Cluster:
    return Cluster(str(kubernetes))


@pytest.fixture(scope="module")
def running(platform_cluster: Cluster) -> PodRow:
    """A pod of the seeded world that has been running long enough to have something to say."""
    found: list[PodRow] = []

    def ready() -> bool:
        rows = [pod_row(pod) for pod in platform_cluster.list("pods", namespace="storefront")]
        found[:] = [row for row in rows if row.is_ready and len(log(platform_cluster, row).splitlines()) > 3]
        return bool(found)

    wait_until(ready, "a pod of storefront has written a log")
    return found[0]


def log(cluster: Cluster, row: PodRow, **how: int) -> str:
    return cluster.logs(row.namespace, row.name, "base-service", **how)


def test_a_log_is_cut_to_its_newest_whole_lines(platform_cluster: Cluster, running: PodRow) -> None:
    whole = log(platform_cluster, running).splitlines()
    limit = len(whole[-1]) + len(whole[-2]) + 4

    end = log(platform_cluster, running, limit_bytes=limit).splitlines()

    assert end
    assert sum(len(line) + 1 for line in end) <= limit
    assert set(end) <= set(log(platform_cluster, running).splitlines())


def test_the_tail_is_as_long_as_asked(platform_cluster: Cluster, running: PodRow) -> None:
    assert len(log(platform_cluster, running, tail_lines=2).splitlines()) == 2


def test_no_previous_life_and_no_such_pod_are_told_apart(platform_cluster: Cluster, running: PodRow) -> None:
    with pytest.raises(Refused) as never_died:
        platform_cluster.logs(running.namespace, running.name, "base-service", previous=True)
    with pytest.raises(Missing):
        platform_cluster.logs(running.namespace, "nobody", "base-service")

    assert "previous terminated container" in never_died.value.facts["detail"]
