"""Schemas of the kinds: the built-in ones from the `kubernetes-validate` package, custom ones from their definitions.

`SchemaNode` is a schema with its reference resolved and its members compiled when first asked for, since whole schemas
are recursive and only a small part of them is ever touched.
"""

import importlib.util
from pathlib import Path
from typing import Any

import orjson

SCHEMA_VERSION = "v1.37.0"
_PREFIX = "#/$defs/"
_COMPONENTS = "#/components/schemas/"
# The published schemas carry no defaults; these two are part of list keys, so ownership of ports depends on them.
_PROTOCOL_OWNERS = ("io.k8s.api.core.v1.ContainerPort", "io.k8s.api.core.v1.ServicePort")
OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


def _normalise(part: Any) -> Any:
    """OpenAPI v3 as API servers publish it: references to components, no "null" among the types."""
    if isinstance(part, list):
        return [_normalise(one) for one in part]
    if not isinstance(part, dict):
        return part
    out = {}
    for key, value in part.items():
        if key == "$ref" and isinstance(value, str):
            out[key] = value.replace(_PREFIX, _COMPONENTS)
        elif key == "type" and isinstance(value, list):
            out[key] = next(one for one in value if one != "null")
        else:
            out[key] = _normalise(value)
    return out


def read_builtin_definitions() -> dict[str, dict[str, Any]]:
    """name -> OpenAPI schema of every built-in type, such as `io.k8s.api.apps.v1.Deployment`."""
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise RuntimeError("the kubernetes-validate package is not installed; it carries the schemas")
    folder = Path(spec.origin).parent / "kubernetes-json-schema" / f"{SCHEMA_VERSION}-local"
    raw = orjson.loads((folder / "_definitions.json").read_bytes())
    definitions: dict[str, dict[str, Any]] = _normalise(raw.get("$defs") or raw.get("definitions"))
    for owner in _PROTOCOL_OWNERS:
        definitions[owner]["properties"]["protocol"]["default"] = "TCP"
    return definitions


class SchemaNode:
    """One schema: `type` is "object", "array", "string", "integer", "number", "boolean" or "" for anything."""

    __slots__ = (
        "_additional",
        "_children",
        "_items",
        "atomic_map",
        "book",
        "int_or_string",
        "list_keys",
        "list_type",
        "merge_key",
        "merges_lists",
        "preserve",
        "quantity",
        "raw",
        "struct",
        "type",
    )

    def __init__(self, book: "SchemaBook", raw: dict[str, Any]) -> None:
        reference = raw.get("$ref", "")
        if not reference and len(raw.get("allOf", ())) == 1:
            raw = {**raw["allOf"][0], **{key: value for key, value in raw.items() if key != "allOf"}}
            reference = raw.get("$ref", "")
        self.struct = reference.rpartition("/")[2]  # the name of its type, such as io.k8s.api.core.v1.PodSpec
        self.quantity = reference.endswith(".Quantity")
        self.raw = book.resolve(raw)
        self.book = book
        self.type: str = "" if "oneOf" in self.raw else self.raw.get("type", "")
        self.int_or_string = bool(self.raw.get("x-kubernetes-int-or-string")) or "oneOf" in self.raw
        self.preserve = bool(self.raw.get("x-kubernetes-preserve-unknown-fields"))
        self.list_type: str = self.raw.get("x-kubernetes-list-type", "atomic")
        self.list_keys: list[str] = self.raw.get("x-kubernetes-list-map-keys", [])
        self.atomic_map = self.raw.get("x-kubernetes-map-type") == "atomic"
        strategy = self.raw.get("x-kubernetes-patch-strategy", "")
        self.merges_lists = "merge" in strategy
        self.merge_key: str = self.raw.get("x-kubernetes-patch-merge-key", "")
        self._children: dict[str, SchemaNode] = {}
        self._items: SchemaNode | None = None
        self._additional: SchemaNode | None = None

    @property
    def properties(self) -> dict[str, Any]:
        return self.raw.get("properties") or {}

    @property
    def open(self) -> bool:
        """Any member may appear: an object without declared members, or one that says so."""
        return self.preserve or not self.properties

    def child(self, name: str) -> "SchemaNode | None":
        """The schema of a member; None for an unknown one."""
        found = self._children.get(name)
        if found is None:
            declared = self.properties.get(name)
            if declared is None:
                return self.additional
            found = self._children[name] = SchemaNode(self.book, declared)
        return found

    @property
    def additional(self) -> "SchemaNode | None":
        if self._additional is None:
            declared = self.raw.get("additionalProperties")
            if not isinstance(declared, dict):
                return None
            self._additional = SchemaNode(self.book, declared)
        return self._additional

    @property
    def items(self) -> "SchemaNode":
        if self._items is None:
            self._items = SchemaNode(self.book, self.raw.get("items") or {})
        return self._items


class SchemaBook:
    """All named schemas, and the compiled node of each kind."""

    def __init__(self) -> None:
        self.definitions = read_builtin_definitions()
        self._kinds: dict[tuple[str, str, str], str] = {}
        for name, schema in self.definitions.items():
            for gvk in schema.get("x-kubernetes-group-version-kind", ()):
                if not name.endswith("List"):
                    self._kinds.setdefault((gvk["group"], gvk["version"], gvk["kind"]), name)
        self._nodes: dict[str, SchemaNode] = {}

    def resolve(self, raw: dict[str, Any]) -> dict[str, Any]:
        """The schema a reference points to, with what stands beside the reference on top."""
        while "$ref" in raw:
            target = self.definitions.get(raw["$ref"].rpartition("/")[2], {})
            raw = {**target, **{key: value for key, value in raw.items() if key != "$ref"}}
        return raw

    def definition_name(self, group: str, version: str, kind: str) -> str:
        return self._kinds.get((group, version, kind), "")

    def builtin(self, group: str, version: str, kind: str) -> SchemaNode:
        """The node of a built-in kind; one that accepts anything for an unknown kind."""
        name = self.definition_name(group, version, kind)
        if name not in self._nodes:
            self._nodes[name] = SchemaNode(self, self.definitions.get(name, {}))
        return self._nodes[name]

    def custom(self, schema: dict[str, Any]) -> SchemaNode:
        """The node of a custom kind; metadata follows the built-in schema whatever the definition says of it."""
        common = {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"$ref": f"{_COMPONENTS}{OBJECT_META}"},
        }
        return SchemaNode(self, {**schema, "properties": {**(schema.get("properties") or {}), **common}})
