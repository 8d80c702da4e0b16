"""Endpoints and EndpointSlices of Services with a selector."""

from typing import Any

from sandbox.controllers.cache import Key, key_of
from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.kinds import ENDPOINT_SLICE, ENDPOINTS, POD, SERVICE
from sandbox.controllers.workloads.common import owned_by, pod_is_ready
from sandbox.controllers.workqueue import WorkQueue

MANAGED_BY = "endpointslice-controller.k8s.io"
MANAGED_LABEL = "endpoints.kubernetes.io/managed-by"
SETTLE_S = 0.05


class EndpointsController:
    """Brings both objects up to date; a burst of pod changes makes one write."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.client = cluster.client.acting_as("endpoint-controller")
        self.services, self.pods = cluster.cache(SERVICE), cluster.cache(POD)
        self.endpoints, self.slices = cluster.cache(ENDPOINTS), cluster.cache(ENDPOINT_SLICE)
        self.queue: WorkQueue[Key] = WorkQueue("endpoints", self.reconcile)

    def start(self) -> None:
        self.services.subscribe(lambda old, new: self.queue.add(key_of(new or old or {})))
        self.pods.subscribe(self._pod_changed)
        self.cluster.start(self.queue.run(), name="endpoints")

    def _pod_changed(self, old: Thing | None, new: Thing | None) -> None:
        if old and new and _standing(old) == _standing(new):
            return
        for pod in (old, new):
            for service in self.services.inside(pod["metadata"]["namespace"]) if pod else []:
                if _selects(service, pod or {}):
                    self.queue.add_after(key_of(service), SETTLE_S)

    async def reconcile(self, key: Key) -> None:
        service = self.services.get(*key)
        if service is None:
            await self._remove(key)
            return
        if not service["spec"].get("selector") or service["spec"].get("type") == "ExternalName":
            return
        pods = [pod for pod in self.pods.inside(key[0]) if _selects(service, pod) and _standing(pod)[0]]
        pods.sort(key=lambda pod: str(pod["status"]["podIP"]))
        ports = _ports(service, pods[0]) if pods else []
        await self._write_endpoints(service, pods, ports)
        await self._write_slice(service, pods, ports)

    async def _remove(self, key: Key) -> None:
        """Slices go with their owner; Endpoints have none and would stay."""
        known = self.endpoints.get(*key)
        if known is None or MANAGED_LABEL not in (known["metadata"].get("labels") or {}):
            return
        try:
            await self.client.delete(ENDPOINTS, *key)
        except ApiError as error:
            if error.status != 404:
                raise

    async def _write_endpoints(self, service: Thing, pods: list[Thing], ports: list[dict[str, Any]]) -> None:
        ready = [_address(pod) for pod in pods if _standing(pod)[1]]
        waiting = [_address(pod) for pod in pods if not _standing(pod)[1] and not _standing(pod)[2]]
        subset = {
            **({"addresses": ready} if ready else {}),
            **({"notReadyAddresses": waiting} if waiting else {}),
            **({"ports": ports} if ports else {}),
        }
        subsets = [subset] if ready or waiting else []
        meta = service["metadata"]
        known = self.endpoints.get(meta["namespace"], meta["name"])
        if known is not None and (known.get("subsets") or []) == subsets:
            return
        labels = {**(meta.get("labels") or {}), MANAGED_LABEL: "endpoint-controller"}
        body = {"metadata": {"name": meta["name"], "namespace": meta["namespace"], "labels": labels}}
        if known is None:
            made = await self._create(ENDPOINTS, {**body, **({"subsets": subsets} if subsets else {})})
            self.endpoints.observe(made) if made else None
            return
        change = {"subsets": subsets or None}
        self.endpoints.observe(await self.client.patch(ENDPOINTS, meta["namespace"], meta["name"], change))

    async def _write_slice(self, service: Thing, pods: list[Thing], ports: list[dict[str, Any]]) -> None:
        meta = service["metadata"]
        owned = self.slices.owned_by(meta["uid"])
        endpoints = [_endpoint(pod) for pod in pods]
        if owned:
            known = owned[0]
            if (known.get("endpoints") or []) == endpoints and (known.get("ports") or []) == ports:
                return
            change = {"endpoints": endpoints, "ports": ports}
            found = known["metadata"]
            patched = await self.client.patch(ENDPOINT_SLICE, found["namespace"], found["name"], change)
            self.slices.observe(patched)
            return
        labels = {"kubernetes.io/service-name": meta["name"], "endpointslice.kubernetes.io/managed-by": MANAGED_BY}
        made = await self._create(
            ENDPOINT_SLICE,
            {
                "metadata": {
                    "generateName": f"{meta['name']}-",
                    "namespace": meta["namespace"],
                    "labels": {**(meta.get("labels") or {}), **labels},
                    "ownerReferences": owned_by(service),
                },
                "addressType": "IPv4",
                "endpoints": endpoints,
                "ports": ports,
            },
        )
        self.slices.observe(made) if made else None

    async def _create(self, kind: Any, thing: Thing) -> Thing | None:
        try:
            return await self.client.create(kind, thing)
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            return None


def _selects(service: Thing, pod: Thing) -> bool:
    wanted = service["spec"].get("selector") or {}
    return bool(wanted) and wanted.items() <= (pod["metadata"].get("labels") or {}).items()


def _standing(pod: Thing) -> tuple[str, bool, bool]:
    """(address, ready, terminating); no address means it takes no part."""
    status = pod.get("status") or {}
    leaving = bool(pod["metadata"].get("deletionTimestamp"))
    over = status.get("phase") in ("Succeeded", "Failed")
    return "" if over else status.get("podIP", ""), pod_is_ready(pod) and not leaving, leaving


def _ports(service: Thing, pod: Thing) -> list[dict[str, Any]]:
    found = []
    for port in service["spec"].get("ports") or []:
        number = _target_port(port, pod)
        if number is not None:
            name = {"name": port["name"]} if port.get("name") else {}
            found.append({**name, "port": number, "protocol": port.get("protocol", "TCP")})
    return found


def _target_port(port: dict[str, Any], pod: Thing) -> int | None:
    """A named target port is looked up in the pod; None where the pod has no such name."""
    target = port.get("targetPort") or port["port"]
    if isinstance(target, int):
        return target
    for container in pod["spec"].get("containers") or []:
        for one in container.get("ports") or []:
            if one.get("name") == target:
                return int(one["containerPort"])
    return None


def _target(pod: Thing) -> dict[str, str]:
    meta = pod["metadata"]
    return {"kind": "Pod", "name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]}


def _address(pod: Thing) -> dict[str, Any]:
    return {"ip": pod["status"]["podIP"], "nodeName": pod["spec"].get("nodeName"), "targetRef": _target(pod)}


def _endpoint(pod: Thing) -> dict[str, Any]:
    _, ready, leaving = _standing(pod)
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": pod_is_ready(pod), "terminating": leaving},
        "nodeName": pod["spec"].get("nodeName"),
        "targetRef": _target(pod),
    }
