"""What a real cluster's add-ons do and the sandbox needs for anything to become healthy: volumes and an ingress.

A provisioner binds every claim of a known class, and the ingress controller publishes its address.
"""

from sandbox.controllers.cache import Key, key_of
from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.kinds import CLAIM, INGRESS, INGRESS_CLASS, STORAGE_CLASS
from sandbox.controllers.workqueue import WorkQueue

# A documentation address (RFC 5737): it can never be somebody's.
INGRESS_ADDRESS = "203.0.113.10"
CLASSES = ("standard", "local-path", "fast")
DEFAULT_CLASS = "standard"
IS_DEFAULT = "storageclass.kubernetes.io/is-default-class"
INGRESS_CLASS_NAME = "traefik"
PROVISION_S = 1.5


class Provisioner:
    """Claims of an unknown class stay Pending with the event the real controller writes."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.clock = cluster, cluster.clock
        self.client = cluster.client.acting_as("provisioner")
        self.events = cluster.recorder("persistentvolume-controller")
        self.claims = cluster.cache(CLAIM)
        self.queue: WorkQueue[Key] = WorkQueue("claims", self.reconcile, workers=2)

    def start(self) -> None:
        self.claims.subscribe(lambda old, new: self.queue.add(key_of(new or old or {})))
        self.cluster.start(self.queue.run(), name="claims")
        self.cluster.start(self.declare_classes(), name="storage-classes")

    async def declare_classes(self) -> None:
        for name in CLASSES:
            annotations = {IS_DEFAULT: "true"} if name == DEFAULT_CLASS else {}
            meta = {"name": name, "annotations": annotations}
            thing = {"apiVersion": STORAGE_CLASS.api_version, "kind": STORAGE_CLASS.kind, "metadata": meta}
            await self.client.apply(STORAGE_CLASS, {**thing, "provisioner": "sandbox.mctl.ai/local"})

    async def reconcile(self, key: Key) -> None:
        claim = self.claims.get(*key)
        if claim is None or (claim.get("status") or {}).get("phase") == "Bound":
            return
        chosen = claim["spec"].get("storageClassName") or DEFAULT_CLASS
        if chosen not in CLASSES:
            words = f'storageclass.storage.k8s.io "{chosen}" not found'
            self.events.warning(claim, "ProvisioningFailed", words)
            self.queue.add_after(key, self.clock.real(15))
            return
        await self.clock.sleep(PROVISION_S)
        meta = claim["metadata"]
        asked = (claim["spec"].get("resources") or {}).get("requests") or {}
        status = {"phase": "Bound", "accessModes": claim["spec"].get("accessModes") or [], "capacity": asked}
        await self._patch(claim, {"spec": {"volumeName": f"pvc-{meta['uid']}"}})
        await self._patch(claim, {"status": status}, sub="status")
        self.events.normal(claim, "ProvisioningSucceeded", f"Successfully provisioned volume pvc-{meta['uid']}")

    async def _patch(self, claim: Thing, change: Thing, *, sub: str = "") -> None:
        meta = claim["metadata"]
        self.claims.observe(await self.client.patch(CLAIM, meta["namespace"], meta["name"], change, sub=sub))


class IngressPublisher:
    """Writes the ingress controller's address into every Ingress of its class."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.client = cluster.client.acting_as("ingress")
        self.ingresses = cluster.cache(INGRESS)
        self.queue: WorkQueue[Key] = WorkQueue("ingresses", self.reconcile, workers=2)

    def start(self) -> None:
        self.ingresses.subscribe(lambda old, new: self.queue.add(key_of(new or old or {})))
        self.cluster.start(self.queue.run(), name="ingresses")
        self.cluster.start(self.declare_class(), name="ingress-class")

    async def declare_class(self) -> None:
        thing = {"apiVersion": INGRESS_CLASS.api_version, "kind": INGRESS_CLASS.kind}
        spec = {"controller": "traefik.io/ingress-controller"}
        await self.client.apply(INGRESS_CLASS, {**thing, "metadata": {"name": INGRESS_CLASS_NAME}, "spec": spec})

    async def reconcile(self, key: Key) -> None:
        ingress = self.ingresses.get(*key)
        if ingress is None or ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
            return
        if ingress["spec"].get("ingressClassName", INGRESS_CLASS_NAME) != INGRESS_CLASS_NAME:
            return
        status = {"loadBalancer": {"ingress": [{"ip": INGRESS_ADDRESS}]}}
        try:
            self.ingresses.observe(await self.client.patch(INGRESS, *key, {"status": status}, sub="status"))
        except ApiError as error:
            if error.status != 404:
                raise
