"""Nodes against pods: what the scheduler would say, computed from fields, and its own message taken apart."""

from dataclasses import dataclass

from core.patterns import Pattern
from diagnosis.rules.facts.containers import is_over
from diagnosis.rules.facts.objects import (
    Obj,
    dig,
    items,
    labels,
    mapping,
    matches_labels,
    matches_selector,
    name,
    quantity,
    text_at,
)
from diagnosis.rules.facts.snapshot import Snapshot

REASON = Pattern(
    r"(?:^|[,:.]\s+)(\d{1,9}) ((?:node\(s\)|Insufficient|Too many|No preemption|Preemption)[^,{]*(?:\{[^}]*\})?[^,.]*)"
)
# Taints the node controller sets for a node's own condition: the node is the trouble, not a missing toleration.
CONDITION_TAINTS = {
    "node.kubernetes.io/not-ready": "node-not-ready",
    "node.kubernetes.io/unreachable": "node-not-ready",
    "node.kubernetes.io/disk-pressure": "node-disk-pressure",
    "node.kubernetes.io/memory-pressure": "node-memory-pressure",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """ "2 node(s) had untolerated taint {dedicated: gpu}" as count and words."""

    count: int
    words: str


def reasons(message: str) -> list[Reason]:
    """The reasons of a FailedScheduling message, the part about preemption left out."""
    head = message.split(" preemption:")[0]
    body = head.partition("nodes are available:")[2] or head
    return [Reason(int(count), words.strip().rstrip(".")) for count, words in REASON.findall(f": {body.strip()}")]


def selects(spec: Obj, node: Obj) -> bool:
    """Whether a node satisfies a pod's nodeSelector and required node affinity."""
    have = labels(node)
    if not matches_labels(mapping(spec, "nodeSelector"), have):
        return False
    terms = items(
        spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"
    )
    return not terms or any(_term_holds(term, node) for term in terms)


def _term_holds(term: Obj, node: Obj) -> bool:
    fields = {"metadata.name": name(node)}
    return matches_selector({"matchExpressions": items(term, "matchExpressions")}, labels(node)) and matches_selector(
        {"matchExpressions": items(term, "matchFields")}, fields
    )


def untolerated(spec: Obj, node: Obj) -> list[Obj]:
    """Taints that keep the pod off the node."""
    tolerations = items(spec, "tolerations")
    taints = [taint for taint in items(node, "spec", "taints") if taint.get("effect") != "PreferNoSchedule"]
    return [taint for taint in taints if not any(_tolerates(entry, taint) for entry in tolerations)]


def _tolerates(toleration: Obj, taint: Obj) -> bool:
    if toleration.get("effect") not in {None, "", taint.get("effect")}:
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in {None, "", taint.get("key")}
    return toleration.get("key") == taint.get("key") and (toleration.get("value") or "") == (taint.get("value") or "")


def taint_words(taint: Obj) -> str:
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint.get('key')}{value}:{taint.get('effect')}"


def requested(spec: Obj, resource: str) -> float:
    """What a pod asks of a resource: its containers together, or its largest init container if that is more."""
    main = sum(_request(entry, resource) for entry in items(spec, "containers"))
    first = max((_request(entry, resource) for entry in items(spec, "initContainers")), default=0.0)
    return max(main, first)


def _request(container: Obj, resource: str) -> float:
    asked = dig(container, "resources", "requests", resource)
    return quantity(asked if asked is not None else dig(container, "resources", "limits", resource))


def allocatable(node: Obj, resource: str) -> float:
    return quantity(dig(node, "status", "allocatable", resource))


def free(snapshot: Snapshot, node: Obj, resource: str) -> float:
    """Allocatable less what the running pods seen on the node ask for."""
    here = [pod for pod in snapshot.all("Pod") if text_at(pod, "spec", "nodeName") == name(node) and not is_over(pod)]
    return allocatable(node, resource) - sum(requested(mapping(pod, "spec"), resource) for pod in here)


def amount(resource: str, value: float) -> str:
    """ "250m", "2", "1.5Gi", as people write them."""
    if resource == "memory" or "storage" in resource:
        mib = value / 2**20
        return f"{mib / 1024:.3g}Gi" if mib >= 1024 else f"{mib:.0f}Mi"
    return f"{value:g}" if value >= 1 and value == int(value) else f"{value * 1000:.0f}m"
