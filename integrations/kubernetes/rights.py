"""Rights at the Kubernetes API as data. Each module declares the rights it uses; `mctl/rights.py` collects them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from integrations.kubernetes.kinds import Kind

MANIFEST = "deploy/rbac/mctl.yaml"
# The order in which the manifest spells verbs.
VERBS = ("get", "list", "watch", "patch")
CORE_GROUP = '""'


class Place(Enum):
    """Where a right must hold."""

    EVERYWHERE = "everywhere"
    ARGOCD = "argocd"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request as RBAC judges it. Without a namespace it concerns all of them, or a kind that has none."""

    verb: str
    kind: Kind
    namespace: str | None = None
    subresource: str = ""

    @property
    def resource(self) -> str:
        return self.kind.resource(self.subresource)

    @property
    def remedy(self) -> str:
        """The rule that allows this request, in words."""
        group = f"API group {self.kind.group}" if self.kind.group else "core API group"
        place = f" in namespace {self.namespace}" if self.namespace else " in all namespaces"
        rule = f"{self.verb} {self.resource} ({group}){place if self.kind.namespaced else ''}"
        return f"Allow the service account of this installation to {rule}. {MANIFEST} has the rule."

    def as_dict(self) -> dict[str, str]:
        """The rule as data; an empty namespace means everywhere."""
        namespace = self.namespace or ""
        return {"verb": self.verb, "group": self.kind.group, "resource": self.resource, "namespace": namespace}


@dataclass(frozen=True, slots=True)
class Right:
    """Verbs on one kind. `purpose` says in words what works through it, such as "logs"; several stand between
    semicolons.

    Without an optional right MCTL works, and says what it cannot tell.
    """

    kind: Kind
    verbs: tuple[str, ...]
    purpose: str
    subresource: str = ""
    place: Place = Place.EVERYWHERE
    is_optional: bool = False

    @property
    def resource(self) -> str:
        return self.kind.resource(self.subresource)

    def attempt(self, verb: str, argocd_namespace: str) -> Attempt:
        """The request that an API server is asked about to learn whether we have the right."""
        namespace = argocd_namespace if self.place is Place.ARGOCD else None
        return Attempt(verb, self.kind, namespace, self.subresource)


def rule_lines(group: str, resources: Iterable[str], verbs: Iterable[str]) -> tuple[str, str, str]:
    """One rule of a role as YAML."""
    return (
        f"- apiGroups: [{group or CORE_GROUP}]",
        f"  resources: [{', '.join(resources)}]",
        f"  verbs: [{', '.join(verbs)}]",
    )


def merge(rights: tuple[Right, ...]) -> tuple[Right, ...]:
    """One right for each resource and place, with all verbs and purposes. Required where one user requires it."""
    found: dict[tuple[str, str, Place], Right] = {}
    for right in rights:
        key = (right.kind.group, right.resource, right.place)
        found[key] = _merge_two(found[key], right) if key in found else right
    return tuple(found.values())


def _merge_two(one: Right, other: Right) -> Right:
    wanted = {*one.verbs, *other.verbs}
    purposes = dict.fromkeys([*one.purpose.split("; "), *other.purpose.split("; ")])
    return replace(
        one,
        verbs=tuple(verb for verb in VERBS if verb in wanted),
        purpose="; ".join(purposes),
        is_optional=one.is_optional and other.is_optional,
    )
