"""Faults that show in the cluster itself and not in a container's behaviour: lost images, full quotas, narrow limits.

A lost image is noticed only when a pod is placed anew, so the pods that run it are put off their nodes once. A full
quota is made by an ordinary workload that holds what was left.
"""

import math
from typing import Any

from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.faultbook import FaultBook, service_of
from sandbox.controllers.kinds import DEPLOYMENT, LIMIT_RANGE, POD, QUOTA, Kind
from sandbox.controllers.quantity import MIB, parse
from sandbox.controllers.workqueue import WorkQueue
from sandbox.faults import ActiveFault
from sandbox.faults.kinds import tag_of

LOAD = "batch-import"
NARROW = "narrow-containers"
IMAGE = "ghcr.io/acme/batch-import:1.0.0"
MARK = {"sandbox.mctl/fault": "quota-exhausted"}
DEFAULT_RESOURCE = "requests.memory"
# The largest pod of the load: below what a LimitRange usually allows for one container.
MOST_MILLICORES, MOST_MIB = 500, 1024


class FaultEffects:
    def __init__(self, cluster: Cluster, faults: FaultBook) -> None:
        self.cluster, self.faults = cluster, faults
        self.client = cluster.client.acting_as("faults")
        self.pods, self.quotas = cluster.cache(POD), cluster.cache(QUOTA)
        self.deployments, self.ranges = cluster.cache(DEPLOYMENT), cluster.cache(LIMIT_RANGE)
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
        await self._narrow({one.tenant: one for one in active if one.fault.name == "narrow-limit-range"})
        for fault in active:
            if self._known is not None and _identity(fault) not in self._known:
                await self._put_off(fault)
        self._known = {_identity(fault) for fault in active}
        crowded = {one.tenant: one for one in active if one.fault.name == "quota-exhausted"}
        for tenant, fault in crowded.items():
            await self._crowd(tenant, str(fault.settings.get("resource") or DEFAULT_RESOURCE))
        for load in [one for one in self.deployments.all() if _is_load(one)]:
            if load["metadata"]["namespace"] not in crowded:
                await self._delete(DEPLOYMENT, load, propagationPolicy="Background")

    async def _put_off(self, fault: ActiveFault) -> None:
        if not fault.fault.replaces_pods:
            return
        for pod in self.pods.inside(fault.tenant):
            tags = [tag_of(one["image"]) for one in pod["spec"]["containers"]]
            if service_of(pod) == (fault.tenant, fault.service) and any(map(fault.concerns_tag, tags)):
                await self._delete(POD, pod)

    async def _narrow(self, wanted: dict[str, ActiveFault]) -> None:
        """The LimitRanges of the fault, where it is on and nowhere else."""
        for tenant, fault in wanted.items():
            if self.ranges.get(tenant, NARROW) is None:
                await self._create(LIMIT_RANGE, narrow_range(tenant, int(fault.settings.get("max_mib", 192))))
        for known in self.ranges.all():
            meta = known["metadata"]
            if meta["name"] == NARROW and meta["namespace"] not in wanted:
                await self._delete(LIMIT_RANGE, known)

    async def _create(self, kind: Kind, thing: Thing) -> None:
        try:
            await self.client.create(kind, thing)
        except ApiError as error:
            if error.status != 409:
                raise

    async def _delete(self, kind: Kind, thing: Thing, **options: str) -> None:
        try:
            await self.client.delete(kind, thing["metadata"]["namespace"], thing["metadata"]["name"], **options)
        except ApiError as error:
            if error.status != 404:
                raise

    async def _crowd(self, tenant: str, resource: str) -> None:
        if self.deployments.get(tenant, LOAD) is not None:
            return
        free = self._free(tenant, resource)
        if free is None or free <= 0:
            return
        await self._create(DEPLOYMENT, load_of(tenant, resource, free))

    def _free(self, tenant: str, resource: str) -> float | None:
        """What the tenant's quota has left: pods, millicores or MiB; None where it does not bound the resource."""
        for quota in self.quotas.inside(tenant):
            status = quota.get("status") or {}
            hard, used = (status.get("hard") or {}).get(resource), (status.get("used") or {}).get(resource, 0)
            if hard is not None:
                left = parse(hard) - parse(used)
                return float(left if resource == "pods" else left * 1000 if "cpu" in resource else left / MIB)
        return None


def narrow_range(tenant: str, most_mib: int) -> dict[str, Any]:
    limits = [{"type": "Container", "max": {"memory": f"{most_mib}Mi"}}]
    return {"metadata": {"name": NARROW, "namespace": tenant}, "spec": {"limits": limits}}


def load_of(tenant: str, resource: str, free: float) -> dict[str, Any]:
    """The Deployment that holds `free` of the resource, spread over pods no larger than a tenant's may be."""
    requests, limits = {"cpu": "5m", "memory": "8Mi"}, {"cpu": "20m", "memory": "32Mi"}
    if resource == "pods":
        replicas = int(free)
    else:
        cpu = "cpu" in resource
        replicas = max(1, math.ceil(free / (MOST_MILLICORES if cpu else MOST_MIB)))
        amount = f"{math.floor(free / replicas)}{'m' if cpu else 'Mi'}"
        limits = {**limits, "cpu" if cpu else "memory": amount}
        if resource.startswith("requests."):
            requests = {**requests, "cpu" if cpu else "memory": amount}
    labels = {"app": LOAD}
    container = {"name": LOAD, "image": IMAGE, "resources": {"requests": requests, "limits": limits}}
    return {
        "metadata": {"name": LOAD, "namespace": tenant, "labels": {**labels, **MARK}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def _is_load(deployment: Thing) -> bool:
    return MARK.items() <= (deployment["metadata"].get("labels") or {}).items()


def _identity(fault: ActiveFault) -> str:
    return f"{fault.key} {sorted(fault.settings.items())}"
