"""Binds claims to volumes as kube-controller-manager does, where there is none."""

from sandbox.controllers.cache import Key, key_of
from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.kinds import CLAIM, STORAGE_CLASS, VOLUME
from sandbox.controllers.volumes import WANTED, is_default
from sandbox.controllers.workqueue import WorkQueue

BOUND = {"pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes"}
WAITING = (
    "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the system "
    "administrator. If volume creation is delayed, please verify that the provisioner is running and correctly "
    "registered."
)
RETRY_S = 15.0


class Binder:
    """Claims of an unknown class stay Pending with the event the real controller writes."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.clock = cluster, cluster.clock
        self.client = cluster.client.acting_as("persistent-volume-binder")
        self.events = cluster.recorder("persistentvolume-controller")
        self.claims, self.volumes = cluster.cache(CLAIM), cluster.cache(VOLUME)
        self.classes = cluster.cache(STORAGE_CLASS)
        self.queue: WorkQueue[Key] = WorkQueue("claims", self.reconcile, workers=2)

    def start(self) -> None:
        self.claims.subscribe(lambda old, new: self.queue.add(key_of(new or old or {})))
        self.volumes.subscribe(self._volume_changed)
        self.classes.subscribe(lambda old, new: self._all_again())
        self.cluster.start(self.queue.run(), name="claims")

    def _volume_changed(self, old: Thing | None, new: Thing | None) -> None:
        claim = (new or old or {})["spec"].get("claimRef") or {}
        if claim:
            self.queue.add((claim["namespace"], claim["name"]))

    def _all_again(self) -> None:
        for claim in self.claims.all():
            self.queue.add(key_of(claim))

    async def reconcile(self, key: Key) -> None:
        claim = self.claims.get(*key)
        await self._release(key, claim)
        if claim is None or claim["metadata"].get("deletionTimestamp"):
            return
        if (claim.get("status") or {}).get("phase") == "Bound":
            return
        volume = next((one for one in self.volumes.all() if _is_held_by(one, claim)), None)
        if volume is not None:
            await self._bind(claim, volume)
        else:
            await self._ask_for_volume(claim)

    async def _release(self, key: Key, claim: Thing | None) -> None:
        """The volumes of an earlier claim of this name lose their holder."""
        for volume in self.volumes.all():
            held = volume["spec"].get("claimRef") or {}
            is_here = (held.get("namespace"), held.get("name")) == key
            if is_here and (claim is None or not _is_held_by(volume, claim)):
                await self._say(volume, "Released")

    async def _ask_for_volume(self, claim: Thing) -> None:
        chosen = claim["spec"].get("storageClassName")
        if chosen is None:
            chosen = next((one["metadata"]["name"] for one in self.classes.all() if is_default(one)), None)
            if chosen is None:
                return
            claim = await self._patch(claim, {"spec": {"storageClassName": chosen}})
        storage_class = self.classes.get("", chosen)
        if storage_class is None:
            words = f'storageclass.storage.k8s.io "{chosen}" not found'
            self.events.warning(claim, "ProvisioningFailed", words)
            self.queue.add_after(key_of(claim), self.clock.real(RETRY_S))
            return
        provisioner = storage_class["provisioner"]
        if (claim["metadata"].get("annotations") or {}).get(WANTED) != provisioner:
            await self._patch(claim, {"metadata": {"annotations": {WANTED: provisioner}}})
            self.events.normal(claim, "ExternalProvisioning", WAITING.format(provisioner=provisioner))

    async def _bind(self, claim: Thing, volume: Thing) -> None:
        name, capacity = volume["metadata"]["name"], volume["spec"].get("capacity") or {}
        await self._say(volume, "Bound")
        claim = await self._patch(claim, {"metadata": {"annotations": BOUND}, "spec": {"volumeName": name}})
        status = {"phase": "Bound", "accessModes": volume["spec"].get("accessModes") or [], "capacity": capacity}
        await self._patch(claim, {"status": status}, sub="status")

    async def _say(self, volume: Thing, phase: str) -> None:
        if (volume.get("status") or {}).get("phase") == phase:
            return
        change = {"status": {"phase": phase}}
        try:
            patched = await self.client.patch(VOLUME, "", volume["metadata"]["name"], change, sub="status")
        except ApiError as error:
            if error.status != 404:
                raise
            return
        self.volumes.observe(patched)

    async def _patch(self, claim: Thing, change: Thing, *, sub: str = "") -> Thing:
        meta = claim["metadata"]
        return self.claims.observe(await self.client.patch(CLAIM, meta["namespace"], meta["name"], change, sub=sub))


def _is_held_by(volume: Thing, claim: Thing) -> bool:
    return (volume["spec"].get("claimRef") or {}).get("uid") == claim["metadata"]["uid"]
