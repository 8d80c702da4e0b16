"""The external provisioner of the sandbox's storage classes: a PersistentVolume for each claim that waits for one.

Claims are bound by the control plane: kube-controller-manager where there is one, else `workloads.binder`.
"""

from typing import Any

from sandbox.controllers.cache import Key, key_of
from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.kinds import CLAIM, STORAGE_CLASS, VOLUME
from sandbox.controllers.workqueue import WorkQueue

PROVISIONER = "sandbox.mctl.ai/local"
# What the binder writes on a claim to say who must make the volume, and the provisioner on what it made.
WANTED, MADE_BY = "volume.kubernetes.io/storage-provisioner", "pv.kubernetes.io/provisioned-by"
CLASSES = ("standard", "local-path", "fast")
DEFAULT_CLASS = "standard"
IS_DEFAULT = "storageclass.kubernetes.io/is-default-class"
PROVISION_S = 1.5


class Provisioner:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.clock = cluster, cluster.clock
        self.client = cluster.client.acting_as("provisioner")
        self.events = cluster.recorder(PROVISIONER)
        self.claims, self.volumes = cluster.cache(CLAIM), cluster.cache(VOLUME)
        self.queue: WorkQueue[Key] = WorkQueue("claims to provision", self.provision, workers=2)
        self.released: WorkQueue[str] = WorkQueue("released volumes", self.reclaim, workers=2)

    def start(self) -> None:
        self.claims.subscribe(lambda old, new: self.queue.add(key_of(new or old or {})))
        self.volumes.subscribe(lambda old, new: self.released.add((new or old or {})["metadata"]["name"]))
        self.cluster.start(self.queue.run(), name="claims to provision")
        self.cluster.start(self.released.run(), name="released volumes")
        self.cluster.start(self.declare_classes(), name="storage-classes")

    async def declare_classes(self) -> None:
        """A class of that name that is there already is somebody's; so is a default."""
        known, _ = await self.client.list_all(STORAGE_CLASS)
        has_default = any(is_default(one) for one in known)
        for name in CLASSES:
            annotations = {IS_DEFAULT: "true"} if name == DEFAULT_CLASS and not has_default else {}
            thing = {"metadata": {"name": name, "annotations": annotations}, "provisioner": PROVISIONER}
            try:
                await self.client.create(STORAGE_CLASS, thing)
            except ApiError as error:
                if error.status != 409:
                    raise

    async def provision(self, key: Key) -> None:
        claim = self.claims.get(*key)
        if claim is None or claim["metadata"].get("deletionTimestamp") or claim["spec"].get("volumeName"):
            return
        if (claim["metadata"].get("annotations") or {}).get(WANTED) != PROVISIONER:
            return
        volume = volume_for(claim)
        name = volume["metadata"]["name"]
        if self.volumes.get("", name) is not None:
            return
        await self.clock.sleep(PROVISION_S)
        try:
            self.volumes.observe(await self.client.create(VOLUME, volume))
        except ApiError as error:
            if error.status != 409:
                raise
            return
        self.events.normal(claim, "ProvisioningSucceeded", f"Successfully provisioned volume {name}")

    async def reclaim(self, name: str) -> None:
        """Deletes a volume of ours whose claim is gone."""
        volume = self.volumes.get("", name)
        if volume is None or (volume["metadata"].get("annotations") or {}).get(MADE_BY) != PROVISIONER:
            return
        if (volume.get("status") or {}).get("phase") != "Released" or volume["metadata"].get("deletionTimestamp"):
            return
        if volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
            await self.client.delete(VOLUME, "", name, preconditions={"uid": volume["metadata"]["uid"]})


def volume_for(claim: Thing) -> dict[str, Any]:
    meta, spec = claim["metadata"], claim["spec"]
    name = f"pvc-{meta['uid']}"
    holder = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **{key: meta[key] for key in ("namespace", "name")}}
    return {
        "metadata": {"name": name, "annotations": {MADE_BY: PROVISIONER}},
        "spec": {
            "capacity": (spec.get("resources") or {}).get("requests") or {},
            "accessModes": spec.get("accessModes") or [],
            "volumeMode": spec.get("volumeMode") or "Filesystem",
            "storageClassName": spec["storageClassName"],
            "persistentVolumeReclaimPolicy": "Delete",
            "claimRef": {**holder, "uid": meta["uid"]},
            "hostPath": {"path": f"/var/lib/sandbox/volumes/{name}", "type": "DirectoryOrCreate"},
        },
    }


def is_default(storage_class: Thing) -> bool:
    return (storage_class["metadata"].get("annotations") or {}).get(IS_DEFAULT) == "true"
