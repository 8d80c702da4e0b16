"""The shared PostgreSQL cluster loses its primary: what the operator reports while nobody can write."""

from typing import Any

from core.resource_names import database_name
from sandbox.controllers.client import Thing
from sandbox.controllers.clock import stamp
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.effects.hands import MARK, Hands, is_marked
from sandbox.controllers.kinds import DATABASE, NAMESPACE, POSTGRES
from sandbox.faults import ActiveFault

SPACE, NAME, INSTANCES = "platform-db", "shared-pg", 2
DISK = "Not enough disk space"
WHY = "Insufficient disk space detected in one or more pods is preventing PostgreSQL from running."


class DatabaseClusterDown(Hands):
    """The Cluster and one Database for each service concerned are there only while the fault is on."""

    name = "database-cluster-down"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.clusters, self.databases = cluster.cache(POSTGRES), cluster.cache(DATABASE)

    async def bring(self, active: list[ActiveFault]) -> None:
        wanted = {database_name(one.tenant, one.service) for one in active}
        for known in self.databases.all():
            if is_marked(known, self.name) and known["spec"]["name"] not in wanted:
                await self.delete(DATABASE, known)
        if not wanted:
            for cluster in self.clusters.all():
                if is_marked(cluster, self.name):
                    await self.delete(POSTGRES, cluster)
            return
        if self.clusters.get(SPACE, NAME) is None:
            await self.create(NAMESPACE, {"metadata": {"name": SPACE}})
            await self.create(POSTGRES, self._marked(NAME, {"instances": INSTANCES, "storage": {"size": "40Gi"}}))
            await self.client.patch(POSTGRES, SPACE, NAME, {"status": self._status()}, sub="status")
        for name in wanted:
            await self._provisioned(name)

    async def _provisioned(self, name: str) -> None:
        if self.databases.get(SPACE, f"{name}-db") is not None:
            return
        spec = {"cluster": {"name": NAME}, "ensure": "present", "name": name, "owner": name}
        await self.create(DATABASE, self._marked(f"{name}-db", {**spec, "databaseReclaimPolicy": "retain"}))
        await self.client.patch(DATABASE, SPACE, f"{name}-db", {"status": {"applied": True}}, sub="status")

    def _marked(self, name: str, spec: dict[str, Any]) -> Thing:
        return {"metadata": {"name": name, "namespace": SPACE, "labels": {MARK: self.name}}, "spec": spec}

    def _status(self) -> dict[str, Any]:
        ready = {"type": "Ready", "status": "False", "reason": "ClusterIsNotReady", "message": "Cluster Is Not Ready"}
        return {
            "phase": DISK,
            "phaseReason": WHY,
            "instances": INSTANCES,
            "readyInstances": 0,
            "currentPrimary": f"{NAME}-1",
            "targetPrimary": f"{NAME}-1",
            "writeService": f"{NAME}-rw",
            "readService": f"{NAME}-r",
            "conditions": [{**ready, "lastTransitionTime": stamp(self.clock.now())}],
        }
