"""OpenAPI v3 documents, one per group and version: what kubectl validates, merges and explains by."""

import hashlib
from typing import Any

import orjson

from sandbox.kubeapi.discovery import groups
from sandbox.kubeapi.resources import Registry, Resource
from sandbox.kubeapi.schemas import OBJECT_META, SchemaBook

Document = dict[str, Any]
_COMPONENTS = "#/components/schemas/"
_PATCHES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)


def document_path(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


class OpenApi:
    """Documents are built when asked for and kept until a kind is added or dropped."""

    def __init__(self, registry: Registry, book: SchemaBook) -> None:
        self._registry = registry
        self._book = book
        self._built_at = -1
        self._documents: dict[str, bytes] = {}

    def index(self) -> Document:
        """The paths of the documents. The hash lets clients keep them; it changes with the kinds served."""
        paths = {}
        for group, versions in groups(self._registry).items():
            for version, resources in versions.items():
                path = document_path(group, version)
                mark = hashlib.sha256(f"{path} {self._mark(resources)}".encode()).hexdigest()[:32].upper()
                paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={mark}"}
        return {"paths": paths}

    def _mark(self, resources: list[Resource]) -> str:
        custom = any(resource.custom for resource in resources)
        return str(self._registry.changes) if custom else "builtin"

    def document(self, path: str) -> bytes | None:
        if self._built_at != self._registry.changes:
            self._documents.clear()
            self._built_at = self._registry.changes
        if path not in self._documents:
            built = self._build(path)
            if built is None:
                return None
            self._documents[path] = orjson.dumps(built)
        return self._documents[path]

    def _build(self, path: str) -> Document | None:
        for group, versions in groups(self._registry).items():
            for version, resources in versions.items():
                if document_path(group, version) == path:
                    return self._of_version(resources)
        return None

    def _of_version(self, resources: list[Resource]) -> Document:
        schemas: dict[str, Any] = {}
        paths: dict[str, Any] = {}
        for resource in resources:
            name = self._component(resource, schemas)
            self._collect(schemas[name], schemas)
            paths |= self._paths(resource, name)
        info = {"title": "Kubernetes", "version": "v1.37.0"}
        return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}

    def _component(self, resource: Resource, schemas: dict[str, Any]) -> str:
        if not resource.custom:
            name = self._book.definition_name(resource.group, resource.version, resource.kind)
            schemas[name] = self._book.definitions[name]
            return name
        name = ".".join([*reversed(resource.group.split(".")), resource.version, resource.kind])
        kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
        raw = {key: value for key, value in resource.schema.raw.items() if not key.startswith("x-kubernetes-group")}
        properties = {**raw.get("properties", {}), "metadata": {"allOf": [{"$ref": f"{_COMPONENTS}{OBJECT_META}"}]}}
        schemas[name] = {**raw, "properties": properties, "x-kubernetes-group-version-kind": [kind]}
        return name

    def _collect(self, schema: Any, schemas: dict[str, Any]) -> None:
        """Adds every definition the schema refers to, directly or not."""
        if isinstance(schema, list):
            for one in schema:
                self._collect(one, schemas)
        elif isinstance(schema, dict):
            reference = schema.get("$ref")
            if isinstance(reference, str):
                name = reference.rpartition("/")[2]
                if name not in schemas:
                    schemas[name] = self._book.definitions.get(name, {})
                    self._collect(schemas[name], schemas)
            for value in schema.values():
                self._collect(value, schemas)

    def _paths(self, resource: Resource, component: str) -> Document:
        kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
        root = f"/{document_path(resource.group, resource.version)}"
        place = f"{root}/namespaces/{{namespace}}" if resource.namespaced else root
        content = {"application/json": {"schema": {"$ref": f"{_COMPONENTS}{component}"}}}
        parameters = [
            {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
            for name in ("dryRun", "fieldManager", "fieldValidation")
        ]

        def operation(action: str) -> Document:
            return {
                "x-kubernetes-action": action,
                "x-kubernetes-group-version-kind": kind,
                "parameters": parameters,
                "requestBody": {"content": content},
                "responses": {"200": {"description": "OK", "content": content}},
            }

        patch = operation("patch") | {"requestBody": {"content": {one: {"schema": {}} for one in _PATCHES}}}
        single = {"get": operation("get"), "put": operation("put"), "patch": patch, "delete": operation("delete")}
        collection = {"get": operation("list"), "post": operation("post")}
        return {f"{place}/{resource.plural}": collection, f"{place}/{resource.plural}/{{name}}": single}
