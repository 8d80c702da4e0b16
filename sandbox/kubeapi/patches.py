"""JSON merge patch, JSON patch and strategic merge patch. Inputs are never changed; a patched copy comes back."""

import copy
from typing import Any

import jsonpatch
import jsonpointer

from sandbox.kubeapi.errors import ApiError, bad_request, patch_refused, plain_failure
from sandbox.kubeapi.schemas import SchemaNode

MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
_DELETE_FROM = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def json_patch(target: Any, operations: Any) -> Any:
    """RFC 6902. Raises ApiError 422 when an operation does not apply, 400 when it is not a patch."""
    if not isinstance(operations, list):
        raise bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
        )
    try:
        return jsonpatch.apply_patch(target, operations)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, KeyError) as problem:
        raise patch_refused() from problem


def strategic_patch(schema: SchemaNode | None, target: Any, patch: dict[str, Any]) -> Any:
    """Lists merge by the schema's merge keys; `$patch`, `$retainKeys`, `$setElementOrder` and the like are obeyed."""
    directive = patch.get("$patch")
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    if directive == "delete":
        return {}
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if key.startswith(_DELETE_FROM):
            _delete_from_list(merged, key.removeprefix(_DELETE_FROM), value)
    for key, value in patch.items():
        if not key.startswith("$"):
            _merge_member(schema, merged, key, value, patch)
    for key in patch:
        if key.startswith(_ORDER) and key.removeprefix(_ORDER) not in patch:
            _reorder_member(schema, merged, key.removeprefix(_ORDER), patch[key])
    retained = patch.get("$retainKeys")
    if retained is not None:
        merged = {key: value for key, value in merged.items() if key in retained}
    return merged


def _merge_member(
    schema: SchemaNode | None, merged: dict[str, Any], key: str, value: Any, patch: dict[str, Any]
) -> None:
    node = schema.child(key) if schema else None
    if value is None:
        merged.pop(key, None)
    elif isinstance(value, dict):
        merged[key] = strategic_patch(node, merged.get(key), value)
    elif isinstance(value, list) and node and node.merges_lists:
        merged[key] = _merge_list(node, merged.get(key) or [], value, patch.get(_ORDER + key))
    else:
        merged[key] = copy.deepcopy(value)


def _delete_from_list(merged: dict[str, Any], key: str, gone: list[Any]) -> None:
    if key in merged:
        merged[key] = [value for value in merged[key] if value not in gone]


def _merge_list(node: SchemaNode, current: list[Any], changes: list[Any], order: list[Any] | None) -> list[Any]:
    key = node.merge_key
    if not key:
        merged = [*current, *(value for value in changes if value not in current)]
        return _in_order(merged, "", order)
    if any(isinstance(one, dict) and one.get("$patch") == "replace" for one in changes):
        return [one for one in changes if "$patch" not in one]
    merged = list(current)
    for change in changes:
        if not isinstance(change, dict) or key not in change:
            raise _without_merge_key(change, key)
        at = next((index for index, one in enumerate(merged) if one.get(key) == change[key]), None)
        if change.get("$patch") == "delete":
            if at is not None:
                merged.pop(at)
        elif at is None:
            merged.append(strategic_patch(node.items, {}, change))
        else:
            merged[at] = strategic_patch(node.items, merged[at], change)
    return _in_order(merged, key, order)


def _without_merge_key(change: Any, key: str) -> ApiError:
    return plain_failure(f"map: {go_text(change)} does not contain declared merge key: {key}")


def go_text(value: Any) -> str:
    """As Go prints a value: `map[name:web]`."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{go_text(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(go_text, value))}]"
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _reorder_member(schema: SchemaNode | None, merged: dict[str, Any], key: str, order: list[Any]) -> None:
    node = schema.child(key) if schema else None
    if node and node.merges_lists and isinstance(merged.get(key), list):
        merged[key] = _in_order(merged[key], node.merge_key, order)


def _in_order(values: list[Any], key: str, order: list[Any] | None) -> list[Any]:
    """Members named in `order` stand in that order; the others keep their place after the one before them."""
    if not order:
        return values
    wanted = [one.get(key) if key else one for one in order]
    place = -1
    ranked = []
    for index, value in enumerate(values):
        mark = value.get(key) if key else value
        if mark in wanted:
            place = wanted.index(mark)
            ranked.append((place, 0, index, value))
        else:
            ranked.append((place, 1, index, value))
    return [value for *_, value in sorted(ranked, key=lambda one: one[:3])]
