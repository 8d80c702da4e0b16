"""Quotas that are used up and limits that are too narrow: what keeps a tenant's next pod from being admitted."""

import math
from typing import Any

from sandbox.controllers.cluster import Cluster
from sandbox.controllers.effects.hands import MARK, Hands, is_marked
from sandbox.controllers.kinds import DEPLOYMENT, LIMIT_RANGE, QUOTA
from sandbox.controllers.quantity import MIB, parse
from sandbox.faults import ActiveFault

LOAD = "batch-import"
NARROW = "narrow-containers"
IMAGE = "ghcr.io/acme/batch-import:1.0.0"
DEFAULT_RESOURCE = "requests.memory"
# The largest pod of the load: below what a LimitRange usually allows for one container.
MOST_MILLICORES, MOST_MIB = 500, 1024


class ExhaustedQuota(Hands):
    """An ordinary workload holds what the quota had left."""

    name = "quota-exhausted"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.quotas, self.deployments = cluster.cache(QUOTA), cluster.cache(DEPLOYMENT)

    async def bring(self, active: list[ActiveFault]) -> None:
        crowded = {one.tenant: one for one in active}
        for tenant, fault in crowded.items():
            await self._crowd(tenant, str(fault.settings.get("resource") or DEFAULT_RESOURCE))
        for load in [one for one in self.deployments.all() if is_marked(one, self.name)]:
            if load["metadata"]["namespace"] not in crowded:
                await self.delete(DEPLOYMENT, load, propagationPolicy="Background")

    async def _crowd(self, tenant: str, resource: str) -> None:
        if self.deployments.get(tenant, LOAD) is not None:
            return
        free = self._free(tenant, resource)
        if free is not None and free > 0:
            await self.create(DEPLOYMENT, load_of(tenant, resource, free))

    def _free(self, tenant: str, resource: str) -> float | None:
        """What the tenant's quota has left: pods, millicores or MiB; None where it does not bound the resource."""
        for quota in self.quotas.inside(tenant):
            status = quota.get("status") or {}
            hard, used = (status.get("hard") or {}).get(resource), (status.get("used") or {}).get(resource, 0)
            if hard is not None:
                left = parse(hard) - parse(used)
                return float(left if resource == "pods" else left * 1000 if "cpu" in resource else left / MIB)
        return None


class NarrowLimits(Hands):
    """A LimitRange that admits no container as large as the service's."""

    name = "narrow-limit-range"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.ranges = cluster.cache(LIMIT_RANGE)

    async def bring(self, active: list[ActiveFault]) -> None:
        wanted = {one.tenant: one for one in active}
        for tenant, fault in wanted.items():
            if self.ranges.get(tenant, NARROW) is None:
                await self.create(LIMIT_RANGE, narrow_range(tenant, int(fault.settings.get("max_mib", 192))))
        for known in self.ranges.all():
            meta = known["metadata"]
            if meta["name"] == NARROW and meta["namespace"] not in wanted:
                await self.delete(LIMIT_RANGE, known)


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
        "metadata": {"name": LOAD, "namespace": tenant, "labels": {**labels, MARK: ExhaustedQuota.name}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
