"""Decoding by schema: types, required members, enums and bounds; unknown members are pruned and reported.

Built-in and custom kinds fail differently on the real server: a wrong type in a built-in kind is a decoding error
(400), in a custom kind a validation error (422).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sandbox.kubeapi import quantities
from sandbox.kubeapi.bodies import is_time, wrong_base64_at
from sandbox.kubeapi.errors import ApiError, Cause, invalid, required, shown, unsupported_value
from sandbox.kubeapi.resources import Resource
from sandbox.kubeapi.schemas import SchemaNode

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}
_NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
_GO_TYPES = {"object": "object", "array": "array", "string": "string", "boolean": "bool", "integer": "number"}
# Status and metadata are filled with Go's zero values by the real server, so nothing in them is ever missing.
_LENIENT = ("metadata", "status")
_TIME_LAYOUT = "2006-01-02T15:04:05Z07:00"
_MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"
_LENIENT_KINDS = ("Event", "Lease", "Endpoints", "EndpointSlice")


@dataclass(slots=True)
class Decoder:
    """Walks one object; collects what is wrong with it."""

    custom: bool
    causes: list[Cause] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    mistyped: list[str] = field(default_factory=list)
    go_type: str = ""  # of the first member with a wrong type
    lenient: bool = False
    struct: str = ""  # the Go struct being read, and the members on the way to what is read
    members: tuple[str, ...] = ()

    def walk(self, node: SchemaNode, value: Any, path: str) -> Any:
        if value is None:
            return None
        if node.quantity:
            return self._quantity(value, path)
        if isinstance(value, dict):
            return self._object(node, value, path) if self._typed(node, value, path) else value
        if isinstance(value, list):
            if not self._typed(node, value, path):
                return value
            items = node.items
            if not self.custom and items.type == "object":
                value = [{} if one is None else one for one in value]  # as Go reads a null entry
            self._list_bounds(node.raw, value, path)
            return [self.walk(items, one, f"{path}[{index}]") for index, one in enumerate(value)]
        if self._typed(node, value, path):
            self._scalar(node, value, path)
        return value

    def _typed(self, node: SchemaNode, value: Any, path: str) -> bool:
        expected = _TYPES.get(node.type)
        if expected is None:
            if node.int_or_string and not self.custom and (isinstance(value, bool) or not isinstance(value, int | str)):
                self.mistyped.append(self._unmarshalled(node, value, _NAMES.get(type(value), "string")))
                return False
            return True
        fits = isinstance(value, expected) and not (isinstance(value, bool) and node.type != "boolean")
        if not fits and node.type == "integer" and isinstance(value, float) and value.is_integer():
            fits = True
        if fits:
            return True
        name = _NAMES.get(type(value), "string")
        self.mistyped.append(self._unmarshalled(node, value, name))
        self.go_type = self.go_type or _go_type(node)
        message = f'Invalid value: "{name}": {path} in body must be of type {node.type}: "{name}"'
        self.causes.append(Cause(path, "FieldValueTypeInvalid", message))
        return False

    def _unmarshalled(self, node: SchemaNode, value: Any, name: str) -> str:
        kind = _GO_TYPES.get(name, name)
        if isinstance(value, float):
            kind = f"number {shown(value)}"
        where = f"Go struct field {self.struct}.{'.'.join(self.members)}"
        return f"json: cannot unmarshal {kind} into {where} of type {_go_type(node)}"

    def _object(self, node: SchemaNode, value: dict[str, Any], path: str) -> dict[str, Any]:
        declared, free = node.properties, node.preserve
        additional = node.additional
        if not declared and additional is None:
            free = True
        out: dict[str, Any] = {}
        outer = self.struct, self.members
        self.struct = _go_name(node) or self.struct
        for name, member in value.items():
            here = f"{path}.{name}" if path else name
            child = node.child(name)
            if child is not None and (name in declared or additional is not None):
                self.members = (*outer[1], name) if name in declared else outer[1]
                self._member(out, child, name, member, here)
            elif free:
                out[name] = member
            else:
                self.unknown.append(here)
        self.struct, self.members = outer
        self._required(node, out, path)
        if "maxProperties" in node.raw and len(out) > node.raw["maxProperties"]:
            limit = node.raw["maxProperties"]
            self.causes.append(
                Cause(path, "FieldValueTooMany", f"Too many: {len(out)}: must have at most {limit} items")
            )
        return out

    def _member(self, out: dict[str, Any], child: SchemaNode, name: str, member: Any, path: str) -> None:
        if member is None:
            if self.custom and path not in _LENIENT and not path.startswith("metadata."):
                self._null(out, child, name, path)
            return
        was_lenient = self.lenient
        if path in _LENIENT:
            self.lenient = not (self.custom and path == "status")
        out[name] = self.walk(child, member, path)
        self.lenient = was_lenient

    def _null(self, out: dict[str, Any], child: SchemaNode, name: str, path: str) -> None:
        if child.raw.get("nullable") or not child.type:
            out[name] = None
        elif "default" not in child.raw:
            message = f'Invalid value: "null": {path} in body must be of type {child.type}: "null"'
            self.causes.append(Cause(path, "FieldValueTypeInvalid", message))

    def _required(self, node: SchemaNode, value: dict[str, Any], path: str) -> None:
        if self.lenient:
            return
        for name in node.raw.get("required") or ():
            absent = name not in value or (value[name] is None and not self.custom)
            if absent or (not self.custom and value[name] == ""):
                self.causes.append(required(f"{path}.{name}" if path else name))

    def _quantity(self, value: Any, path: str) -> Any:
        try:
            return quantities.canonical(value)
        except (ValueError, TypeError):
            self.mistyped.append(quantities.PATTERN_REFUSAL)
            return value

    def _list_bounds(self, raw: dict[str, Any], value: list[Any], path: str) -> None:
        if "minItems" in raw and len(value) < raw["minItems"]:
            told = f"Invalid value: {len(value)}: {path} in body should have at least {raw['minItems']} items"
            self.causes.append(Cause(path, "FieldValueInvalid", told))
        if "maxItems" in raw and len(value) > raw["maxItems"]:
            told = f"Too many: {len(value)}: must have at most {raw['maxItems']} items"
            self.causes.append(Cause(path, "FieldValueTooMany", told))

    def _scalar(self, node: SchemaNode, value: Any, path: str) -> None:
        raw = node.raw
        if raw.get("format") == "int32" and not self.custom and not -(2**31) <= value < 2**31:
            self.mistyped.append(self._unmarshalled(node, value, f"number {value}"))
        if "enum" in raw and value not in raw["enum"] and path not in ("apiVersion", "kind"):
            self.causes.append(unsupported_value(path, value, raw["enum"]))
        if isinstance(value, str):
            self._text(node, value, path)
        elif not isinstance(value, bool):
            for bound, sign, words in (
                ("minimum", 1, "greater than or equal to"),
                ("maximum", -1, "less than or equal to"),
            ):
                if bound in raw and sign * value < sign * raw[bound]:
                    told = f"Invalid value: {shown(value)}: {path} in body should be {words} {raw[bound]}"
                    self.causes.append(Cause(path, "FieldValueInvalid", told))

    def _text(self, node: SchemaNode, value: str, path: str) -> None:
        raw = node.raw
        if raw.get("format") == "byte" and not self.custom and (at := wrong_base64_at(value)) is not None:
            self.mistyped.append(f"illegal base64 data at input byte {at}")
        if raw.get("format") == "date-time" and not self.custom and not is_time(value):
            layout = _MICRO_LAYOUT if node.struct.endswith(".MicroTime") else _TIME_LAYOUT
            self.mistyped.append(f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"')
        if "pattern" in raw and not _pattern(raw["pattern"]).search(value):
            told = f"Invalid value: {shown(value)}: {path} in body should match '{raw['pattern']}'"
            self.causes.append(Cause(path, "FieldValueInvalid", told))
        if "minLength" in raw and len(value) < raw["minLength"]:
            told = f"Invalid value: {shown(value)}: {path} in body should be at least {raw['minLength']} chars long"
            self.causes.append(Cause(path, "FieldValueInvalid", told))
        if "maxLength" in raw and len(value) > raw["maxLength"]:
            told = f"Too long: may not be more than {raw['maxLength']} bytes"
            self.causes.append(Cause(path, "FieldValueTooLong", told))


def _go_name(node: SchemaNode) -> str:
    """`PodSpec` of `io.k8s.api.core.v1.PodSpec`."""
    return node.struct.rpartition(".")[2]


def _go_type(node: SchemaNode) -> str:
    if node.int_or_string:
        return "int32"
    if node.raw.get("format") == "byte":
        return "[]uint8"
    if node.additional is not None and node.additional.quantity:
        return "v1.ResourceList"
    if node.type == "integer":
        return str(node.raw.get("format", "int64"))
    if node.type == "array":
        return f"[]{_go_type(node.items)}"
    if node.type == "object" and node.struct:
        return ".".join(node.struct.split(".")[-2:])
    if node.type == "object":
        return f"map[string]{_go_type(node.additional)}" if node.additional else "map[string]interface {}"
    return {"boolean": "bool", "number": "float64"}.get(node.type, node.type)


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error:  # Go's dialect knows what Python's does not; such a pattern refuses nothing
        return re.compile("")


@dataclass(frozen=True, slots=True)
class Decoded:
    """`missing` is what the schema of a built-in kind asks for; the kind's own rules may know better."""

    obj: dict[str, Any]
    warnings: list[str]
    missing: list[Cause]


def decode(resource: Resource, obj: dict[str, Any], *, strictness: str, repeated: Sequence[str] = ()) -> Decoded:
    """The pruned object and the warnings to send. `strictness` is the request's `fieldValidation`.

    `repeated` are the members that the body names twice.

    Raises ApiError 400 (unknown members under "Strict", wrong types of a built-in kind), 422 for a custom kind.
    """
    decoder = Decoder(custom=resource.custom, lenient=resource.kind in _LENIENT_KINDS, struct=resource.kind)
    decoded, warnings = _walk(decoder, resource, obj, strictness, repeated)
    if decoder.causes and resource.custom:
        name = (obj.get("metadata") or {}).get("name", "")
        raise invalid(resource, name, decoder.causes)
    return Decoded(decoded, warnings, decoder.causes)


def prune(resource: Resource, obj: dict[str, Any], *, strictness: str) -> tuple[dict[str, Any], list[str]]:
    """As `decode` for a part of an object: nothing is missing in it, since the rest of the object is elsewhere."""
    return _walk(Decoder(custom=resource.custom, struct=resource.kind), resource, obj, strictness)


def _walk(
    decoder: Decoder, resource: Resource, obj: dict[str, Any], strictness: str, repeated: Sequence[str] = ()
) -> tuple[dict[str, Any], list[str]]:
    decoded = decoder.walk(resource.schema, obj, "")
    if decoder.mistyped and not resource.custom:
        raise Unreadable(resource, decoder.mistyped[0], decoder.go_type)
    unknown = [f'duplicate field "{name}"' for name in repeated]
    unknown += [f'unknown field "{name}"' for name in decoder.unknown]
    if unknown and strictness == "Strict":
        raise Unreadable(resource, f"strict decoding error: {', '.join(unknown)}")
    return decoded, ([] if strictness == "Ignore" else unknown)


class Unreadable(ApiError):
    """A body that is no object of its kind; `go_type` is what a member of a wrong type should be."""

    def __init__(self, resource: Resource, why: str, go_type: str = "") -> None:
        subject = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
        super().__init__(400, "BadRequest", why if resource.custom else subject + why)
        self.why = why
        self.go_type = go_type
