"""ReplicaSets: as many pods as wanted, created in growing batches, the least useful removed first."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

from sandbox.controllers.cache import Key
from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.clock import stamp
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.kinds import POD, REPLICA_SET
from sandbox.controllers.workloads.common import (
    condition_of,
    controller_uid,
    owned_by,
    pod_is_active,
    pod_is_available,
    pod_is_ready,
    removals,
    without_zeros,
)
from sandbox.controllers.workqueue import WorkQueue

# A set that cannot create its pods is tried again after this long, doubling, as the real queue does.
FIRST_RETRY_S, LAST_RETRY_S = 5.0, 300.0


class ReplicaSets:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.clock = cluster, cluster.clock
        self.client = cluster.client.acting_as("replicaset-controller")
        self.events = cluster.recorder("replicaset-controller")
        self.sets, self.pods = cluster.cache(REPLICA_SET), cluster.cache(POD)
        self.queue: WorkQueue[Key] = WorkQueue("replicasets", self.reconcile)
        self._refused: dict[Key, int] = {}

    def start(self) -> None:
        self.sets.subscribe(self._set_changed)
        self.pods.subscribe(self._pod_changed)
        self.cluster.start(self.queue.run(), name="replicasets")

    def _set_changed(self, old: Thing | None, new: Thing | None) -> None:
        thing = new or old
        if thing is not None:
            self.queue.add((thing["metadata"]["namespace"], thing["metadata"]["name"]))

    def _pod_changed(self, old: Thing | None, new: Thing | None) -> None:
        for owner in ((new or old) or {"metadata": {}})["metadata"].get("ownerReferences") or []:
            if owner["kind"] == "ReplicaSet":
                self.queue.add(((new or old)["metadata"]["namespace"], owner["name"]))  # type: ignore[index]

    async def reconcile(self, key: Key) -> None:
        replica_set = self.sets.get(*key)
        if replica_set is None:
            self._refused.pop(key, None)
            return
        pods = self._pods_of(replica_set)
        error = None
        if not replica_set["metadata"].get("deletionTimestamp"):
            missing = replica_set["spec"].get("replicas", 1) - len(pods)
            if missing > 0:
                error = await self._create(replica_set, missing)
            elif missing < 0:
                await self._remove(replica_set, pods, -missing)
        await self._report(key, error)
        if error is not None:
            failures = self._refused[key] = self._refused.get(key, 0) + 1
            self.queue.add_after(key, self.clock.real(min(FIRST_RETRY_S * 2 ** (failures - 1), LAST_RETRY_S)))
        else:
            self._refused.pop(key, None)

    def _pods_of(self, replica_set: Thing) -> list[Thing]:
        uid = replica_set["metadata"]["uid"]
        owned = self.pods.owned_by(uid)
        return [pod for pod in owned if controller_uid(pod) == uid and pod_is_active(pod)]

    async def _create(self, replica_set: Thing, missing: int) -> ApiError | None:
        """Batches of 1, 2, 4, ...: a refusal that would meet every pod is met once."""
        done, batch = 0, 1
        while done < missing:
            size = min(batch, missing - done)
            results = await asyncio.gather(*(self._create_pod(replica_set) for _ in range(size)))
            refused = next((result for result in results if result is not None), None)
            if refused is not None:
                return refused
            done, batch = done + size, batch * 2
        return None

    async def _create_pod(self, replica_set: Thing) -> ApiError | None:
        template, meta = replica_set["spec"]["template"], replica_set["metadata"]
        pod = {
            "metadata": {
                **{name: value for name, value in (template.get("metadata") or {}).items() if value},
                "generateName": f"{meta['name']}-",
                "namespace": meta["namespace"],
                "ownerReferences": owned_by(replica_set),
            },
            "spec": template["spec"],
        }
        pod["metadata"].pop("creationTimestamp", None)
        try:
            made = self.pods.observe(await self.client.create(POD, pod))
        except ApiError as error:
            if error.status == 404 or "being terminated" in error.message:
                raise
            self.events.warning(replica_set, "FailedCreate", f"Error creating: {error.message}")
            return error
        self.events.normal(replica_set, "SuccessfulCreate", f"Created pod: {made['metadata']['name']}")
        return None

    async def _remove(self, replica_set: Thing, pods: list[Thing], surplus: int) -> None:
        chosen = sorted(pods, key=self._usefulness)[:surplus]
        await _all(self._delete_pod(replica_set, pod) for pod in chosen)

    async def _delete_pod(self, replica_set: Thing, pod: Thing) -> None:
        meta = pod["metadata"]
        try:
            answer = await self.client.delete(POD, meta["namespace"], meta["name"])
        except ApiError as error:
            if error.status != 404:
                raise
            self.pods.forget(pod)
            return
        if answer.get("kind") == "Pod" and (answer.get("metadata") or {}).get("deletionTimestamp"):
            self.pods.observe(answer)
        else:
            self.pods.forget(pod)
        self.events.normal(replica_set, "SuccessfulDelete", f"Deleted pod: {meta['name']}")

    def _usefulness(self, pod: Thing) -> tuple[Any, ...]:
        """Lowest first: not on a node, not running, not ready, most restarts, youngest."""
        status = pod.get("status") or {}
        phase = {"Pending": 0, "Unknown": 1, "Running": 2}.get(status.get("phase", ""), 0)
        restarts = sum(one.get("restartCount", 0) for one in status.get("containerStatuses") or [])
        born = pod["metadata"].get("creationTimestamp", "")
        age = tuple(-ord(letter) for letter in born)
        return bool(pod["spec"].get("nodeName")), phase, pod_is_ready(pod), -restarts, age

    async def _report(self, key: Key, error: ApiError | None) -> None:
        replica_set = self.sets.get(*key)
        if replica_set is None:
            return
        status = self._status(replica_set, error)
        known = replica_set.get("status") or {}
        if status == without_zeros(known) and "replicas" in known:
            return
        meta = replica_set["metadata"]
        change = {"status": removals(known, {"replicas": 0, **status})}
        try:
            self.sets.observe(
                await self.client.patch(REPLICA_SET, meta["namespace"], meta["name"], change, sub="status")
            )
        except ApiError as refusal:
            if refusal.status != 404:
                raise

    def _status(self, replica_set: Thing, error: ApiError | None) -> dict[str, Any]:
        pods = self._pods_of(replica_set)
        wanted_labels = (replica_set["spec"]["template"].get("metadata") or {}).get("labels") or {}
        min_ready_s = replica_set["spec"].get("minReadySeconds", 0)
        available = sum(pod_is_available(pod, self.clock, min_ready_s=min_ready_s) for pod in pods)
        ready = sum(pod_is_ready(pod) for pod in pods)
        if available < ready:
            key = (replica_set["metadata"]["namespace"], replica_set["metadata"]["name"])
            self.queue.add_after(key, self.clock.real(min_ready_s))
        labelled = sum(wanted_labels.items() <= (pod["metadata"].get("labels") or {}).items() for pod in pods)
        return without_zeros(
            {
                "replicas": len(pods),
                "fullyLabeledReplicas": labelled,
                "readyReplicas": ready,
                "availableReplicas": available,
                "observedGeneration": replica_set["metadata"].get("generation", 1),
                "conditions": self._conditions(replica_set, error),
            }
        )

    def _conditions(self, replica_set: Thing, error: ApiError | None) -> list[dict[str, Any]]:
        if error is None:
            return []
        known = condition_of(replica_set, "ReplicaFailure")
        since = known["lastTransitionTime"] if known else stamp(self.clock.now())
        return [
            {
                "type": "ReplicaFailure",
                "status": "True",
                "reason": "FailedCreate",
                # The first message stays: the condition is only replaced when its status or reason changes.
                "message": known["message"] if known else error.message,
                "lastTransitionTime": since,
            }
        ]


async def _all(work: Iterable[Awaitable[None]]) -> None:
    await asyncio.gather(*work)
