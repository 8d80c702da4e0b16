"""Server-side apply: merge what a manager declares into the live object, by ownership of fields."""

import copy
from typing import Any

import orjson

from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.errors import ApiError
from sandbox.kubeapi.ownership import Leaves, Path, from_fields, is_atomic, leaves, record, records, to_fields
from sandbox.kubeapi.resources import Resource

Owned = list[tuple[dict[str, Any], set[Path]]]


def apply_configuration(
    resource: Resource, live: Object | None, wanted: Object, manager: str, *, force: bool, subresource: str = ""
) -> Object:
    """The merged object. Raises ApiError 409 naming every field another manager holds with another value."""
    declared = leaves(resource.schema, wanted)
    current = leaves(resource.schema, live) if live else {}
    mine, others = _split_owners(live, manager, subresource)
    conflicts = _conflicts(declared, current, others)
    if conflicts and not force:
        raise _conflict_error(resource, conflicts)
    merged = copy.deepcopy(live) if live else _skeleton(wanted)
    held_by_others = set().union(*(paths for _, paths in others))
    for path in sorted(mine - declared.keys(), key=len, reverse=True):
        if path not in held_by_others and not _others_inside(path, held_by_others):
            _delete(merged, path)
    for path, value in declared.items():
        # An empty map declares that there is one, not that nothing is in it; an atomic one is taken as it stands.
        if value == {} and isinstance(_get(merged, path), dict) and not is_atomic(resource.schema, path):
            continue
        _set(merged, path, value)
    lost = {path for _, path in conflicts}
    entries = []
    for entry, paths in others:
        if left := paths - lost:
            entries.append(entry if left == paths else {**entry, "fieldsV1": to_fields(left)})
    entries.append(_own_record(resource, live, manager, set(declared), subresource))
    merged["metadata"]["managedFields"] = entries
    return merged


def _own_record(
    resource: Resource, live: Object | None, manager: str, paths: set[Path], subresource: str
) -> dict[str, Any]:
    """Keeps the time of an unchanged record, so that applying the same again changes nothing."""
    new = record(manager, "Apply", resource.group_version, paths, subresource)
    for old in records(live):
        if {**old, "time": ""} == {**new, "time": ""}:
            return old
    return new


def _skeleton(wanted: Object) -> Object:
    names = {key: value for key, value in wanted["metadata"].items() if key in ("name", "namespace")}
    return {"apiVersion": wanted["apiVersion"], "kind": wanted["kind"], "metadata": names}


def _split_owners(live: Object | None, manager: str, subresource: str) -> tuple[set[Path], Owned]:
    mine: set[Path] = set()
    others: Owned = []
    for entry in records(live):
        paths = from_fields(entry.get("fieldsV1") or {})
        own = entry["manager"] == manager and entry.get("operation") == "Apply"
        if own and entry.get("subresource", "") == subresource:
            mine = paths
        else:
            others.append((entry, paths))
    return mine, others


def _conflicts(declared: Leaves, current: Leaves, others: Owned) -> list[tuple[dict[str, Any], Path]]:
    return [
        (entry, path)
        for entry, paths in others
        for path in sorted(paths)
        if path in declared and path[-1] != "." and current.get(path) != declared[path]
    ]


def _conflict_error(resource: Resource, conflicts: list[tuple[dict[str, Any], Path]]) -> ApiError:
    causes = []
    for entry, path in conflicts:
        field = "".join(f".{step[2:]}" if step.startswith("f:") else f"[{step[2:]}]" for step in path)
        holder = f'conflict with "{entry["manager"]}"'
        if entry.get("subresource"):
            holder += f' with subresource "{entry["subresource"]}"'
        if entry.get("operation") == "Update":
            holder += f" using {entry.get('apiVersion', resource.group_version)}"
        causes.append({"reason": "FieldManagerConflict", "message": holder, "field": field})
    count = len(causes)
    if count == 1:
        message = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    else:
        listed = "\n".join(f"- {cause['message']}: {cause['field']}" for cause in causes)
        message = f"Apply failed with {count} conflicts: {listed}"
    return ApiError(409, "Conflict", message, {"causes": causes})


def _others_inside(path: Path, held: set[Path]) -> bool:
    """A list entry stays while somebody else owns anything in it."""
    if path[-1] != ".":
        return False
    inside = path[:-1]
    return any(other[: len(inside)] == inside for other in held)


def _find(values: list[Any], step: str) -> Any:
    wanted = orjson.loads(step[2:])
    for entry in values:
        if isinstance(entry, dict) and all(entry.get(key, value) == value for key, value in wanted.items()):
            return entry
    return None


def _get(target: Any, path: Path) -> Any:
    for step in path:
        if step.startswith("f:"):
            target = target.get(step[2:]) if isinstance(target, dict) else None
        elif step.startswith("k:"):
            target = _find(target, step) if isinstance(target, list) else None
        if target is None:
            return None
    return target


def _set(target: Any, path: Path, value: Any) -> None:
    for index, step in enumerate(path):
        following = path[index + 1] if index + 1 < len(path) else ""
        if step.startswith("f:"):
            name = step[2:]
            if not following:
                target[name] = copy.deepcopy(value)
                return
            wants_list = following.startswith(("k:", "v:"))
            if not isinstance(target.get(name), list if wants_list else dict):
                target[name] = [] if wants_list else {}
            target = target[name]
        elif step.startswith("k:"):
            entry = _find(target, step)
            if entry is None:
                entry = orjson.loads(step[2:])
                target.append(entry)
            target = entry
        elif step.startswith("v:") and value not in target:
            target.append(value)


def _delete(target: Any, path: Path) -> None:
    """Removes what the path names, and members left empty by that on the way up."""
    if not path or target is None:
        return
    step, rest = path[0], path[1:]
    if step.startswith("f:") and isinstance(target, dict):
        name = step[2:]
        if rest and isinstance(target.get(name), dict | list):
            _delete(target[name], rest)
        if name in target and (not rest or target[name] in ({}, [])):
            del target[name]
    elif step.startswith("k:") and isinstance(target, list):
        entry = _find(target, step)
        if entry is None:
            return
        if rest == (".",):
            target.remove(entry)
        else:
            _delete(entry, rest)
    elif step.startswith("v:") and isinstance(target, list):
        value = orjson.loads(step[2:])
        if value in target:
            target.remove(value)
