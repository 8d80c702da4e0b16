"""What an object counts for in quotas: names such as `pods` or `requests.cpu`, with exact amounts."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from sandbox.kubeapi import quantities
from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.resources import Resource

Usage = dict[str, Fraction]
_COUNTED_PLAINLY = (
    "configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets", "services",
)  # fmt: skip
# Requests of these may also be named without "requests." before them.
_SHORT_NAMES = ("cpu", "memory", "ephemeral-storage")
_ONE = Fraction(1)


def containers_of(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """("container" or "init container", the container), in the order of the real admission plugins."""
    for container in spec.get("containers") or ():
        yield "container", container
    for container in spec.get("initContainers") or ():
        yield "init container", container


def pod_resources(spec: dict[str, Any], kind: str) -> Usage:
    """Requests or limits of the whole pod: containers together, or the largest init container where that is more."""
    total: Usage = {}
    for container in spec.get("containers") or ():
        _add(total, _amounts(container, kind))
    sidecars: Usage = {}
    for container in spec.get("initContainers") or ():
        amounts = _amounts(container, kind)
        if container.get("restartPolicy") == "Always":
            _add(total, amounts)
            _add(sidecars, amounts)
            continue
        for name, value in amounts.items():
            total[name] = max(total.get(name, Fraction(0)), value + sidecars.get(name, Fraction(0)))
    return total


def _amounts(container: dict[str, Any], kind: str) -> Usage:
    given = (container.get("resources") or {}).get(kind) or {}
    return {name: quantities.parse(value) for name, value in given.items()}


def _add(total: Usage, more: Usage) -> None:
    for name, value in more.items():
        total[name] = total.get(name, Fraction(0)) + value


def usage_of(resource: Resource, obj: Object) -> Usage:
    usage: Usage = {f"count/{resource.qualified}": _ONE}
    if resource.group:
        return usage
    if resource.plural in _COUNTED_PLAINLY:
        usage[resource.plural] = _ONE
    if resource.plural == "pods":
        usage |= _pod_usage(obj)
    elif resource.plural == "services":
        usage |= _service_usage(obj)
    elif resource.plural == "persistentvolumeclaims":
        usage |= _claim_usage(obj)
    return usage


def named_amounts(requests: Usage, limits: Usage) -> Usage:
    """Under all names a quota may use for them."""
    named: Usage = {}
    for name, value in requests.items():
        named[f"requests.{name}"] = value
        if name in _SHORT_NAMES:
            named[name] = value
    return named | {f"limits.{name}": value for name, value in limits.items()}


def container_amounts(container: dict[str, Any]) -> Usage:
    return named_amounts(_amounts(container, "requests"), _amounts(container, "limits"))


def _pod_usage(pod: Object) -> Usage:
    # A pod that has ended holds nothing any more; only its record still counts.
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return {}
    spec = pod["spec"]
    return {"pods": _ONE} | named_amounts(pod_resources(spec, "requests"), pod_resources(spec, "limits"))


def _service_usage(service: Object) -> Usage:
    spec, usage = service["spec"], {}
    ports = Fraction(len(spec.get("ports") or ()))
    if spec.get("type") == "NodePort":
        usage["services.nodeports"] = ports
    elif spec.get("type") == "LoadBalancer":
        usage["services.loadbalancers"] = _ONE
        if spec.get("allocateLoadBalancerNodePorts", True):
            usage["services.nodeports"] = ports
    return usage


def _claim_usage(claim: Object) -> Usage:
    spec = claim["spec"]
    requested = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    storage = quantities.parse(requested) if requested is not None else Fraction(0)
    usage = {"requests.storage": storage}
    if name := spec.get("storageClassName"):
        usage[f"{name}.storageclass.storage.k8s.io/requests.storage"] = storage
        usage[f"{name}.storageclass.storage.k8s.io/persistentvolumeclaims"] = _ONE
    return usage
