"""CustomResourceDefinitions: what they install into the registry, and their own status."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sandbox.kubeapi.clock import timestamp
from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.errors import Cause, invalid, invalid_value, required
from sandbox.kubeapi.resources import Resource

if TYPE_CHECKING:
    from sandbox.kubeapi.cluster import Cluster

OWN_DEFINITIONS = Path(__file__).parent / "crds"
_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_own_definitions() -> list[Object]:
    """The definitions the sandbox's controllers work on."""
    found = []
    for file in sorted(OWN_DEFINITIONS.glob("*.yaml")):
        documents = yaml.load_all(file.read_text(), Loader=_YAML_LOADER)
        found += [document for document in documents if document]
    return found


def _is_definition(resource: Resource) -> bool:
    return resource.kind == "CustomResourceDefinition" and resource.group == "apiextensions.k8s.io"


class Definitions:
    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster
        cluster.store.listeners.append(self._changed)

    def prepare(self, obj: Object, before: Object | None) -> None:
        """Checks the definition and sets its status. Raises ApiError 422."""
        resource = self._cluster.registry.by_kind("apiextensions.k8s.io", "CustomResourceDefinition")
        causes = self._check(obj)
        if causes and resource:
            raise invalid(resource, obj["metadata"]["name"], causes)
        spec = obj["spec"]
        stored = next(one["name"] for one in spec["versions"] if one["storage"])
        earlier = ((before or {}).get("status") or {}).get("storedVersions") or []
        established = timestamp() if before is None else before["metadata"]["creationTimestamp"]
        obj["status"] = {
            "acceptedNames": dict(spec["names"]),
            "conditions": [
                _condition("NamesAccepted", "NoConflicts", "no conflicts found", established),
                _condition("Established", "InitialNamesAccepted", "the initial names have been accepted", established),
            ],
            "storedVersions": [*earlier, *([stored] if stored not in earlier else [])],
        }

    def _check(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        names, group = spec.get("names") or {}, spec.get("group", "")
        causes = []
        wanted = f"{names.get('plural')}.{group}"
        if obj["metadata"]["name"] != wanted:
            why = 'must be spec.names.plural+"."+spec.group'
            causes.append(invalid_value("metadata.name", obj["metadata"]["name"], why))
        versions = spec.get("versions") or []
        if sum(bool(one.get("storage")) for one in versions) != 1:
            why = "must have exactly one version marked as storage version"
            causes.append(invalid_value("spec.versions", [one.get("name") for one in versions], why))
        for index, version in enumerate(versions):
            if not (version.get("schema") or {}).get("openAPIV3Schema"):
                causes.append(required(f"spec.versions[{index}].schema.openAPIV3Schema", "schemas are required"))
        return causes

    def after_write(self, resource: Resource, obj: Object) -> None:
        if _is_definition(resource):
            self.install(obj)

    def install(self, definition: Object) -> None:
        """Serves every served version of the definition from now on."""
        registry = self._cluster.registry
        registry.drop_definition(definition["metadata"]["name"])
        spec = definition["spec"]
        stored = next(one["name"] for one in spec["versions"] if one["storage"])
        for version in spec["versions"]:
            if version.get("served", True) or version["storage"]:
                registry.add(self._resource(definition["metadata"]["name"], spec, version, stored))

    def _resource(self, definition: str, spec: Object, version: dict[str, Any], stored: str) -> Resource:
        names = spec["names"]
        subresources = version.get("subresources") or {}
        return Resource(
            group=spec["group"],
            version=version["name"],
            plural=names["plural"],
            kind=names["kind"],
            namespaced=spec["scope"] == "Namespaced",
            schema=self._cluster.book.custom(version["schema"]["openAPIV3Schema"]),
            singular=names.get("singular", ""),
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            subresources=frozenset(subresources),
            counts_generation=True,
            definition=definition,
            columns=version.get("additionalPrinterColumns") or [],
            scale_paths=subresources.get("scale") or {},
            selectable=tuple(one["jsonPath"].lstrip(".") for one in version.get("selectableFields") or ()),
            storage_version=stored,
        )

    def _changed(self, resource: Resource, change: Any) -> None:
        if change.type != "DELETED" or not _is_definition(resource):
            return
        definition = change.entry.load()
        key = (definition["spec"]["group"], definition["spec"]["names"]["plural"])
        for entry in self._cluster.store.entries(key):
            self._cluster.store.remove(self._cluster.registry.stored_at(key), entry)
        self._cluster.registry.drop_definition(definition["metadata"]["name"])
        self._cluster.store.forget_kind(key)


def _condition(kind: str, reason: str, message: str, since: str) -> dict[str, str]:
    return {"lastTransitionTime": since, "message": message, "reason": reason, "status": "True", "type": kind}
