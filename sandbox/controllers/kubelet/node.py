"""The nodes: what they have, what they say about themselves, and the lease that shows they live."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.clock import micro_stamp, stamp
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.events import Recorder
from sandbox.controllers.kinds import LEASE, NAMESPACE, NODE
from sandbox.registry import Image

VERSION = "v1.36.2"
# The label by which nodes that exist in the API alone are known.
EMULATED = "sandbox.mctl/emulated"
LEASE_NAMESPACE = "kube-node-lease"
# Heartbeats are real seconds: they cost the same at any speed.
LEASE_S, STATUS_S = 10.0, 300.0


@dataclass(frozen=True, slots=True)
class Size:
    """What each node offers."""

    count: int = 3
    cpu: str = "4"
    memory: str = "16Gi"
    pods: str = "110"


@dataclass
class Node:
    """One node; its kubelet reaches nobody while it is `lost`. All kubelets have one loopback address: the port is
    what the API server needs."""

    name: str
    index: int
    events: Recorder
    address: str = "127.0.0.1"
    images: dict[str, Image] = field(default_factory=dict)
    lost: bool = False


def node_object(node: Node, size: Size, *, port: int, now: str) -> Thing:
    room = {"cpu": size.cpu, "memory": size.memory, "pods": size.pods, "ephemeral-storage": "98831908Ki"}
    return {
        "metadata": {
            "name": node.name,
            "labels": {
                "kubernetes.io/hostname": node.name,
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/os": "linux",
                "topology.kubernetes.io/zone": f"zone-{'abc'[node.index % 3]}",
                EMULATED: "true",
            },
        },
        "spec": {"podCIDR": f"10.42.{node.index}.0/24", "podCIDRs": [f"10.42.{node.index}.0/24"]},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": node.address},
                {"type": "Hostname", "address": node.name},
            ],
            "capacity": room,
            "allocatable": room,
            "conditions": conditions(now),
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
            "nodeInfo": _info(node),
        },
    }


def conditions(now: str, known: Sequence[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """All is well. What was so before keeps the time since when."""
    before = {(one["type"], one["status"]): one["lastTransitionTime"] for one in known}
    said = (
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    )
    return [
        {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "lastHeartbeatTime": now,
            "lastTransitionTime": before.get((kind, status), now),
        }
        for kind, status, reason, message in said
    ]


async def register(cluster: Cluster, node: Node, size: Size, *, port: int) -> None:
    """Creates the node, or brings a known one up to date (its kubelet may answer on another port now)."""
    client = cluster.client.acting_as("kubelet")
    wanted = node_object(node, size, port=port, now=stamp(cluster.clock.now()))
    known = await client.find(NODE, "", node.name)
    if known is None:
        await client.create(NODE, wanted)
        # Admission marks each new node as not ready; the node controller takes that off, where there is one.
        await client.patch(NODE, "", node.name, {"spec": {"taints": None}})
    await client.patch(NODE, "", node.name, {"status": wanted["status"]}, sub="status")


async def beat(cluster: Cluster, nodes: list[Node]) -> None:
    """Renews leases and, when it is due, the nodes' statuses, until it is cancelled."""
    await _lease_namespace(cluster)
    while True:
        for node in [one for one in nodes if not one.lost]:
            await _survive(_renew(cluster, node))
            await _survive(post_status(cluster, node))
        await asyncio.sleep(LEASE_S)


async def post_status(cluster: Cluster, node: Node) -> None:
    """Every five minutes, and at once where the node controller has taken a late kubelet for dead."""
    client, now = cluster.client.acting_as("kubelet"), cluster.clock.now()
    known = (await client.get(NODE, "", node.name))["status"].get("conditions") or []
    wanted = conditions(stamp(now), known)
    is_true = {(one["type"], one["status"]) for one in wanted} <= {(one["type"], one["status"]) for one in known}
    posted = max((one.get("lastHeartbeatTime") or "" for one in known), default="")
    if not is_true or not posted or cluster.clock.age_s(posted) >= STATUS_S:
        status = {"conditions": wanted}
        await client.patch(NODE, "", node.name, {"status": status}, sub="status")


async def _lease_namespace(cluster: Cluster) -> None:
    try:
        await cluster.client.acting_as("kubelet").create(NAMESPACE, {"metadata": {"name": LEASE_NAMESPACE}})
    except ApiError as error:
        if error.status != 409:
            raise


async def _renew(cluster: Cluster, node: Node) -> None:
    client = cluster.client.acting_as("kubelet")
    spec = {"holderIdentity": node.name, "leaseDurationSeconds": 40, "renewTime": micro_stamp(cluster.clock.now())}
    try:
        await client.patch(LEASE, LEASE_NAMESPACE, node.name, {"spec": spec})
    except ApiError as error:
        if error.status != 404:
            raise
        meta = {"name": node.name, "namespace": LEASE_NAMESPACE}
        await client.create(LEASE, {"metadata": meta, "spec": spec})


def _info(node: Node) -> dict[str, str]:
    serial = f"{node.index + 1:032x}"
    return {
        "architecture": "amd64",
        "operatingSystem": "linux",
        "osImage": "MCTL sandbox (emulated)",
        "kernelVersion": "6.8.0-60-generic",
        "containerRuntimeVersion": "containerd://2.1.3",
        "kubeletVersion": VERSION,
        "kubeProxyVersion": "",
        "machineID": serial,
        "systemUUID": serial,
        "bootID": serial,
    }


async def _survive(work: Any) -> None:
    """A missed heartbeat is made up for by the next one."""
    try:
        await work
    except (ApiError, aiohttp.ClientError, TimeoutError, OSError):
        return
