"""The scheduler: binds pods to nodes, or says in the scheduler's own words why it cannot."""

import logging

from sandbox.controllers.cache import Key, key_of
from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.clock import micro_stamp, stamp
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.events import scheduler_event
from sandbox.controllers.fitting import Placed, Room, best, verdict
from sandbox.controllers.kinds import CLAIM, EVENT, NODE, POD
from sandbox.controllers.workloads.common import condition_of
from sandbox.controllers.workqueue import WorkQueue

log = logging.getLogger(__name__)
# How often a pod that fits nowhere is looked at again without anything having changed.
RETRY_S = 60.0


class Scheduler:
    """One worker, so that two pods never see the same free room."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.clock = cluster, cluster.clock
        self.client = cluster.client.acting_as("scheduler")
        self.pods, self.nodes, self.claims = cluster.cache(POD), cluster.cache(NODE), cluster.cache(CLAIM)
        self.queue: WorkQueue[Key] = WorkQueue("scheduler", self.schedule, workers=1)
        self._placed: dict[str, Placed] = {}
        self._nowhere: set[Key] = set()
        self._told: dict[str, tuple[str, int]] = {}

    def start(self) -> None:
        self.pods.subscribe(self._pod_changed)
        self.nodes.subscribe(lambda old, new: self._look_again())
        self.claims.subscribe(lambda old, new: self._look_again())
        self.cluster.start(self.queue.run(), name="scheduler")

    def _pod_changed(self, old: Thing | None, new: Thing | None) -> None:
        if new is None or (new.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            gone = new or old
            if gone is not None and self._placed.pop(gone["metadata"]["uid"], None):
                self._look_again()
            return
        if node := new["spec"].get("nodeName"):
            if new["metadata"]["uid"] not in self._placed:
                self._placed[new["metadata"]["uid"]] = Placed.on(node, new)
        elif not new["metadata"].get("deletionTimestamp") and key_of(new) not in self._nowhere:
            self.queue.add(key_of(new))

    def _look_again(self) -> None:
        for key in self._nowhere:
            self.queue.add(key)
        self._nowhere.clear()

    async def schedule(self, key: Key) -> None:
        pod = self.pods.get(*key)
        self._nowhere.discard(key)
        if pod is None or pod["spec"].get("nodeName") or pod["metadata"].get("deletionTimestamp"):
            self._told.pop(pod["metadata"]["uid"] if pod else "", None)
            return
        rooms = self._rooms()
        problem = self._claim_problem(pod)
        room = None if problem else best(rooms, pod)
        if room is not None:
            await self._bind(pod, room.node["metadata"]["name"])
            return
        total = f"0/{len(rooms)} nodes are available"
        message = (
            f"{total}: {problem}. preemption: {total}: {len(rooms)} Preemption is not helpful for scheduling."
            if problem
            else verdict(rooms, pod)
        )
        await self._refuse(pod, message)

    def _rooms(self) -> list[Room]:
        rooms = {node["metadata"]["name"]: Room.of(node) for node in self.nodes.all() if node.get("status")}
        for placed in self._placed.values():
            if room := rooms.get(placed.node):
                room.put(placed)
        return list(rooms.values())

    def _claim_problem(self, pod: Thing) -> str:
        for volume in pod["spec"].get("volumes") or []:
            name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            claim = self.claims.get(pod["metadata"]["namespace"], name) if name else None
            if name and claim is None:
                return f'persistentvolumeclaim "{name}" not found'
            if claim is not None and not claim["spec"].get("volumeName"):
                return "pod has unbound immediate PersistentVolumeClaims"
        return ""

    async def _bind(self, pod: Thing, node: str) -> None:
        meta = pod["metadata"]
        self._placed[meta["uid"]] = Placed.on(node, pod)
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        try:
            await self.client.create(POD, binding, sub="binding", name=meta["name"])
        except ApiError as error:
            self._placed.pop(meta["uid"], None)
            if error.status not in (404, 409):
                raise
            return
        self._told.pop(meta["uid"], None)
        message = f"Successfully assigned {meta['namespace']}/{meta['name']} to {node}"
        await self._record(
            scheduler_event(pod, self.clock, kind="Normal", reason="Scheduled", action="Binding", message=message)
        )

    async def _refuse(self, pod: Thing, message: str) -> None:
        self._nowhere.add(key_of(pod))
        self.queue.add_after(key_of(pod), self.clock.real(RETRY_S))
        known = condition_of(pod, "PodScheduled")
        if known is None or known.get("message") != message or known["status"] != "False":
            await self._mark(pod, message, known)
        name, count = self._told.get(pod["metadata"]["uid"], ("", 0))
        if name:
            await self._count(pod, name, count + 1, message)
            return
        event = scheduler_event(
            pod, self.clock, kind="Warning", reason="FailedScheduling", action="Scheduling", message=message
        )
        self._told[pod["metadata"]["uid"]] = (event["metadata"]["name"], 1)
        await self._record(event)

    async def _mark(self, pod: Thing, message: str, known: Thing | None) -> None:
        moment = stamp(self.clock.now())
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": message,
            "lastProbeTime": None,
            "lastTransitionTime": known["lastTransitionTime"] if known and known["status"] == "False" else moment,
        }
        meta = pod["metadata"]
        change = {"status": {"conditions": [condition]}}
        self.pods.observe(await self.client.patch(POD, meta["namespace"], meta["name"], change, sub="status"))

    async def _count(self, pod: Thing, name: str, count: int, message: str) -> None:
        series = {"count": count, "lastObservedTime": micro_stamp(self.clock.now())}
        try:
            change = {"series": series, "message": message}
            await self.client.patch(EVENT, pod["metadata"]["namespace"], name, change)
        except ApiError as error:
            if error.status != 404:
                raise
            del self._told[pod["metadata"]["uid"]]
            return
        self._told[pod["metadata"]["uid"]] = (name, count)

    async def _record(self, event: Thing) -> None:
        try:
            await self.client.create(EVENT, event)
        except ApiError as error:
            log.debug("event_lost reason=%s %s", event["reason"], error.message)
