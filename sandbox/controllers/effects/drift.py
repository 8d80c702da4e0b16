"""Somebody changes a live Deployment by hand, with Argo CD told to leave it: OutOfSync, and nobody puts it back."""

import asyncio
from datetime import timedelta
from typing import Any

from core.resource_names import application_name, workload_name
from sandbox.controllers.client import Client, Thing
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.effects.hands import Hands
from sandbox.controllers.kinds import APPLICATION, APPLICATION_SET, DEPLOYMENT
from sandbox.faults import ActiveFault

ARGOCD = "argocd"
APPS = "apps"
REFRESH = "argocd.argoproj.io/refresh"
LONGEST_SYNC_S = 30
SELF_HEAL = "/spec/syncPolicy/automated/selfHeal"


class ManualDrift(Hands):
    """An ApplicationSet puts its Applications back unless it is told to ignore the difference, so that is told too."""

    name = "manual-drift"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.sets = cluster.cache(APPLICATION_SET)
        # Whom the API server remembers as the writer: a person's editor, unlike all else that the sandbox writes.
        self.person = Client(cluster.client.server, cluster.client.session, manager="kubectl-edit")

    async def bring(self, active: list[ActiveFault]) -> None:
        appset = self.sets.get(ARGOCD, APPS)
        if appset is None:
            return
        ignored = appset["spec"].get("ignoreApplicationDifferences") or []
        wanted = {application_name(one.tenant, one.service): one for one in active}
        known = {one["name"] for one in ignored if _is_ours(one)}
        if known != set(wanted):
            entries = [one for one in ignored if not _is_ours(one)]
            entries += [{"name": name, "jsonPointers": [SELF_HEAL]} for name in wanted]
            change = {"spec": {"ignoreApplicationDifferences": entries or None}}
            self.sets.observe(await self.client.patch(APPLICATION_SET, ARGOCD, APPS, change))
        for name in set(wanted) - known:
            await self._edit(wanted[name], name)

    async def _edit(self, fault: ActiveFault, application: str) -> None:
        found = await self.client.find(APPLICATION, ARGOCD, application)
        name = workload_name(fault.tenant, fault.service)
        deployment = await self.client.find(DEPLOYMENT, fault.tenant, name)
        if found is None or deployment is None:
            return
        # A revision of git that was never synced would be, self-healing or not, and take the edit back.
        await self._ask(application, {"metadata": {"annotations": {REFRESH: "normal"}}})
        await self._ask(application, {"operation": {"initiatedBy": {"username": "admin"}, "sync": {"prune": True}}})
        off: Thing = {"spec": {"syncPolicy": {"automated": {"selfHeal": False}}}}
        await self.person.patch(APPLICATION, ARGOCD, application, off)
        replicas = deployment["spec"].get("replicas", 1) + 1
        await self.person.patch(DEPLOYMENT, fault.tenant, name, {"spec": {"replicas": replicas}})

    async def _ask(self, application: str, request: Thing) -> None:
        """Refresh and sync are requests in the Application that its controller takes out when it is done."""
        await self.person.patch(APPLICATION, ARGOCD, application, request)
        end = self.clock.now() + timedelta(seconds=LONGEST_SYNC_S)
        while self.clock.now() < end:
            found = await self.client.find(APPLICATION, ARGOCD, application) or {}
            annotations = (found.get("metadata") or {}).get("annotations") or {}
            if REFRESH not in annotations and not found.get("operation"):
                return
            await asyncio.sleep(0.1)


def _is_ours(entry: dict[str, Any]) -> bool:
    return bool(entry.get("name")) and entry.get("jsonPointers") == [SELF_HEAL]
