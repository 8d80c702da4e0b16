"""Horizontal autoscalers: a believable load, the replicas within their bounds, and the status the real one writes."""

from typing import Any

from sandbox.controllers.cache import Key, key_of
from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.clock import stamp
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.kinds import AUTOSCALER, DEPLOYMENT
from sandbox.controllers.patching import merge_patch
from sandbox.controllers.workloads.common import condition_of
from sandbox.controllers.workqueue import WorkQueue

SYNC_S = 15.0
# Every service idles at this share of what it asked for; nothing in the sandbox makes load yet.
LOAD_PERCENT = 23


class Autoscalers:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.clock = cluster, cluster.clock
        self.client = cluster.client.acting_as("horizontal-pod-autoscaler")
        self.events = cluster.recorder("horizontal-pod-autoscaler")
        self.autoscalers, self.deployments = cluster.cache(AUTOSCALER), cluster.cache(DEPLOYMENT)
        self.queue: WorkQueue[Key] = WorkQueue("autoscalers", self.reconcile, workers=2)

    def start(self) -> None:
        self.autoscalers.subscribe(lambda old, new: self.queue.add(key_of(new or old or {})))
        self.deployments.subscribe(self._deployment_changed)
        self.cluster.start(self.queue.run(), name="autoscalers")

    def _deployment_changed(self, old: Thing | None, new: Thing | None) -> None:
        thing = new or old or {}
        for one in self.autoscalers.inside(thing["metadata"]["namespace"]):
            if one["spec"]["scaleTargetRef"]["name"] == thing["metadata"]["name"]:
                self.queue.add_after(key_of(one), 0.2)

    async def reconcile(self, key: Key) -> None:
        autoscaler = self.autoscalers.get(*key)
        if autoscaler is None:
            return
        deployment = self.deployments.get(key[0], autoscaler["spec"]["scaleTargetRef"]["name"])
        wanted = None
        if deployment is not None:
            wanted = await self._scale(autoscaler, deployment)
        await self._report(autoscaler, deployment, wanted)
        self.queue.add_after(key, self.clock.real(SYNC_S))

    async def _scale(self, autoscaler: Thing, deployment: Thing) -> int:
        spec, current = autoscaler["spec"], deployment["spec"].get("replicas", 1)
        if current == 0:
            return 0
        wanted = int(min(max(current, spec.get("minReplicas", 1)), spec["maxReplicas"]))
        if wanted != current:
            meta = deployment["metadata"]
            await self.client.patch(
                DEPLOYMENT, meta["namespace"], meta["name"], {"spec": {"replicas": wanted}}, sub="scale"
            )
            below = "Current number of replicas below Spec.MinReplicas"
            reason = below if wanted > current else "Current number of replicas above Spec.MaxReplicas"
            self.events.normal(autoscaler, "SuccessfulRescale", f"New size: {wanted}; reason: {reason}")
        return wanted

    async def _report(self, autoscaler: Thing, deployment: Thing | None, wanted: int | None) -> None:
        current = ((deployment or {}).get("status") or {}).get("replicas", 0)
        status: dict[str, Any] = {
            "currentReplicas": current,
            "desiredReplicas": wanted or 0,
            "conditions": self._conditions(autoscaler, deployment, wanted),
        }
        if deployment is not None and wanted:
            status["currentMetrics"] = [
                _metric(one) for one in autoscaler["spec"].get("metrics") or [] if one["type"] == "Resource"
            ]
        known = autoscaler.get("status") or {}
        if {**known, **status} == known:
            return
        meta = autoscaler["metadata"]
        try:
            self.autoscalers.observe(
                await self.client.patch(
                    AUTOSCALER, meta["namespace"], meta["name"], {"status": merge_patch(known, status)}, sub="status"
                )
            )
        except ApiError as error:
            if error.status != 404:
                raise

    def _conditions(self, autoscaler: Thing, deployment: Thing | None, wanted: int | None) -> list[dict[str, Any]]:
        if deployment is None:
            name = autoscaler["spec"]["scaleTargetRef"]["name"]
            said = [
                (
                    "AbleToScale",
                    "False",
                    "FailedGetScale",
                    (
                        f'the HPA controller was unable to get the target\'s current scale: deployments.apps "{name}" '
                        "not found"
                    ),
                )
            ]
        elif not wanted:
            said = [
                (
                    "AbleToScale",
                    "True",
                    "SucceededGetScale",
                    "the HPA controller was able to get the target's current scale",
                ),
                (
                    "ScalingActive",
                    "False",
                    "ScalingDisabled",
                    "scaling is disabled since the replica count of the target is zero",
                ),
            ]
        else:
            said = [
                ("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size"),
                (
                    "ScalingActive",
                    "True",
                    "ValidMetricFound",
                    (
                        "the HPA was able to successfully calculate a replica count from cpu resource utilization "
                        "(percentage of request)"
                    ),
                ),
                (
                    "ScalingLimited",
                    "True",
                    "TooFewReplicas",
                    "the desired replica count is less than the minimum replica count",
                ),
            ]
        return [self._condition(autoscaler, *one) for one in said]

    def _condition(self, autoscaler: Thing, kind: str, status: str, reason: str, message: str) -> dict[str, Any]:
        known = condition_of(autoscaler, kind)
        since = known["lastTransitionTime"] if known and known["status"] == status else stamp(self.clock.now())
        return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since}


def _metric(metric: dict[str, Any]) -> dict[str, Any]:
    name = metric["resource"]["name"]
    return {
        "type": "Resource",
        "resource": {
            "name": name,
            "current": {"averageUtilization": LOAD_PERCENT, "averageValue": f"{LOAD_PERCENT}m"},
        },
    }
