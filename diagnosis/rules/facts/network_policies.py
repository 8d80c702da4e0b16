"""NetworkPolicy evaluated as Kubernetes does: all policies that select a pod together, each rule a permission."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from diagnosis.rules.facts.objects import (
    Obj,
    dig,
    items,
    labels,
    mapping,
    matches_selector,
    namespace,
    number_at,
    text_at,
)
from diagnosis.rules.facts.snapshot import Snapshot

DNS_NAMESPACE = "kube-system"
DNS_LABELS = {"k8s-app": "kube-dns"}


@dataclass(frozen=True)
class Peer:
    """One side of a connection: labels, namespace and, where known, the address; `ports` maps port names to numbers."""

    labels: Mapping[str, str]
    namespace: str
    address: str = ""
    ports: Mapping[str, int] | None = None


def peer_of(pod: Obj) -> Peer:
    names = {
        str(entry.get("name")): number_at(entry, "containerPort")
        for container in items(pod, "spec", "containers")
        for entry in items(container, "ports")
        if entry.get("name")
    }
    return Peer(labels(pod), namespace(pod), text_at(pod, "status", "podIP"), names)


def selecting(snapshot: Snapshot, peer: Peer, direction: str) -> list[Obj]:
    """Policies that isolate the peer in a direction ("Ingress" or "Egress")."""
    return [
        policy for policy in snapshot.all("NetworkPolicy", peer.namespace)
        if direction in _types(policy) and matches_selector(mapping(policy, "spec", "podSelector"), peer.labels)
    ]  # fmt: skip


def _types(policy: Obj) -> list[str]:
    told = dig(policy, "spec", "policyTypes")
    if isinstance(told, list) and told:
        return [str(entry) for entry in told]
    return ["Ingress", *(["Egress"] if dig(policy, "spec", "egress") is not None else [])]


def blocking(snapshot: Snapshot, source: Peer, destination: Peer, port: int, protocol: str = "TCP") -> list[Obj]:
    """The policies that together refuse the connection: the source's egress ones or the destination's ingress ones."""
    for direction, held, other in (("Egress", source, destination), ("Ingress", destination, source)):
        policies = selecting(snapshot, held, direction)
        if policies and not any(
            _rule_allows(snapshot, policy, rule, direction, other, destination, port, protocol)
            for policy in policies
            for rule in items(policy, "spec", direction.lower())
        ):
            return policies
    return []


def _rule_allows(snapshot: Snapshot, policy: Obj, rule: Obj, direction: str, other: Peer, destination: Peer,
                 port: int, protocol: str) -> bool:  # fmt: skip
    peers = items(rule, "to" if direction == "Egress" else "from")
    if peers and not any(_peer_matches(snapshot, policy, entry, other) for entry in peers):
        return False
    ports = items(rule, "ports")
    return not ports or any(_port_matches(entry, destination, port, protocol) for entry in ports)


def _peer_matches(snapshot: Snapshot, policy: Obj, entry: Obj, other: Peer) -> bool:
    block = mapping(entry, "ipBlock")
    if block:
        return _in_block(block, other.address)
    spaces = entry.get("namespaceSelector")
    if isinstance(spaces, dict):
        if not matches_selector(spaces, _namespace_labels(snapshot, other.namespace)):
            return False
    elif other.namespace != namespace(policy):
        return False
    pods = entry.get("podSelector")
    return not isinstance(pods, dict) or matches_selector(pods, other.labels)


def _namespace_labels(snapshot: Snapshot, name: str) -> Mapping[str, Any]:
    return {"kubernetes.io/metadata.name": name, **labels(snapshot.get("Namespace", "", name))}


def _in_block(block: Obj, address: str) -> bool:
    """An address that is not known is taken as inside: then nothing is claimed."""
    if not address:
        return True
    try:
        here = ipaddress.ip_address(address)
        inside = here in ipaddress.ip_network(text_at(block, "cidr"), strict=False)
        return inside and not any(
            here in ipaddress.ip_network(str(other), strict=False) for other in block.get("except") or []
        )
    except ValueError:
        return True


def _port_matches(entry: Obj, destination: Peer, port: int, protocol: str) -> bool:
    if text_at(entry, "protocol") not in {"", protocol}:
        return False
    wanted = entry.get("port")
    if wanted is None:
        return True
    if isinstance(wanted, str) and not wanted.isdigit():
        return (destination.ports or {}).get(wanted) == port
    return int(wanted) <= port <= (number_at(entry, "endPort") or int(wanted))


def dns_peer(snapshot: Snapshot) -> Peer:
    """The cluster's DNS pods, or what they are everywhere where none is seen."""
    pods = [pod for pod in snapshot.all("Pod", DNS_NAMESPACE) if labels(pod).get("k8s-app") == "kube-dns"]
    return peer_of(pods[0]) if pods else Peer(DNS_LABELS, DNS_NAMESPACE)


def blocking_dns(snapshot: Snapshot, source: Peer) -> list[Obj]:
    """The egress policies that refuse the pod both UDP and TCP to port 53; [] when DNS is allowed."""
    server = dns_peer(snapshot)
    found = blocking(snapshot, source, server, 53, "UDP")
    return found if found and blocking(snapshot, source, server, 53, "TCP") else []
