"""The parts of a pod that the checks look at, and what a check says."""

from dataclasses import dataclass
from typing import Any

from sandbox.kubeapi.entries import Object

Spec = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Pod:
    annotations: dict[str, str]
    spec: Spec
    containers: list[Spec]

    @classmethod
    def of(cls, template: Object) -> "Pod":
        spec = template.get("spec") or {}
        groups = ("initContainers", "containers", "ephemeralContainers")
        containers = [one for group in groups for one in spec.get(group) or ()]
        return cls((template.get("metadata") or {}).get("annotations") or {}, spec, containers)

    @property
    def context(self) -> Spec:
        return self.spec.get("securityContext") or {}

    @property
    def has_own_users(self) -> bool:
        """The pod lives in a user namespace, where root is nobody outside."""
        return self.spec.get("hostUsers") is False


def context_of(container: Spec) -> Spec:
    return container.get("securityContext") or {}


def quote(items: list[str]) -> str:
    return ", ".join(f'"{one}"' for one in items)


def count_and_quote(word: str, items: list[str]) -> str:
    """`container "a"` or `containers "a", "b"`."""
    return f"{word if len(items) == 1 else f'{word}s'} {quote(items)}"


def setters(pod_sets: bool, containers: list[str]) -> str:
    """Who set a forbidden value: `pod and container "a"`."""
    parts = ["pod"] if pod_sets else []
    return " and ".join(parts + ([count_and_quote("container", containers)] if containers else []))
