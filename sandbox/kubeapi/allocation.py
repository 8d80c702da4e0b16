"""Cluster IPs and node ports of Services, unique as the real allocators keep them."""

import ipaddress
from typing import TYPE_CHECKING

from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.errors import invalid, invalid_value

if TYPE_CHECKING:
    from sandbox.kubeapi.cluster import Cluster

_SERVICE_NETWORK = ipaddress.ip_network("10.96.0.0/16")
_NODE_PORTS = range(30000, 32768)


class Allocator:
    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster
        self._next = 10

    def allocate(self, obj: Object, before: Object | None) -> None:
        """Fills clusterIP, clusterIPs and nodePorts of a Service. Raises ApiError 422 for one that is taken."""
        spec, old = obj["spec"], (before or {}).get("spec") or {}
        if spec.get("type") == "ExternalName":
            return
        if not spec.get("clusterIP"):
            spec["clusterIP"] = old.get("clusterIP") or self._free_address()
        elif old and spec["clusterIP"] != old.get("clusterIP"):
            cause = invalid_value("spec.clusterIPs[0]", [spec["clusterIP"]], "may not change once set")
            raise invalid(self._cluster.registry.core("services"), obj["metadata"]["name"], [cause])
        spec["clusterIPs"] = [spec["clusterIP"]]
        if spec.get("type") in ("NodePort", "LoadBalancer"):
            self._node_ports(obj, old)

    def _others(self, obj: Object) -> list[Object]:
        key = self._cluster.registry.core("services").key
        own = obj["metadata"].get("uid")
        return [entry.load() for entry in self._cluster.store.entries(key) if entry.uid != own]

    def _free_address(self) -> str:
        key = self._cluster.registry.core("services").key
        taken = {entry.fields.get("spec.clusterIP") for entry in self._cluster.store.entries(key)}
        while True:
            address = str(_SERVICE_NETWORK[self._next % (_SERVICE_NETWORK.num_addresses - 1)])
            self._next += 1
            if address not in taken:
                return address

    def _node_ports(self, obj: Object, old: Object) -> None:
        taken = {
            port.get("nodePort")
            for other in self._others(obj)
            for port in other["spec"].get("ports") or ()
            if port.get("nodePort")
        }
        earlier = {port.get("port"): port.get("nodePort") for port in old.get("ports") or ()}
        for index, port in enumerate(obj["spec"].get("ports") or ()):
            wanted = port.get("nodePort") or earlier.get(port.get("port"))
            if wanted in taken:
                why = "provided port is already allocated"
                cause = invalid_value(f"spec.ports[{index}].nodePort", wanted, why)
                raise invalid(self._cluster.registry.core("services"), obj["metadata"]["name"], [cause])
            port["nodePort"] = wanted or next(one for one in _NODE_PORTS if one not in taken)
            taken.add(port["nodePort"])
