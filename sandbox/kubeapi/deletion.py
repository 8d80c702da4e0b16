"""Deleting objects: preconditions, finalizers, grace periods of pods, propagation, and the end of namespaces."""

from typing import TYPE_CHECKING, Any

from sandbox.kubeapi import errors
from sandbox.kubeapi.calls import Call
from sandbox.kubeapi.clock import timestamp
from sandbox.kubeapi.entries import Entry, Object
from sandbox.kubeapi.resources import Resource

if TYPE_CHECKING:
    from sandbox.kubeapi.cluster import Cluster

FOREGROUND = "foregroundDeletion"
_LASTING_NAMESPACES = ("default", "kube-system", "kube-public")
Options = dict[str, Any]


class Deleter:
    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster

    def delete(self, call: Call, entry: Entry, options: Options) -> tuple[Object, bool]:
        """Answers the object as it was last and whether it is gone (otherwise it is being deleted)."""
        resource = self._cluster.registry.stored_at(call.resource.key)
        if resource.kind == "Namespace" and entry.name in _LASTING_NAMESPACES:
            raise errors.forbidden(resource, entry.name, "this namespace may not be deleted")
        self._preconditions(resource, entry, options)
        if call.dry_run or options.get("dryRun") == ["All"]:
            return entry.load(), True
        return self.remove(resource, entry, options)

    def remove(self, resource: Resource, entry: Entry, options: Options) -> tuple[Object, bool]:
        obj = entry.load()
        if resource.kind == "Namespace":
            return self._end_namespace(resource, obj)
        policy = options.get("propagationPolicy") or ("Orphan" if options.get("orphanDependents") else "Background")
        finalizers = list(obj["metadata"].get("finalizers") or ())
        if policy == "Orphan":
            self._cluster.collector.orphan(entry)
        if policy == "Foreground" and FOREGROUND not in finalizers and self._cluster.store.dependents(entry.uid):
            finalizers.append(FOREGROUND)
            obj["metadata"]["finalizers"] = finalizers
        grace_s = self._grace_period(resource, obj, options)
        if not finalizers and not grace_s:
            return self._cluster.store.remove(resource, entry), True
        if (
            not entry.deleting
            or grace_s < obj["metadata"].get("deletionGracePeriodSeconds", 0)
            or policy == "Foreground"
        ):
            self._mark(resource, obj, grace_s)
        return obj, False

    def _mark(self, resource: Resource, obj: Object, grace_s: int) -> None:
        shortened = grace_s < obj["metadata"].get("deletionGracePeriodSeconds", 0)
        if shortened or "deletionTimestamp" not in obj["metadata"]:
            obj["metadata"]["deletionTimestamp"] = timestamp(after_s=grace_s)
        obj["metadata"]["deletionGracePeriodSeconds"] = grace_s
        if "generation" in obj["metadata"]:
            obj["metadata"]["generation"] += 1
        self._cluster.store.put(resource, obj)
        if FOREGROUND in (obj["metadata"].get("finalizers") or ()):
            self._cluster.collector.delete_dependents(obj["metadata"]["uid"])

    def _grace_period(self, resource: Resource, obj: Object, options: Options) -> int:
        """Seconds a pod's kubelet is given. A pod that no node runs has nobody to wait for."""
        if resource.kind != "Pod" or resource.custom:
            return 0
        wanted = options.get("gracePeriodSeconds")
        if wanted is None:
            wanted = obj["spec"].get("terminationGracePeriodSeconds", 30)
        node = obj["spec"].get("nodeName", "")
        running = obj.get("status", {}).get("phase") not in ("Succeeded", "Failed")
        nodes = self._cluster.registry.core("nodes")
        if not node or not running or not self._cluster.store.get(nodes.key, "", node):
            return 0
        return max(0, int(wanted))

    def _preconditions(self, resource: Resource, entry: Entry, options: Options) -> None:
        wanted = options.get("preconditions") or {}
        if wanted.get("uid") and wanted["uid"] != entry.uid:
            told = f"({wanted['uid']}) does not match the UID in record ({entry.uid})"
            why = f"the UID in the precondition {told}. The object might have been deleted and then recreated"
            raise errors.conflict(resource, entry.name, why, kind=resource.kind)
        if wanted.get("resourceVersion") and wanted["resourceVersion"] != str(entry.version):
            told = f"({wanted['resourceVersion']}) does not match the ResourceVersion in record ({entry.version})"
            why = f"the ResourceVersion in the precondition {told}. The object might have been modified"
            raise errors.conflict(resource, entry.name, why, kind=resource.kind)

    def after_update(self, resource: Resource, obj: Object) -> None:
        """An object that was only waiting for its last finalizer goes with it."""
        metadata = obj["metadata"]
        if "deletionTimestamp" not in metadata or metadata.get("finalizers"):
            return
        if resource.kind == "Namespace" and (obj.get("spec") or {}).get("finalizers"):
            return
        if resource.kind == "Pod" and metadata.get("deletionGracePeriodSeconds"):
            return
        entry = self._cluster.store.get(resource.key, metadata.get("namespace", ""), metadata["name"])
        if entry:
            self._cluster.store.remove(resource, entry)

    # -- namespaces -----------------------------------------------------------------------------------------------

    def _end_namespace(self, resource: Resource, obj: Object) -> tuple[Object, bool]:
        if "deletionTimestamp" not in obj["metadata"]:
            obj["metadata"]["deletionTimestamp"] = timestamp()
            obj.setdefault("status", {})["phase"] = "Terminating"
            self._cluster.store.put(resource, obj)
        self._cluster.collector.empty_namespace(obj["metadata"]["name"])
        return obj, False
