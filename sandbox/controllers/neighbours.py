"""What a cluster already has of the control plane, so that none of our controllers becomes a rival of a real one."""

import asyncio
import logging
from collections.abc import AsyncIterator

import aiohttp

from sandbox.controllers.client import ApiError, Client, Thing
from sandbox.controllers.clock import Clock
from sandbox.controllers.kinds import CONFIG_MAP, LEASE, NODE
from sandbox.controllers.kubelet.node import EMULATED

log = logging.getLogger(__name__)
# A real cluster brings its own workload controllers; its add-ons may be absent.
GROUPS = ("argocd", "kubelet", "workloads", "addons")
AUTO = "auto"
SYSTEM = "kube-system"
MANAGER, SCHEDULER = "kube-controller-manager", "kube-scheduler"
# kube-controller-manager publishes it in every namespace, with or without leader election.
ROOT_CERTIFICATE = "kube-root-ca.crt"
# A holder that renewed its Lease this many lease durations ago may be slow; one that is older is gone.
PATIENCE = 3
RETRY_S = 2.0


async def choose_groups(client: Client, clock: Clock) -> set[str]:
    """Which groups to run beside what is there. Waits for a server that does not answer yet."""
    while True:
        try:
            taken = {group: why async for group, why in _neighbours(client, clock)}
            break
        except (ApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            # An administrator's kubeconfig is needed: the controllers write every kind there is.
            log.warning("cluster_not_read %s", error)
            await asyncio.sleep(RETRY_S)
    for group, why in taken.items():
        print(f"{group}: left to the cluster, because {why}", flush=True)
    return set(GROUPS) - set(taken)


async def _neighbours(client: Client, clock: Clock) -> AsyncIterator[tuple[str, str]]:
    """Pairs of (group, why it must not run)."""
    if holder := await _holder(client, clock, MANAGER):
        yield "workloads", f"{holder} holds the Lease {SYSTEM}/{MANAGER}"
    elif await _has_root_certificate(client):
        yield "workloads", f"a controller manager wrote the ConfigMap default/{ROOT_CERTIFICATE}"
    nodes, _ = await client.list_all(NODE)
    foreign = sorted(node["metadata"]["name"] for node in nodes if not _is_emulated(node))
    if foreign:
        yield "kubelet", f"node {foreign[0]} has a kubelet of its own"
    elif holder := await _holder(client, clock, SCHEDULER):
        yield "kubelet", f"{holder} holds the Lease {SYSTEM}/{SCHEDULER}"


async def _holder(client: Client, clock: Clock, name: str) -> str:
    """Who holds the Lease and still renews it; an empty string where nobody does."""
    lease = await client.find(LEASE, SYSTEM, name)
    spec = (lease or {}).get("spec") or {}
    holder, renewed = spec.get("holderIdentity"), spec.get("renewTime")
    if not holder or not renewed:
        return ""
    lasts_s = PATIENCE * int(spec.get("leaseDurationSeconds") or 15)
    return str(holder) if clock.age_s(renewed) <= lasts_s else ""


async def _has_root_certificate(client: Client) -> bool:
    """The emulator has one too, which no client wrote: nobody manages a field of it."""
    found = await client.find(CONFIG_MAP, "default", ROOT_CERTIFICATE)
    return bool(((found or {}).get("metadata") or {}).get("managedFields"))


def _is_emulated(node: Thing) -> bool:
    return EMULATED in (node["metadata"].get("labels") or {})
