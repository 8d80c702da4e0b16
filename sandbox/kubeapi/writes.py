"""Creating, replacing and patching objects: the rules of the write path, in the order of the real server.

Everything here runs without awaiting, so each write is atomic.
"""

import copy
import uuid
from typing import TYPE_CHECKING, Any

from sandbox.kubeapi import errors, patches
from sandbox.kubeapi.apply import apply_configuration
from sandbox.kubeapi.calls import Call, random_suffix
from sandbox.kubeapi.clock import timestamp
from sandbox.kubeapi.conversion import as_served, as_stored
from sandbox.kubeapi.defaults import apply_defaults
from sandbox.kubeapi.entries import Entry, Object
from sandbox.kubeapi.errors import invalid_value
from sandbox.kubeapi.ownership import records, track_update
from sandbox.kubeapi.resources import Resource
from sandbox.kubeapi.rules import check_object, warnings_of
from sandbox.kubeapi.typed import check_typed, unconvertible
from sandbox.kubeapi.validation import Unreadable, decode, prune

if TYPE_CHECKING:
    from sandbox.kubeapi.cluster import Cluster

# Set by the server alone; what a request says about them is overwritten.
_SYSTEM_FIELDS = ("uid", "name", "namespace", "creationTimestamp", "generation", "deletionTimestamp",
                  "deletionGracePeriodSeconds", "generateName")  # fmt: skip
_KEEPS_GIVEN_STATUS = ("Node",)


class Writer:
    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster

    # -- create ---------------------------------------------------------------------------------------------------

    def create(self, call: Call, obj: Any, *, tracked: bool = True) -> Object:
        """Stores a new object and returns it. `tracked` is false where apply has written the managedFields."""
        resource = call.resource
        obj = self._accept(call, obj)
        decoded = decode(resource, obj, strictness=call.strictness, repeated=call.repeated_keys() if tracked else ())
        call.warnings += decoded.warnings
        obj = decoded.obj
        metadata = obj["metadata"]
        self._name(call, metadata)
        self._require_namespace(resource, metadata)
        _fill_spec(resource, obj)
        for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion", "generation"):
            metadata.pop(name, None)
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": timestamp()}
        if resource.counts_generation or resource.custom:
            metadata["generation"] = 1
        if resource.has_status and resource.kind not in _KEEPS_GIVEN_STATUS:
            obj.pop("status", None)
        apply_defaults(resource, obj, before=None)
        self._cluster.admission.mutate(call, obj)
        self._prepare(resource, obj, None)
        check_object(resource, obj, None, decoded.missing)
        call.warnings += warnings_of(resource, obj, None)
        self._cluster.admission.validate(call, obj, None)
        if self._cluster.store.get(resource.key, metadata.get("namespace", ""), metadata["name"]):
            raise errors.already_exists(resource, metadata["name"])
        if tracked:
            metadata.pop("managedFields", None)
            track_update(resource.schema, None, obj, call.manager, call.subresource)
        if not call.dry_run:
            self._store(resource, obj)
            self._cluster.definitions.after_write(resource, obj)
            self._cluster.admission.after_create(call, obj)
        return obj

    def _accept(self, call: Call, obj: Any) -> Object:
        """The body as an object of the resource's kind in the request's namespace. Raises ApiError 400."""
        resource = call.resource
        if not isinstance(obj, dict):
            raise errors.unrecognized_object(resource, "json: cannot unmarshal array into Go value of type struct")
        if not isinstance(obj.get("metadata", {}), dict | None):
            decode(resource, obj, strictness=call.strictness)
            raise errors.bad_request("the body of the request is not an object")
        obj.setdefault("apiVersion", resource.group_version)
        obj.setdefault("kind", resource.kind)
        if obj["kind"] != resource.kind:
            version = obj["apiVersion"]
            raise errors.bad_request(
                f'{obj["kind"]} in version "{version}" cannot be handled as a {resource.kind}: '
                f"converting ({version.rpartition('/')[2]}.{obj['kind']}) to "
                f"({resource.group.partition('.')[0] or 'core'}.{resource.kind}): unknown conversion"
            )
        if obj["apiVersion"] != resource.group_version:
            version, kind = obj["apiVersion"], resource.kind
            scheme = 'in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"'
            told = f'no kind "{kind}" is registered for version "{version}" {scheme}'
            raise errors.bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {told}')
        metadata = obj["metadata"] = obj.get("metadata") or {}
        if not resource.namespaced:
            metadata.pop("namespace", None)
            return obj
        if metadata.get("namespace") and call.namespace and metadata["namespace"] != call.namespace:
            raise errors.bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        metadata["namespace"] = call.namespace or metadata.get("namespace") or "default"
        return obj

    def _name(self, call: Call, metadata: dict[str, Any]) -> None:
        if metadata.get("resourceVersion"):
            raise errors.plain_failure("resourceVersion should not be set on objects to be created")
        if metadata.get("name"):
            return
        if not metadata.get("generateName"):
            raise errors.invalid(
                call.resource, "", [errors.required("metadata.name", "name or generateName is required")]
            )
        metadata["name"] = metadata["generateName"] + random_suffix()

    def _require_namespace(self, resource: Resource, metadata: dict[str, Any]) -> None:
        if not resource.namespaced:
            return
        namespaces = self._cluster.registry.core("namespaces")
        if not self._cluster.store.get(namespaces.key, "", metadata["namespace"]):
            raise errors.not_found(namespaces, metadata["namespace"])

    def _prepare(self, resource: Resource, obj: Object, before: Object | None) -> None:
        if resource.kind == "Service" and not resource.custom:
            self._cluster.allocator.allocate(obj, before)
        elif resource.kind == "CustomResourceDefinition":
            self._cluster.definitions.prepare(obj, before)

    def _store(self, resource: Resource, obj: Object) -> tuple[Resource, Object]:
        """Puts the object where all versions of its kind are; answers the storage version and what is stored."""
        if not resource.is_storage_form:
            stored = self._cluster.registry.stored_at(resource.key)
            resource, obj = stored, {**as_stored(resource, obj), "apiVersion": stored.group_version}
        self._cluster.store.put(resource, obj)
        return resource, obj

    # -- update ---------------------------------------------------------------------------------------------------

    def replace(self, call: Call, entry: Entry, obj: Any) -> Object:
        """PUT: the body becomes the object. Raises ApiError 409 when its resourceVersion is not the live one."""
        resource = call.resource
        obj = self._accept(call, obj)
        metadata = obj["metadata"]
        if metadata.setdefault("name", entry.name) != entry.name:
            told = f"({metadata['name']}) does not match the name on the URL ({entry.name})"
            raise errors.bad_request(f"the name of the object {told}")
        if resource.custom and not metadata.get("resourceVersion"):
            why = "must be specified for an update"
            raise errors.invalid(resource, entry.name, [invalid_value("metadata.resourceVersion", 0, why)])
        return self.update(call, entry, obj)

    def update(self, call: Call, entry: Entry, obj: Object, *, tracked: bool = True) -> Object:
        """Writes `obj` over the live object by the rules of the (sub)resource; answers what is stored then."""
        resource = call.resource
        live = as_served(resource, entry.load())
        self._preconditions(resource, live, obj)
        new = self._merge_system_fields(resource, live, obj, call.subresource)
        decoded = decode(resource, new, strictness=call.strictness)
        call.warnings += decoded.warnings
        new = decoded.obj
        if call.subresource != "status":
            _fill_spec(resource, new)
            apply_defaults(resource, new, before=live)
            self._prepare(resource, new, live)
            check_object(resource, new, live, decoded.missing)
            call.warnings += warnings_of(resource, new, live)
            self._check_finalizers(resource, live, new)
            self._cluster.admission.validate(call, new, live)
        if tracked:
            track_update(resource.schema, live, new, call.manager, call.subresource)
        if "generation" in live["metadata"] and _counted(new, resource) != _counted(live, resource):
            new["metadata"]["generation"] = live["metadata"]["generation"] + 1
        if call.dry_run or _same(live, new):
            new["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
            return new if call.dry_run else live
        stored, written = self._store(resource, new)
        self._cluster.definitions.after_write(resource, new)
        self._cluster.deleter.after_update(stored, written)
        return new

    def _preconditions(self, resource: Resource, live: Object, obj: Object) -> None:
        held, wanted = live["metadata"], obj["metadata"]
        version = wanted.get("resourceVersion")
        if version and str(version) != held["resourceVersion"]:
            raise errors.conflict(resource, held["name"])
        if wanted.get("uid") and wanted["uid"] != held["uid"]:
            why = f"Precondition failed: UID in precondition: {wanted['uid']}, UID in object meta: {held['uid']}"
            key = f"Key: /registry/{resource.plural}/{held.get('namespace', '')}/{held['name']}"
            told = f"StorageError: invalid object, Code: 4, {key}, ResourceVersion: 0, AdditionalErrorMsg: {why}"
            raise errors.conflict(resource, held["name"], told)

    def _merge_system_fields(self, resource: Resource, live: Object, obj: Object, subresource: str) -> Object:
        new = copy.deepcopy(obj)
        new["apiVersion"], new["kind"] = live["apiVersion"], live["kind"]
        held, metadata = live["metadata"], new["metadata"]
        for name in _SYSTEM_FIELDS:
            metadata.pop(name, None)
            if name in held:
                metadata[name] = held[name]
        if metadata.get("managedFields") is None:
            metadata["managedFields"] = copy.deepcopy(records(live))
        if subresource == "status":
            status = {"status": new["status"]} if new.get("status") is not None else {}
            kept = {key: value for key, value in live.items() if key not in ("metadata", "status")}
            return kept | {"metadata": {**held, "managedFields": metadata["managedFields"]}} | status
        if resource.has_status:
            new.pop("status", None)
            if "status" in live:
                new["status"] = live["status"]
        return new

    def _check_finalizers(self, resource: Resource, live: Object, new: Object) -> None:
        if "deletionTimestamp" not in live["metadata"]:
            return
        held = set(live["metadata"].get("finalizers") or ())
        added = [one for one in new["metadata"].get("finalizers") or () if one not in held]
        if added:
            listed = ", ".join(f'"{one}"' for one in added)
            why = "no new finalizers can be added if the object is being deleted, found new finalizers "
            cause = errors.forbidden_field("metadata.finalizers", f"{why}[]string{{{listed}}}")
            raise errors.invalid(resource, live["metadata"]["name"], [cause])

    # -- patch ----------------------------------------------------------------------------------------------------

    def patch(self, call: Call, entry: Entry | None) -> tuple[Object, bool]:
        """Any of the four patches. Answers the object and whether it was created (only apply creates)."""
        kind = call.content_type
        if kind == patches.APPLY:
            return self._apply(call, entry)
        if entry is None:
            raise errors.not_found(call.resource, call.name)
        live = as_served(call.resource, entry.load())
        if kind == patches.MERGE:
            new = patches.merge_patch(live, call.decoded_object())
        elif kind == patches.JSON:
            new = patches.json_patch(live, call.decoded())
        elif kind == patches.STRATEGIC and not call.resource.custom:
            new = patches.strategic_patch(call.resource.schema, live, call.decoded_object())
        else:
            raise errors.unsupported_patch()
        if not isinstance(new, dict) or not isinstance(new.get("metadata"), dict):
            raise errors.patch_refused()
        if new["metadata"].get("name") != entry.name:
            told = f"({new['metadata'].get('name')}) does not match the name on the URL ({entry.name})"
            raise errors.bad_request(f"the name of the object {told}")
        try:
            return self.update(call, entry, new), False
        except Unreadable as problem:
            if kind == patches.STRATEGIC:
                why = f"unrecognized type: {problem.go_type}" if problem.go_type else problem.why
                raise errors.patch_unreadable(patches.go_text(call.decoded()), why) from None
            raise errors.patch_unreadable(errors.shown(new), problem.why) from None

    def _apply(self, call: Call, entry: Entry | None) -> tuple[Object, bool]:
        if not call.query.get("fieldManager"):
            cause = errors.required("fieldManager", "is required for apply patch")
            sentence = f'PatchOptions.meta.k8s.io "" is invalid: {cause.sentence()}'
            raise errors.ApiError(422, "Invalid", sentence, {"causes": [cause.as_dict()]})
        body = call.decoded()
        if isinstance(body, dict) and not (body.get("kind") and body.get("apiVersion")):
            raise errors.bad_request("invalid object type: /, Kind=")
        if isinstance(body, dict):
            check_typed(call.resource, body)
        given = copy.deepcopy(body)
        wanted = self._accept(call, body)
        metadata = wanted["metadata"]
        if not metadata.get("name"):
            told = f"({call.name} based on URL) was undeterminable: name must be provided"
            raise errors.bad_request(f"the name of the object {told}")
        if metadata["name"] != call.name:
            told = f"({metadata['name']}) does not match the name on the URL ({call.name})"
            raise errors.bad_request(f"the name of the object {told}")
        if metadata.get("managedFields"):
            raise errors.bad_request("metadata.managedFields must be nil")
        status = wanted.get("status")
        if call.resource.has_status and not call.subresource:
            wanted.pop("status", None)
        elif call.subresource == "status":
            wanted = {key: wanted[key] for key in ("apiVersion", "kind", "metadata")} | {"status": status or {}}
        live = as_served(call.resource, entry.load()) if entry else None
        if live:
            self._preconditions(call.resource, live, wanted)
        wanted = self._normalise_applied(call, wanted, given)
        merged = apply_configuration(
            call.resource, live, wanted, call.manager, force=call.flag("force"), subresource=call.subresource
        )
        if entry is None:
            return self.create(call, merged, tracked=False), True
        return self.update(call, entry, merged, tracked=False), False

    def _normalise_applied(self, call: Call, wanted: Object, given: Object) -> Object:
        """Quantities spelled canonically and unknown members reported; what is missing is judged after merging."""
        try:
            pruned, unknown = prune(call.resource, wanted, strictness=call.strictness)
        except Unreadable as problem:
            raise unconvertible(call.resource, given, problem.why) from None
        call.warnings += unknown
        return pruned


def _fill_spec(resource: Resource, obj: Object) -> None:
    """A built-in kind has a spec even when nothing is in it; what is missing in it is told by validation."""
    if not resource.custom and "spec" in resource.schema.properties:
        obj.setdefault("spec", {})


def _counted(obj: Object, resource: Resource) -> Object:
    """What `metadata.generation` counts changes of: everything but metadata and, where it is apart, the status."""
    apart = ("metadata", "status") if resource.has_status else ("metadata",)
    return {key: value for key, value in obj.items() if key not in apart}


def _same(live: Object, new: Object) -> bool:
    def essence(obj: Object) -> tuple[Object, Object, list[Object]]:
        metadata = {
            key: value for key, value in obj["metadata"].items() if key not in ("resourceVersion", "managedFields")
        }
        held = [{**entry, "time": ""} for entry in records(obj)]
        return {key: value for key, value in obj.items() if key != "metadata"}, metadata, held

    return essence(live) == essence(new)
