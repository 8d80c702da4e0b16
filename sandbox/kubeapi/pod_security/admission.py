"""Judges writes of pods, of what makes pods, and of the labels of namespaces."""

from typing import TYPE_CHECKING

from sandbox.kubeapi.calls import Call
from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.errors import forbidden, invalid
from sandbox.kubeapi.pod_security.evaluation import detail, reasons, template_of
from sandbox.kubeapi.pod_security.levels import PRIVILEGED, Level, Policy, policy_of, refusals_of_labels
from sandbox.kubeapi.pod_security.pods import Pod

if TYPE_CHECKING:
    from sandbox.kubeapi.cluster import Cluster


class PodSecurity:
    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster

    def check(self, call: Call, obj: Object, before: Object | None) -> None:
        """Adds warnings to the call.

        Raises ApiError 403 for a pod that its namespace's level forbids, 422 for labels that name no level.
        """
        resource = call.resource
        if resource.custom or call.subresource not in ("", "ephemeralcontainers", "resize"):
            return
        if resource.key == ("", "namespaces"):
            self._check_namespace(call, obj, before)
            return
        pod = template_of(obj)
        policy = self._policy(obj) if pod else None
        if pod is None or policy is None:
            return
        if resource.kind == "Pod":
            if before is not None and _images(obj) == _images(before):
                return
            if told := detail(policy.enforce, pod):
                why = f'violates PodSecurity "{policy.enforce}": {told}'
                raise forbidden(resource, obj["metadata"]["name"], why)
        if told := detail(policy.warn, pod):
            call.warnings.append(f'would violate PodSecurity "{policy.warn}": {told}')

    def _policy(self, obj: Object) -> Policy | None:
        key = self._cluster.registry.core("namespaces").key
        entry = self._cluster.store.get(key, "", obj["metadata"].get("namespace", ""))
        return policy_of(entry.labels) if entry else None

    def _check_namespace(self, call: Call, obj: Object, before: Object | None) -> None:
        labels = obj["metadata"].get("labels") or {}
        held = ((before or {}).get("metadata") or {}).get("labels") or {}
        wrong = refusals_of_labels(labels)
        if wrong and (before is None or wrong != refusals_of_labels(held)):
            raise invalid(call.resource, obj["metadata"]["name"], wrong)
        if before is None:
            return
        new, old = policy_of(labels).enforce, policy_of(held).enforce
        relaxed = new.version == old.version and new.strictness <= old.strictness
        if new.name != PRIVILEGED and not relaxed:
            call.warnings += self._warnings_of_running(obj["metadata"]["name"], new)

    def _warnings_of_running(self, namespace: str, level: Level) -> list[str]:
        """What runs in the namespace already and would not be let in any more, by the reasons."""
        named: dict[str, list[str]] = {}
        for entry in self._cluster.store.entries(self._cluster.registry.core("pods").key, namespace):
            if why := reasons(level, Pod.of(entry.load())):
                named.setdefault(why, []).append(entry.name)
        if not named:
            return []
        told = []
        for why, pods in named.items():
            more = len(pods) - 1
            others = f" (and {more} other pod{'s' if more > 1 else ''})" if more else ""
            told.append(f"{min(pods)}{others}: {why}")
        first = f'existing pods in namespace "{namespace}" violate the new PodSecurity enforce level "{level}"'
        return [first, *sorted(told)]


def _images(pod: Object) -> list[tuple[str, str]]:
    groups = ("initContainers", "containers", "ephemeralContainers")
    return [(one["name"], one.get("image", "")) for group in groups for one in pod["spec"].get(group) or ()]
