"""Nodes report as a kubelet does: again after five minutes, and at once where they are taken for dead."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.controllers.client import connect
from sandbox.controllers.clock import Clock, stamp
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.kinds import NODE
from sandbox.controllers.kubelet.node import Node, Size, post_status, register
from tests.sandbox.controllers.world import World

NAME = "metal-9"
LONG_AGO = stamp(datetime.now(UTC) - timedelta(minutes=6))


@pytest.fixture
async def its_cluster(world: World, tmp_path: Path) -> AsyncIterator[Cluster]:
    """A kubelet's view of the cluster, with one more node that the running kubelets do not know."""
    client = connect(world.kubeconfig)
    async with asyncio.TaskGroup() as tasks:
        its = Cluster(client, Clock(), tmp_path, tasks)
        node = Node(NAME, 9, None)  # type: ignore[arg-type]
        await register(its, node, Size(), port=1)
        # The scheduler must not choose it for the pods of other tests.
        await client.patch(NODE, "", NAME, {"spec": {"unschedulable": True}})
        yield its
    await client.delete(NODE, "", NAME)
    await client.close()


async def post(cluster: Cluster) -> dict[str, Any]:
    await post_status(cluster, Node(NAME, 9, None))  # type: ignore[arg-type]
    return await read(cluster)


async def read(cluster: Cluster) -> dict[str, Any]:
    return await cluster.client.get(NODE, "", NAME)


async def say(cluster: Cluster, **changes: Any) -> dict[str, Any]:
    """What another component writes into every condition of the node."""
    known = (await read(cluster))["status"]["conditions"]
    status = {"conditions": [{**one, **changes} for one in known]}
    return await cluster.client.patch(NODE, "", NAME, {"status": status}, sub="status")


def conditions(node: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["type"]: one for one in node["status"]["conditions"]}


async def test_a_new_node_is_ready_and_not_tainted(its_cluster: Cluster) -> None:
    node = await read(its_cluster)
    assert conditions(node)["Ready"]["status"] == "True"
    assert not node["spec"].get("taints")


async def test_it_has_no_host_name_that_an_api_server_would_look_up(its_cluster: Cluster) -> None:
    assert [one["type"] for one in (await read(its_cluster))["status"]["addresses"]] == ["InternalIP"]


async def test_a_fresh_status_is_not_posted_again(its_cluster: Cluster) -> None:
    before = (await read(its_cluster))["metadata"]["resourceVersion"]
    assert (await post(its_cluster))["metadata"]["resourceVersion"] == before


async def test_after_five_minutes_it_is_posted_and_the_time_of_the_last_change_stays(its_cluster: Cluster) -> None:
    await say(its_cluster, lastHeartbeatTime=LONG_AGO, lastTransitionTime=LONG_AGO)
    ready = conditions(await post(its_cluster))["Ready"]
    assert ready["lastHeartbeatTime"] > LONG_AGO
    assert ready["lastTransitionTime"] == LONG_AGO


async def test_a_node_taken_for_dead_says_at_once_that_it_lives(its_cluster: Cluster) -> None:
    await say(its_cluster, status="Unknown", reason="NodeStatusUnknown", lastTransitionTime=LONG_AGO)
    ready = conditions(await post(its_cluster))["Ready"]
    assert (ready["status"], ready["reason"]) == ("True", "KubeletReady")
    assert ready["lastTransitionTime"] > LONG_AGO
