"""What a configuration must be before it can be applied: of declared members, of their types, without twins in a list.

The real server calls it a typed patch object, and fails with a plain 500 when it cannot make one.
"""

from typing import Any

import orjson

from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.errors import ApiError, plain_failure
from sandbox.kubeapi.ownership import entry_step
from sandbox.kubeapi.patches import go_text
from sandbox.kubeapi.resources import Resource
from sandbox.kubeapi.schemas import SchemaNode

_SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int, float),
    "number": (int, float),
}
_SHAPES: dict[str, tuple[type, str]] = {"object": (dict, "map"), "array": (list, "list")}
_GO_NAMES = {"boolean": "boolean", "integer": "numeric (int or float)", "number": "numeric (int or float)"}


def check_typed(resource: Resource, wanted: Object) -> None:
    """Raises ApiError 500 naming everything that does not fit the schema."""
    found: list[str] = []
    _walk(resource.schema, wanted, "", found)
    if not found:
        return
    told = found[0] if len(found) == 1 else "errors:\n" + "\n".join(f"  {one}" for one in found)
    raise plain_failure(f"failed to create typed patch object {_subject(resource, wanted)}: {told}")


def unconvertible(resource: Resource, wanted: Object, why: str) -> ApiError:
    """A configuration of right types with a value that cannot be read, such as a time in words."""
    why = f"error decoding from json: {why}" if "base64" in why else why
    told = f"unable to convert unstructured object to {_kind(resource)}: {why}"
    return plain_failure(f"failed to convert new object {_subject(resource, wanted)} to proper version: {told}")


def _kind(resource: Resource) -> str:
    version = resource.group_version if resource.group else f"/{resource.version}"
    return f"{version}, Kind={resource.kind}"


def _subject(resource: Resource, wanted: Object) -> str:
    metadata = wanted.get("metadata")
    identity = metadata if isinstance(metadata, dict) else {}
    return f"({identity.get('namespace', '')}/{identity.get('name', '')}; {_kind(resource)})"


def _walk(node: SchemaNode, value: Any, path: str, found: list[str]) -> None:
    if value is None or node.quantity or node.int_or_string:
        return
    wanted = _SHAPES.get(node.type)
    if wanted and not isinstance(value, wanted[0]):
        found.append(f"{path}: expected {wanted[1]}, got &{{{go_text(value)}}}")
    elif isinstance(value, dict) and wanted:
        _walk_members(node, value, path, found)
    elif isinstance(value, list) and wanted:
        _walk_entries(node, value, path, found)
    elif (expected := _SCALARS.get(node.type)) and not _fits(value, expected):
        name = _GO_NAMES.get(node.type, node.type)
        found.append(f"{path}: expected {name}, got &value.valueUnstructured{{Value:{_go_value(value)}}}")


def _fits(value: Any, expected: tuple[type, ...]) -> bool:
    return isinstance(value, expected) and isinstance(value, bool) == (bool in expected)


def _go_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _walk_members(node: SchemaNode, value: dict[str, Any], path: str, found: list[str]) -> None:
    is_open = node.preserve or (not node.properties and node.additional is None)
    for name, member in value.items():
        child = node.child(name)
        if child is not None:
            _walk(child, member, f"{path}.{name}", found)
        elif not is_open:
            found.append(f"{path}.{name}: field not declared in schema")


def _walk_entries(node: SchemaNode, value: list[Any], path: str, found: list[str]) -> None:
    seen = set()
    for index, entry in enumerate(value):
        here = f"{path}[{index}]"
        if node.list_type in ("map", "set"):
            keys = orjson.loads(entry_step(node, entry)[2:]) if node.list_type == "map" else {"": entry}
            spelled = ",".join(f"{key}={orjson.dumps(keys[key]).decode()}" for key in sorted(keys))
            here = f"{path}[{spelled}]"
            if spelled in seen:
                found.append(f"{path}: duplicate entries for key [{spelled}]")
            seen.add(spelled)
        _walk(node.items, entry, here, found)
