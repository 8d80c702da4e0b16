"""What the real cluster's garbage collector and namespace controller do: dependents follow owners, content follows
namespaces. They run after the request that causes them has been answered, as there."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.kubeapi.clock import timestamp
from sandbox.kubeapi.deletion import FOREGROUND
from sandbox.kubeapi.entries import Entry, Object
from sandbox.kubeapi.eventlog import Change
from sandbox.kubeapi.resources import Resource
from sandbox.kubeapi.store import Key

if TYPE_CHECKING:
    from sandbox.kubeapi.cluster import Cluster


class Collector:
    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster
        cluster.store.listeners.append(self._changed)

    def _soon(self, work: Callable[..., None], *arguments: Any) -> None:
        try:
            asyncio.get_running_loop().call_soon(work, *arguments)
        except RuntimeError:  # start-up, before there is a loop
            work(*arguments)

    def _changed(self, resource: Resource, change: Change) -> None:
        entry = change.entry
        if change.type == "DELETED":
            self._soon(self.collect_dependents, entry.uid)
            for owner in entry.owners:
                self._soon(self._finish_foreground, owner)
            if entry.namespace:
                self._soon(self._finish_namespace, entry.namespace)
        elif change.type == "ADDED" and entry.owners:
            self._soon(self._collect_absent_owners, resource.key, entry)

    # -- owners ---------------------------------------------------------------------------------------------------

    def collect_dependents(self, owner: str) -> None:
        for key, entry in self._cluster.store.dependents(owner):
            self._collect_absent_owners(key, entry)

    def _collect_absent_owners(self, key: Key, entry: Entry) -> None:
        current = self._current(key, entry)
        if not current or not current.owners:
            return
        alive = [owner for owner in current.owners if self._cluster.store.exists(owner)]
        if alive and len(alive) < len(current.owners):
            self._keep_owners(key, current, set(alive))
        elif not alive and not current.deleting:
            self._delete(key, current, "Background")

    def delete_dependents(self, owner: str) -> None:
        for key, entry in self._cluster.store.dependents(owner):
            self._soon(self._delete_if_there, key, entry, "Foreground")
        self._soon(self._finish_foreground, owner)

    def _finish_foreground(self, owner: str) -> None:
        """The owner goes when no dependent that blocks it is left."""
        blocking = [
            entry
            for _, entry in self._cluster.store.dependents(owner)
            if any(one["uid"] == owner and one.get("blockOwnerDeletion") for one in _owners(entry.load()))
        ]
        found = None if blocking else self._find(owner)
        if found:
            key, entry = found
            obj = entry.load()
            finalizers = obj["metadata"].get("finalizers") or []
            if FOREGROUND in finalizers:
                obj["metadata"]["finalizers"] = [one for one in finalizers if one != FOREGROUND]
                resource = self._cluster.registry.stored_at(key)
                self._cluster.store.put(resource, obj)
                self._cluster.deleter.after_update(resource, obj)

    def _find(self, uid: str) -> tuple[Key, Entry] | None:
        if not self._cluster.store.exists(uid):
            return None
        return next(
            (
                (resource.key, entry)
                for resource in self._cluster.registry
                for entry in self._cluster.store.entries(resource.key)
                if entry.uid == uid and entry.deleting
            ),
            None,
        )

    def orphan(self, owner: Entry) -> None:
        for key, entry in self._cluster.store.dependents(owner.uid):
            self._keep_owners(key, entry, set(entry.owners) - {owner.uid})

    def _keep_owners(self, key: Key, entry: Entry, uids: set[str]) -> None:
        obj = entry.load()
        left = [owner for owner in _owners(obj) if owner["uid"] in uids]
        obj["metadata"]["ownerReferences"] = left
        if not left:
            del obj["metadata"]["ownerReferences"]
        self._cluster.store.put(self._cluster.registry.stored_at(key), obj)

    def _current(self, key: Key, entry: Entry) -> Entry | None:
        current = self._cluster.store.get(key, entry.namespace, entry.name)
        return current if current and current.uid == entry.uid else None

    def _delete_if_there(self, key: Key, entry: Entry, policy: str) -> None:
        current = self._current(key, entry)
        if current and not current.deleting:
            self._delete(key, current, policy)

    def _delete(self, key: Key, entry: Entry, policy: str) -> None:
        resource = self._cluster.registry.stored_at(key)
        self._cluster.deleter.remove(resource, entry, {"propagationPolicy": policy})

    # -- namespaces -----------------------------------------------------------------------------------------------

    def empty_namespace(self, name: str) -> None:
        for key, entry in self._cluster.store.in_namespace(name):
            self._soon(self._delete_if_there, key, entry, "Background")
        self._soon(self._finish_namespace, name)

    def _finish_namespace(self, name: str) -> None:
        resource = self._cluster.registry.core("namespaces")
        entry = self._cluster.store.get(resource.key, "", name)
        if not entry or not entry.deleting:
            return
        obj = entry.load()
        left = list(self._cluster.store.in_namespace(name))
        if left:
            self._report_remaining(resource, obj, left)
            return
        obj.setdefault("spec", {})["finalizers"] = []
        self._cluster.store.put(resource, obj)
        self._cluster.deleter.after_update(resource, obj)

    def _report_remaining(self, resource: Resource, obj: Object, left: list[tuple[Key, Entry]]) -> None:
        kinds: dict[str, int] = {}
        finalizers: dict[str, int] = {}
        for key, entry in left:
            name = f"{key[1]}.{key[0]}"
            kinds[name] = kinds.get(name, 0) + 1
            for finalizer in entry.load()["metadata"].get("finalizers") or ():
                finalizers[finalizer] = finalizers.get(finalizer, 0) + 1
        content = ", ".join(f"{kind} has {count} resource instances" for kind, count in sorted(kinds.items()))
        held = ", ".join(f"{name} in {count} resource instances" for name, count in sorted(finalizers.items()))
        told = {
            "NamespaceDeletionDiscoveryFailure": (
                False, "ResourcesDiscovered", "All resources successfully discovered",
            ),
            "NamespaceDeletionGroupVersionParsingFailure": (
                False, "ParsedGroupVersions", "All legacy kube types successfully parsed",
            ),
            "NamespaceDeletionContentFailure": (
                False, "ContentDeleted", "All content successfully deleted, may be waiting on finalization",
            ),
            "NamespaceContentRemaining": (
                True, "SomeResourcesRemain", f"Some resources are remaining: {content}",
            ),
            "NamespaceFinalizersRemaining": (
                bool(held), "SomeFinalizersRemain" if held else "ContentHasNoFinalizers",
                f"Some content in the namespace has finalizers remaining: {held}" if held
                else "All content-preserving finalizers finished",
            ),
        }  # fmt: skip
        before = {one["type"]: one for one in obj["status"].get("conditions") or ()}
        conditions = [_condition(before.get(kind), kind, *facts) for kind, facts in told.items()]
        if conditions != obj["status"].get("conditions"):
            obj["status"]["conditions"] = conditions
            self._cluster.store.put(resource, obj)


def _owners(obj: Object) -> list[Object]:
    return obj["metadata"].get("ownerReferences") or []


def _condition(before: Object | None, kind: str, holds: bool, reason: str, message: str) -> Object:
    status = str(holds)
    changed = timestamp()
    if before and before["status"] == status:
        changed = before["lastTransitionTime"]
    return {"lastTransitionTime": changed, "message": message, "reason": reason, "status": status, "type": kind}
