"""A node stops reporting: what the node controller does about it, from the first doubt to the eviction of its pods."""

import asyncio
from typing import Any

from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.clock import stamp
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.effects.hands import Hands
from sandbox.controllers.faultbook import service_of
from sandbox.controllers.kinds import NODE, POD
from sandbox.controllers.kubelet.kubelet import Kubelet
from sandbox.controllers.workloads.common import condition_of
from sandbox.faults import ActiveFault

# The node controller's grace period, and how long pods tolerate an unreachable node by default.
GRACE_S, TOLERATED_S = 50.0, 300.0
UNREACHABLE = "node.kubernetes.io/unreachable"
SILENT = "Kubelet stopped posting node status."


class LostNode(Hands):
    """The node that runs the service's first pod is the one that is lost; what else runs there is lost with it.

    A real node controller does the rest by itself; `has_controllers` says that there is one.
    """

    name = "node-not-ready"

    def __init__(self, cluster: Cluster, kubelet: Kubelet, *, has_controllers: bool) -> None:
        super().__init__(cluster)
        self.has_controllers = has_controllers
        self.kubelet, self.pods = kubelet, cluster.cache(POD)
        self.events = cluster.recorder("node-controller")
        self._lost: dict[str, str] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}

    async def bring(self, active: list[ActiveFault]) -> None:
        wanted = {one.key: one for one in active}
        for key in set(self._lost) - set(wanted):
            await self._return(self._lost.pop(key))
        for key in set(wanted) - set(self._lost):
            node = self._node_of(wanted[key])
            if node and node not in self._lost.values():
                self._lost[key] = node
                self.kubelet.lose(node)
                if not self.has_controllers:
                    self._watches[node] = self.cluster.start(self._give_up(node), name=f"lost node {node}")

    def _node_of(self, fault: ActiveFault) -> str:
        found = [one for one in self.pods.inside(fault.tenant) if service_of(one) == (fault.tenant, fault.service)]
        return next((one["spec"]["nodeName"] for one in found if one["spec"].get("nodeName")), "")

    async def _give_up(self, name: str) -> None:
        await self.clock.sleep(GRACE_S)
        node = await self.client.get(NODE, "", name)
        now = stamp(self.clock.now())
        unknown = {"status": "Unknown", "reason": "NodeStatusUnknown", "message": SILENT, "lastTransitionTime": now}
        conditions = [{**one, **unknown} for one in node["status"]["conditions"]]
        await self.client.patch(NODE, "", name, {"status": {"conditions": conditions}}, sub="status")
        taints = [{"key": UNREACHABLE, "effect": effect, "timeAdded": now} for effect in ("NoSchedule", "NoExecute")]
        await self.client.patch(NODE, "", name, {"spec": {"taints": taints}})
        self.events.normal(node, "NodeNotReady", f"Node {name} status is now: NodeNotReady")
        for pod in self._on(name):
            self.events.warning(pod, "NodeNotReady", "Node is not ready")
            await self._mark(pod, now)
        await self.clock.sleep(TOLERATED_S)
        for pod in self._on(name):
            meta = pod["metadata"]
            words = f"Marking for deletion Pod {meta['namespace']}/{meta['name']}"
            self.events.normal(pod, "TaintManagerEviction", words)
            await self.delete(POD, pod)

    def _on(self, node: str) -> list[Thing]:
        return [one for one in self.pods.all() if one["spec"].get("nodeName") == node]

    async def _mark(self, pod: Thing, now: str) -> None:
        """Nobody can say any more that the pod is ready; the rest of its status stays as it was last reported."""
        ready = condition_of(pod, "Ready")
        if ready is None or ready["status"] != "True":
            return
        conditions: list[dict[str, Any]] = [
            {**one, "status": "False", "lastTransitionTime": now} if one["type"] == "Ready" else one
            for one in pod["status"]["conditions"]
        ]
        meta = pod["metadata"]
        try:
            change = {"status": {"conditions": conditions}}
            await self.client.patch(POD, meta["namespace"], meta["name"], change, sub="status")
        except ApiError as error:
            if error.status != 404:
                raise

    async def _return(self, name: str) -> None:
        if self.has_controllers:
            await self.kubelet.find(name)
            return
        self._watches.pop(name).cancel()
        await self.client.patch(NODE, "", name, {"spec": {"taints": None}})
        await self.kubelet.find(name)
        self.events.normal(await self.client.get(NODE, "", name), "NodeReady", f"Node {name} status is now: NodeReady")
