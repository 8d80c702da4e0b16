"""ResourceQuotas: refuses what does not fit, and keeps their status up to date as objects come and go."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sandbox.kubeapi import quantities
from sandbox.kubeapi.calls import Call
from sandbox.kubeapi.entries import Entry, Object
from sandbox.kubeapi.errors import forbidden
from sandbox.kubeapi.eventlog import Change
from sandbox.kubeapi.pod_defaults import quality_of_service
from sandbox.kubeapi.resources import Resource
from sandbox.kubeapi.usage import Usage, container_amounts, containers_of, usage_of

if TYPE_CHECKING:
    from sandbox.kubeapi.cluster import Cluster

# A change of one of these may change what it uses; for other kinds only their number counts.
_MEASURED = ("pods", "services", "persistentvolumeclaims")
_MUST_BE_SPECIFIED = frozenset(
    f"{prefix}{name}"
    for name in ("cpu", "memory", "ephemeral-storage")
    for prefix in ("", "requests.", "limits.")
    if (prefix, name) != ("", "ephemeral-storage")
)


def _in_bytes(name: str) -> bool:
    return name.endswith(("memory", "storage"))


def _spelled(name: str, value: Fraction) -> str:
    return quantities.spell(value, "binary" if _in_bytes(name) else "decimal")


def _listed(amounts: dict[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted(amounts.items()))


class Quotas:
    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster
        self._known: dict[str, tuple[int, Usage]] = {}  # uid -> version and usage
        cluster.store.listeners.append(self._changed)

    def check(self, call: Call, obj: Object, before: Object | None) -> None:
        """Raises ApiError 403 for an object that does not fit into a quota of its namespace."""
        quotas = self._of(obj["metadata"].get("namespace", ""))
        if not quotas or (before is not None and call.resource.plural not in _MEASURED):
            return
        more = usage_of(call.resource, obj)
        if before is not None:
            earlier = usage_of(call.resource, before)
            more = {name: value - earlier.get(name, Fraction(0)) for name, value in more.items()}
        for quota in quotas:
            if _applies(quota, call.resource, obj):
                self._check_one(call, obj, quota, more, created=before is None)

    def _check_one(self, call: Call, obj: Object, quota: Object, more: Usage, *, created: bool) -> None:
        hard = quota["spec"].get("hard") or {}
        name = quota["metadata"]["name"]
        if created and call.resource.plural == "pods" and (missing := _unspecified(hard, obj)):
            why = f"failed quota: {name}: must specify {missing}"
            raise forbidden(call.resource, obj["metadata"]["name"], why)
        used = self._used(quota)
        over = [
            key
            for key, limit in hard.items()
            if more.get(key, 0) > 0 and used[key] + more[key] > quantities.parse(limit)
        ]
        if over:
            requested = _listed({key: _spelled(key, more[key]) for key in over})
            taken = _listed({key: _spelled(key, used[key]) for key in over})
            limited = _listed({key: str(hard[key]) for key in over})
            why = f"exceeded quota: {name}, requested: {requested}, used: {taken}, limited: {limited}"
            raise forbidden(call.resource, obj["metadata"]["name"], why)

    # -- usage ----------------------------------------------------------------------------------------------------

    def _of(self, namespace: str) -> list[Object]:
        key = self._cluster.registry.core("resourcequotas").key
        if not namespace or not self._cluster.store.count(key, namespace):
            return []
        return [entry.load() for entry in self._cluster.store.entries(key, namespace)]

    def _used(self, quota: Object) -> Usage:
        used = dict.fromkeys(quota["spec"].get("hard") or {}, Fraction(0))
        scoped = bool(quota["spec"].get("scopes") or quota["spec"].get("scopeSelector"))
        for key, entry in self._cluster.store.in_namespace(quota["metadata"]["namespace"]):
            if scoped and (key != ("", "pods") or not _in_scope(quota, entry.load())):
                continue
            for name, value in self._usage(key, entry).items():
                if name in used:
                    used[name] += value
        return used

    def _usage(self, key: tuple[str, str], entry: Entry) -> Usage:
        held = self._known.get(entry.uid)
        if held is None or held[0] != entry.version:
            usage = usage_of(self._cluster.registry.stored_at(key), entry.load())
            held = self._known[entry.uid] = (entry.version, usage)
        return held[1]

    # -- status ---------------------------------------------------------------------------------------------------

    def _changed(self, resource: Resource, change: Change) -> None:
        namespace = change.entry.namespace
        key = self._cluster.registry.core("resourcequotas").key
        if change.type == "DELETED":
            self._known.pop(change.entry.uid, None)
        if not namespace or not self._cluster.store.count(key, namespace):
            return
        counts = change.type != "MODIFIED" or resource.plural in _MEASURED or resource.key == key
        if counts:
            self.refresh(namespace)

    def refresh(self, namespace: str) -> None:
        """Writes the status of every quota of the namespace that is no longer true."""
        resource = self._cluster.registry.core("resourcequotas")
        for quota in self._of(namespace):
            if "deletionTimestamp" in quota["metadata"]:
                continue
            used = {name: _spelled(name, value) for name, value in self._used(quota).items()}
            status = {"hard": quota["spec"].get("hard") or {}, "used": used}
            if quota.get("status") != status:
                quota["status"] = status
                self._cluster.store.put(resource, quota)


def _unspecified(hard: dict[str, Any], pod: Object) -> str:
    """`limits.cpu for: web; requests.cpu for: sidecar,web`: what containers leave out though the quota counts it."""
    wanted = _MUST_BE_SPECIFIED & hard.keys()
    missing: dict[str, set[str]] = {}
    for _, container in containers_of(pod["spec"]):
        for name in wanted - container_amounts(container).keys():
            missing.setdefault(name, set()).add(container["name"])
    return "; ".join(f"{name} for: {','.join(sorted(where))}" for name, where in sorted(missing.items()))


def _applies(quota: Object, resource: Resource, obj: Object) -> bool:
    scoped = quota["spec"].get("scopes") or quota["spec"].get("scopeSelector")
    return not scoped or (resource.key == ("", "pods") and _in_scope(quota, obj))


def _in_scope(quota: Object, pod: Object) -> bool:
    spec = quota["spec"]
    conditions = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    conditions += (spec.get("scopeSelector") or {}).get("matchExpressions") or []
    return all(_matches_scope(one, pod) for one in conditions)


def _matches_scope(condition: dict[str, Any], pod: Object) -> bool:
    name, spec = condition["scopeName"], pod["spec"]
    if name in ("Terminating", "NotTerminating"):
        return (spec.get("activeDeadlineSeconds") is not None) == (name == "Terminating")
    if name in ("BestEffort", "NotBestEffort"):
        return (quality_of_service(spec) == "BestEffort") == (name == "BestEffort")
    if name == "PriorityClass":
        held, values = spec.get("priorityClassName", ""), condition.get("values") or ()
        verdicts = {"In": held in values, "NotIn": held not in values, "Exists": bool(held)}
        return verdicts.get(condition.get("operator", ""), not held)
    return False
