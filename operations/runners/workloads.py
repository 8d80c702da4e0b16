"""What a chart renders, read with care: any part of it may hold anything, since people write parts of it themselves."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from core.quantity import amount
from integrations.gitops import mapping

Object = Mapping[str, Any]
# Kinds that run pods of a service; a Rollout is a Deployment that Argo Rollouts carries out.
WORKLOADS = frozenset({"Deployment", "Rollout", "StatefulSet"})


def workloads_of(objects: Sequence[Object]) -> list[Object]:
    return [item for item in objects if item["kind"] in WORKLOADS]


def spec_of(item: Object) -> Mapping[str, Any]:
    return mapping(item.get("spec"))


def containers_of(workload: Object) -> list[Mapping[str, Any]]:
    pod = mapping(mapping(spec_of(workload).get("template")).get("spec"))
    return mappings(pod.get("containers"))


def mappings(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def resources_of(container: Object, kind: str) -> Mapping[str, Any]:
    """Quantities by resource; `kind` is requests or limits."""
    return mapping(mapping(container.get("resources")).get(kind))


def replicas_of(workload: Object) -> int | None:
    """None where an autoscaler decides."""
    number = spec_of(workload).get("replicas")
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def quantity(value: Any) -> Decimal | None:
    """None for what is not a quantity."""
    try:
        return None if value is None or isinstance(value, bool | list | Mapping) else amount(value)
    except (ValueError, ArithmeticError):
        return None


def identity_of(item: Object) -> tuple[str, str]:
    """Kind and name, or the beginning of a name that the cluster completes."""
    metadata = mapping(item.get("metadata"))
    return item["kind"], str(metadata.get("name") or metadata.get("generateName") or "")
