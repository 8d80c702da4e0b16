"""Faults that show in the cluster itself and not in a container's behaviour: full quotas, edits by hand, lost nodes.

What only a new pod meets, such as a lost image, is noticed when a pod is placed anew; so the service's pods are put off
their nodes once, as a drain does.
"""

from sandbox.controllers.client import Thing
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.effects.databases import DatabaseClusterDown
from sandbox.controllers.effects.drift import ManualDrift
from sandbox.controllers.effects.hands import Effect, Hands
from sandbox.controllers.effects.nodes import LostNode
from sandbox.controllers.effects.quotas import ExhaustedQuota, NarrowLimits
from sandbox.controllers.faultbook import FaultBook, service_of
from sandbox.controllers.kinds import POD, QUOTA
from sandbox.controllers.kubelet.kubelet import Kubelet
from sandbox.controllers.workqueue import WorkQueue
from sandbox.faults import ActiveFault
from sandbox.faults.kinds import tag_of


class FaultEffects:
    def __init__(self, cluster: Cluster, faults: FaultBook, kubelet: Kubelet, *, has_controllers: bool) -> None:
        self.cluster, self.faults, self.hands = cluster, faults, Hands(cluster)
        self.pods, self.quotas = cluster.cache(POD), cluster.cache(QUOTA)
        self.effects: tuple[Effect, ...] = (
            NarrowLimits(cluster),
            ExhaustedQuota(cluster),
            ManualDrift(cluster),
            DatabaseClusterDown(cluster),
            LostNode(cluster, kubelet, has_controllers=has_controllers),
        )
        self.queue: WorkQueue[str] = WorkQueue("fault effects", self.reconcile, workers=1)
        self._known: set[str] | None = None

    def start(self) -> None:
        self.faults.subscribe(lambda: self.queue.add("all"))
        self.quotas.subscribe(self._quota_changed)
        self.queue.add("all")
        self.cluster.start(self.queue.run(), name="fault effects")

    def _quota_changed(self, old: Thing | None, new: Thing | None) -> None:
        """A fault may be older than the tenant's quota."""
        if new is not None and (old is None or not old.get("status")):
            self.queue.add("all")

    async def reconcile(self, key: str) -> None:
        active = self.faults.all()
        narrow, *others = self.effects
        await narrow.bring([one for one in active if one.fault.name == narrow.name])
        for fault in active:
            if self._known is not None and _identity(fault) not in self._known:
                await self._put_off(fault)
        self._known = {_identity(fault) for fault in active}
        for effect in others:
            await effect.bring([one for one in active if one.fault.name == effect.name])

    async def _put_off(self, fault: ActiveFault) -> None:
        if not fault.fault.replaces_pods:
            return
        for pod in self.pods.inside(fault.tenant):
            tags = [tag_of(one["image"]) for one in pod["spec"]["containers"]]
            if service_of(pod) == (fault.tenant, fault.service) and any(map(fault.concerns_tag, tags)):
                await self.hands.delete(POD, pod)


def _identity(fault: ActiveFault) -> str:
    return f"{fault.key} {sorted(fault.settings.items())}"
