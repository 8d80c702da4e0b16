"""Who owns which field: the sets of paths kept in `metadata.managedFields`.

A path is a tuple of steps as they stand in `fieldsV1`: "f:name" for a member, 'k:{"name":"web"}' for a list entry by
its keys, 'v:"x"' for a value of a set, and a last "." for the list entry itself.
"""

from typing import Any

import orjson

from sandbox.kubeapi.clock import timestamp
from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.schemas import SchemaNode

Path = tuple[str, ...]
Leaves = dict[Path, Any]

_NOT_OWNED = frozenset(
    [("f:apiVersion",), ("f:kind",)]
    + [
        ("f:metadata", f"f:{name}")
        for name in (
            "name", "namespace", "uid", "resourceVersion", "creationTimestamp", "generation", "managedFields",
            "generateName", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds",
        )
    ]
)  # fmt: skip


def _step(mark: str, value: Any) -> str:
    return mark + orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def entry_step(node: SchemaNode, entry: Any) -> str:
    """The step of one entry of a keyed list, with the schema's defaults for keys left out."""
    keys = {}
    for key in node.list_keys:
        if isinstance(entry, dict) and key in entry:
            keys[key] = entry[key]
        else:
            declared = node.items.child(key)
            if declared and "default" in declared.raw:
                keys[key] = declared.raw["default"]
    return _step("k:", keys)


def leaves(node: SchemaNode | None, value: Any) -> Leaves:
    """path -> value of everything that can be owned by itself."""
    found: Leaves = {}
    _collect(node, value, (), found)
    return found


def _collect(node: SchemaNode | None, value: Any, path: Path, found: Leaves) -> None:
    if len(path) <= 2 and path in _NOT_OWNED:
        return
    if isinstance(value, dict) and (value or not path) and not (node and node.atomic_map):
        for name, member in value.items():
            _collect(node.child(name) if node else None, member, (*path, f"f:{name}"), found)
    elif isinstance(value, list) and node and node.list_type == "map":
        for entry in value:
            here = (*path, entry_step(node, entry))
            found[(*here, ".")] = None
            _collect(node.items, entry, here, found)
    elif isinstance(value, list) and node and node.list_type == "set":
        for entry in value:
            found[(*path, _step("v:", entry))] = entry
    else:
        found[path] = value


def is_atomic(node: SchemaNode | None, path: Path) -> bool:
    """Whether the map at the path is owned as a whole."""
    for step in path:
        if node is None:
            return False
        node = node.child(step[2:]) if step.startswith("f:") else node.items
    return node is not None and node.atomic_map


def to_fields(paths: set[Path]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in sorted(paths):
        place = tree
        for step in path:
            place = place.setdefault(step, {})
    return tree


def from_fields(tree: dict[str, Any], path: Path = ()) -> set[Path]:
    paths: set[Path] = set()
    for step, below in tree.items():
        paths |= from_fields(below, (*path, step)) if below else {(*path, step)}
    return paths


def records(obj: Object | None) -> list[dict[str, Any]]:
    """The managedFields entries; records without a manager reset the list, as `[{}]` does on the real server."""
    held = (obj or {}).get("metadata", {}).get("managedFields") or []
    return [record for record in held if isinstance(record, dict) and record.get("manager")]


def record(manager: str, operation: str, version: str, paths: set[Path], subresource: str = "") -> dict[str, Any]:
    entry = {
        "manager": manager,
        "operation": operation,
        "apiVersion": version,
        "time": timestamp(),
        "fieldsType": "FieldsV1",
        "fieldsV1": to_fields(paths),
    }
    return entry | ({"subresource": subresource} if subresource else {})


def track_update(node: SchemaNode, before: Object | None, after: Object, manager: str, subresource: str = "") -> None:
    """A plain write: what it changed belongs to `manager` from now on. Sets `after`'s managedFields."""
    held = records(after)
    old = leaves(node, before) if before else {}
    new = leaves(node, after)
    changed = {path for path, value in new.items() if path not in old or old[path] != value}
    gone = old.keys() - new.keys()
    if not changed and not gone:
        _set(after, held)
        return
    kept = []
    mine: set[Path] = set()
    for entry in held:
        paths = from_fields(entry.get("fieldsV1") or {})
        same = entry["manager"] == manager and entry.get("operation") == "Update"
        if same and entry.get("subresource", "") == subresource:
            mine = paths - gone
            continue
        left = paths - gone - changed
        if left == paths:
            kept.append(entry)
        elif left:
            kept.append({**entry, "fieldsV1": to_fields(left)})
    if mine or changed:
        kept.append(record(manager, "Update", after["apiVersion"], mine | changed, subresource))
    _set(after, kept)


def _set(obj: Object, entries: list[dict[str, Any]]) -> None:
    if entries:
        obj["metadata"]["managedFields"] = entries
    else:
        obj["metadata"].pop("managedFields", None)
