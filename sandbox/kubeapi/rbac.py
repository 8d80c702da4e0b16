"""Roles and bindings: what service accounts and impersonated people may do. The two people of the kubeconfig files are
judged by `auth` itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.kubeapi.calls import User
from sandbox.kubeapi.entries import Object

if TYPE_CHECKING:
    from sandbox.kubeapi.cluster import Cluster

GROUP = "rbac.authorization.k8s.io"
_READ = ["get", "list", "watch"]
_EVERYTHING = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
# A small edition of the roles every cluster has. Secrets are for those who may edit.
FIRST_ROLES: dict[str, list[dict[str, Any]]] = {
    "cluster-admin": [_EVERYTHING, {"nonResourceURLs": ["*"], "verbs": ["*"]}],
    "admin": [_EVERYTHING],
    "edit": [_EVERYTHING],
    "view": [
        {"apiGroups": [""], "verbs": _READ, "resources": [
            "configmaps", "endpoints", "events", "limitranges", "namespaces", "persistentvolumeclaims", "pods",
            "pods/log", "pods/status", "resourcequotas", "serviceaccounts", "services",
        ]},
        {"apiGroups": ["apps", "autoscaling", "batch", "discovery.k8s.io", "networking.k8s.io", "policy"],
         "verbs": _READ, "resources": ["*"]},
    ],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody wants to do. `resource` is `pods` or, with a subresource, `pods/log`."""

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""


class Roles:
    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster

    def allow(self, user: User, attempt: Attempt) -> str:
        """The binding that allows it, in words; empty when none does."""
        for told, rule in self._rules(user, attempt.namespace):
            if _covers(rule, attempt):
                return told
        return ""

    def rules(self, user: User, namespace: str) -> list[Object]:
        return [rule for _, rule in self._rules(user, namespace)]

    def _rules(self, user: User, namespace: str) -> Iterator[tuple[str, Object]]:
        store = self._cluster.store
        for entry in store.entries((GROUP, "clusterrolebindings")):
            yield from self._of_binding(user, entry.load(), "")
        for entry in store.entries((GROUP, "rolebindings"), namespace) if namespace else ():
            yield from self._of_binding(user, entry.load(), namespace)

    def _of_binding(self, user: User, binding: Object, namespace: str) -> Iterator[tuple[str, Object]]:
        subjects = binding.get("subjects") or ()
        subject = next((one for one in subjects if _is_subject(user, one, namespace)), None)
        if subject is None:
            return
        reference = binding["roleRef"]
        kind, name = reference["kind"], reference["name"]
        plural, place = ("roles", namespace) if kind == "Role" else ("clusterroles", "")
        role = self._cluster.store.get((GROUP, plural), place, name)
        bound = "/".join(part for part in (binding["metadata"]["name"], namespace) if part)
        told = f'RBAC: allowed by {binding["kind"]} "{bound}" of {kind} "{name}" to {_named(subject, namespace)}'
        for rule in (role.load().get("rules") or ()) if role else ():
            yield told, rule


def _is_subject(user: User, subject: Object, namespace: str) -> bool:
    kind, name = subject.get("kind"), subject.get("name", "")
    if kind == "ServiceAccount":
        return user.name == f"system:serviceaccount:{subject.get('namespace') or namespace}:{name}"
    return name in user.groups if kind == "Group" else name == user.name


def _named(subject: Object, namespace: str) -> str:
    inside = f"/{subject.get('namespace') or namespace}" if subject["kind"] == "ServiceAccount" else ""
    return f'{subject["kind"]} "{subject["name"]}{inside}"'


def _covers(rule: Object, attempt: Attempt) -> bool:
    names = rule.get("resourceNames") or ()
    return (
        _listed(rule.get("verbs"), attempt.verb)
        and _listed(rule.get("apiGroups"), attempt.group)
        and _covers_resource(rule.get("resources") or (), attempt.resource)
        and (not names or attempt.name in names)
    )


def _listed(values: list[str] | None, wanted: str) -> bool:
    return values is not None and ("*" in values or wanted in values)


def _covers_resource(listed: list[str], wanted: str) -> bool:
    below = wanted.partition("/")[2]
    return "*" in listed or wanted in listed or bool(below and f"*/{below}" in listed)
