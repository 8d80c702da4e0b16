"""The kubelets of all nodes in one object: a worker per pod, statuses written once per burst of changes."""

from sandbox.controllers.cache import Key, key_of
from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.faultbook import FaultBook
from sandbox.controllers.kinds import POD
from sandbox.controllers.kubelet.node import Node, Size, beat, post_status, register
from sandbox.controllers.kubelet.pod import PodWorker
from sandbox.controllers.workqueue import WorkQueue

PER_BLOCK = 250


class Addresses:
    """Pod addresses: 10.42.<node>.x, and further blocks when a node has used up its first."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._next: dict[int, int] = {}

    def keep(self, address: str) -> None:
        self._used.add(address)

    def release(self, address: str) -> None:
        self._used.discard(address)

    def take(self, node: Node) -> str:
        while True:
            number = self._next[node.index] = self._next.get(node.index, 0) + 1
            block, place = divmod(number - 1, PER_BLOCK)
            address = f"10.{42 + block % 200}.{node.index}.{place + 2}"
            if address not in self._used:
                self._used.add(address)
                return address


class Kubelet:
    def __init__(self, cluster: Cluster, faults: FaultBook, size: Size) -> None:
        self.cluster, self.clock, self.faults, self.size = cluster, cluster.clock, faults, size
        self.client = cluster.client.acting_as("kubelet")
        self.pods = cluster.cache(POD)
        self.addresses = Addresses()
        names = [f"worker-{number}" for number in range(1, size.count + 1)]
        self.nodes = {
            name: Node(name, index, cluster.recorder("kubelet", host=name)) for index, name in enumerate(names)
        }
        self.workers: dict[str, PodWorker] = {}
        self._uids: dict[Key, str] = {}
        self.statuses: WorkQueue[str] = WorkQueue("pod statuses", self._write_status, workers=8)

    async def start(self, *, port: int) -> None:
        for node in self.nodes.values():
            await register(self.cluster, node, self.size, port=port)
        self.pods.subscribe(self._pod_changed)
        self.faults.subscribe(self._faults_changed)
        self.cluster.start(self.statuses.run(), name="pod statuses")
        self.cluster.start(beat(self.cluster, list(self.nodes.values())), name="heartbeats")

    def worker_of(self, namespace: str, name: str) -> PodWorker | None:
        return self.workers.get(self._uids.get((namespace, name), ""))

    def report(self, worker: PodWorker) -> None:
        self.statuses.add(worker.pod["metadata"]["uid"])

    def restart(self, worker: PodWorker) -> None:
        """Begins a pod's work anew from what the API has recorded of it."""
        uid = worker.pod["metadata"]["uid"]
        if self.workers.pop(uid, None) is worker:
            pod = self.pods.get(*key_of(worker.pod))
            if pod is not None and pod["metadata"]["uid"] == uid:
                self._pod_changed(None, pod)

    def lose(self, name: str) -> None:
        self.nodes[name].lost = True

    async def find(self, name: str) -> None:
        """The node is back: it reports itself and all that happened on it meanwhile."""
        node = self.nodes[name]
        node.lost = False
        await post_status(self.cluster, node)
        for worker in [one for one in self.workers.values() if one.node is node]:
            if _leaving(worker.pod):
                worker.terminate()
            else:
                self.report(worker)

    def _faults_changed(self) -> None:
        for worker in self.workers.values():
            worker.reconsider()

    def _pod_changed(self, old: Thing | None, new: Thing | None) -> None:
        if new is None:
            self._gone(old or {})
            return
        uid = new["metadata"]["uid"]
        node = self.nodes.get(new["spec"].get("nodeName") or "")
        if node is None:
            return
        worker = self.workers.get(uid)
        if worker is None:
            if (new.get("status") or {}).get("phase") in ("Succeeded", "Failed") and not _leaving(new):
                return
            self.addresses.keep((new.get("status") or {}).get("podIP", ""))
            worker = self.workers[uid] = PodWorker(self, node, new)
            self._uids[key_of(new)] = uid
            worker.start()
        worker.pod = new
        if _leaving(new):
            worker.terminate()

    def _gone(self, pod: Thing) -> None:
        uid = pod["metadata"]["uid"]
        worker = self.workers.pop(uid, None)
        if self._uids.get(key_of(pod)) == uid:
            del self._uids[key_of(pod)]
        if worker is not None:
            worker.said_goodbye()
            self.addresses.release(worker.standing.pod_ip)

    async def _write_status(self, uid: str) -> None:
        worker = self.workers.get(uid)
        if worker is None or worker.ending or worker.node.lost:
            return
        meta = worker.pod["metadata"]
        status = worker.status()
        if status == (worker.pod.get("status") or {}):
            return
        try:
            written = await self.client.patch(POD, meta["namespace"], meta["name"], {"status": status}, sub="status")
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            return
        if written["metadata"]["uid"] == uid:
            self.pods.observe(written)


def _leaving(pod: Thing) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))
