"""The ingress controller: its class, and its address in every Ingress of that class."""

from sandbox.controllers.cache import Key, key_of
from sandbox.controllers.client import ApiError
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.kinds import INGRESS, INGRESS_CLASS
from sandbox.controllers.workqueue import WorkQueue

# A documentation address (RFC 5737): it can never be somebody's.
INGRESS_ADDRESS = "203.0.113.10"
INGRESS_CLASS_NAME = "traefik"


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
        spec = {"controller": "traefik.io/ingress-controller"}
        try:
            await self.client.create(INGRESS_CLASS, {"metadata": {"name": INGRESS_CLASS_NAME}, "spec": spec})
        except ApiError as error:
            if error.status != 409:
                raise

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
