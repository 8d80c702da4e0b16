"""Edits of values files that touch only the lines they mean to change.

`edit_yaml` finds the place in the text, splices it, reads the result again and compares: exactly the meant paths may
differ, or nothing is returned. Comments, order, quotes, indentation, blank lines, line endings and a missing final
newline stay byte for byte.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid
from integrations.errors import Refused
from integrations.gitops import yaml_splice as splice
from integrations.gitops.values_file import editable_values
from integrations.gitops.yaml_events import UnreadableYaml
from integrations.gitops.yaml_splice import CannotSplice, Path, dotted
from integrations.gitops.yaml_text import json_number, parse
from integrations.gitops.yaml_tree import Document

LONGEST_TEXT = 4 * 1024 * 1024
MOST_NODES = 200_000
BY_HAND = "Edit the file by hand; MCTL reads it again at once."
BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Set:
    """`value` is what stands at `path` afterwards: text, number, boolean, None, list or mapping.

    A mapping or list is reconciled: what is the same keeps its lines.
    """

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class SetMapping:
    """Sets the keys of `values` below `path` and leaves the other keys there alone."""

    path: Path
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Append:
    """Adds `item` to the list at `path`, made where it is missing, unless an equal item is there."""

    path: Path
    item: Any


@dataclass(frozen=True, slots=True)
class Remove:
    """Nothing stands at `path` afterwards; nothing happens where nothing did."""

    path: Path


Edit = Set | SetMapping | Append | Remove


def edit_yaml(text: str, edits: Sequence[Edit]) -> str:
    """The edited text. Raises Invalid for values no file can hold, Refused where the file cannot be edited safely."""
    mark, text = (BOM, text[1:]) if text.startswith(BOM) else ("", text)
    for edit in edits:
        _refuse_unwritable(edit)
        text = _apply(text, edit)
    return mark + text


def _apply(text: str, edit: Edit) -> str:
    before = _parsed(text)
    try:
        expected = _expected(before, edit)
        if same(before, expected):
            return text
        after = _spliced(text, before if before is not None else {}, expected, (), edit.path)
        result = parse(after)
    except CannotSplice as reason:
        raise _refused(edit, str(reason)) from reason
    except UnreadableYaml as unreadable:
        raise _refused(edit, "The place is written in a way that is not edited here.") from unreadable
    if not same(result, expected):
        touched = [dotted(path) or "the whole file" for path in differences(result, expected)[:3]]
        shares = "&" in text or "<<" in text
        why = ", which shares a value with it (anchor or merge)" if shares else ""
        raise _refused(edit, f"It would also change {' and '.join(touched)}{why}.")
    return after


def _parsed(text: str) -> Any:
    return unshared(editable_values("The file", text))


def _refused(edit: Edit, reason: str) -> Refused:
    where = dotted(edit.path) or "The file"
    return Refused("gitops", f"{where} cannot be changed safely. {reason}", remedy=BY_HAND, path=dotted(edit.path))


# --- what the edit means, as values


def _expected(before: Any, edit: Edit) -> Any:
    """Raises CannotSplice where the path leads through something that holds no keys."""
    if before is None:
        before = {}
    if not isinstance(before, dict):
        raise CannotSplice(f"The file holds {_kind(before)}, not a mapping.")
    if isinstance(edit, Remove):
        return _without(before, edit.path)
    if isinstance(edit, SetMapping):
        for key, value in edit.values.items():
            before = _with(before, (*edit.path, key), value)
        return before
    if isinstance(edit, Append):
        present = value_at(before, edit.path)
        items = present if isinstance(present, list) else []
        added = unshared(edit.item)
        return before if any(same(added, item) for item in items) else _with(before, edit.path, [*items, added])
    return _with(before, edit.path, edit.value)


def value_at(values: Any, path: Path) -> Any:
    """None where nothing stands there."""
    for part in path:
        if isinstance(part, str) and isinstance(values, dict):
            values = values.get(part)
        elif isinstance(part, int) and isinstance(values, list) and part < len(values):
            values = values[part]
        else:
            return None
    return values


def _with(values: Any, path: Path, value: Any) -> Any:
    if not path:
        return unshared(value)
    first, rest = path[0], path[1:]
    if isinstance(first, int) and (values is None or isinstance(values, list)):
        items = values or []
        if first < len(items):
            return [*items[:first], _with(items[first], rest, value), *items[first + 1 :]]
        return [*items, _with(None, rest, value)]
    if isinstance(first, str) and (values is None or isinstance(values, dict)):
        return {**(values or {}), first: _with((values or {}).get(first), rest, value)}
    raise CannotSplice(f"{dotted((first,))} cannot be set inside {_kind(values)}.")


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list) else "a mapping" if isinstance(value, dict) else "a single value"


def _without(values: Any, path: Path) -> Any:
    first, rest = path[0], path[1:]
    if isinstance(first, int) and isinstance(values, list) and first < len(values):
        middle = [_without(values[first], rest)] if rest else []
        return [*values[:first], *middle, *values[first + 1 :]]
    if isinstance(values, dict) and first in values:
        if rest:
            return {**values, first: _without(values[first], rest)}
        return {key: value for key, value in values.items() if key != first}
    return values


# --- from one state of values to another, in the smallest splices


def _spliced(text: str, old: Any, new: Any, path: Path, asked: Path) -> str:
    if same(old, new):
        return text
    if path and path == asked and splice.is_alias(Document.read(text), path):
        # Asked for as a whole, the place stops sharing; a change inside would be a change of the shared value.
        return splice.set_value(Document.read(text), path, new)
    if isinstance(old, dict) and isinstance(new, dict) and (not path or (old and new)):
        for key in [key for key in old if key not in new]:
            text = splice.remove(Document.read(text), (*path, key))
        for key, value in new.items():
            there = (*path, key)
            if key in old:
                text = _spliced(text, old[key], value, there, asked)
            else:
                text = splice.set_value(Document.read(text), there, value)
        return text
    if isinstance(old, list) and isinstance(new, list) and old and new:
        return _spliced_list(text, old, new, path, asked)
    return splice.set_value(Document.read(text), path, new)


def _spliced_list(text: str, old: list[Any], new: list[Any], path: Path, asked: Path) -> str:
    first = _common(old, new)
    last = _common(old[first:][::-1], new[first:][::-1])
    gone, come = old[first : len(old) - last], new[first : len(new) - last]
    if len(gone) == len(come):
        for number, (before, after) in enumerate(zip(gone, come, strict=True), first):
            text = _spliced(text, before, after, (*path, number), asked)
        return text
    if gone and len(gone) == len(old):
        return splice.set_value(Document.read(text), path, new)
    for number in reversed(range(first, first + len(gone))):
        text = splice.remove(Document.read(text), (*path, number))
    for number, item in enumerate(come, first):
        text = splice.insert_item(Document.read(text), (*path, number), item)
    return text


def _common(one: list[Any], other: list[Any]) -> int:
    count = 0
    while count < min(len(one), len(other)) and same(one[count], other[count]):
        count += 1
    return count


# --- values


def same(one: Any, other: Any) -> bool:
    """Equal as values of a file: 1, 1.0, True and "1" are four different things."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or (one != one and other != other))


def differences(one: Any, other: Any, path: Path = ()) -> list[Path]:
    """The paths at which the two differ, deepest common ones."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = [*one, *(key for key in other if key not in one)]
        missing = object()
        pairs: list[tuple[Any, Any, Any]] = [(key, one.get(key, missing), other.get(key, missing)) for key in keys]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(number, *both) for number, both in enumerate(zip(one, other, strict=True))]
    else:
        return [] if same(one, other) else [path]
    return [found for key, left, right in pairs for found in differences(left, right, (*path, key))]


def unshared(value: Any) -> Any:
    """A copy in which nothing stands twice, so that a change of one place is a change of one place."""
    count = 0

    def copied(held: Any) -> Any:
        nonlocal count
        count += 1
        if count > MOST_NODES:
            raise Refused("gitops", f"The file holds more than {MOST_NODES:,} values.", remedy=BY_HAND)
        if isinstance(held, Mapping):
            return {key: copied(inner) for key, inner in held.items()}
        if isinstance(held, list | tuple):
            return [copied(inner) for inner in held]
        return json_number(held) if isinstance(held, float) else held

    return copied(value)


def _refuse_unwritable(edit: Edit) -> None:
    if not edit.path and not isinstance(edit, SetMapping):
        raise ValueError("An edit needs a path.")
    written = edit.values if isinstance(edit, SetMapping) else getattr(edit, "value", getattr(edit, "item", None))
    _each_text(written, lambda text: _refuse_text(text, dotted(edit.path)))
    for part in edit.path:
        _refuse_text(str(part), dotted(edit.path))


def _each_text(value: Any, check: Callable[[str], None]) -> None:
    if isinstance(value, str):
        check(value)
    elif isinstance(value, Mapping):
        for key, held in value.items():
            if not isinstance(key, str):
                raise TypeError(f"a key of a values file is text, not {type(key).__name__}")
            check(key)
            _each_text(held, check)
    elif isinstance(value, list | tuple):
        for held in value:
            _each_text(held, check)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number of a values file is finite")
    elif not (value is None or isinstance(value, bool | int | float)):
        raise TypeError(f"{type(value).__name__} is not a value of a values file")


def _refuse_text(text: str, where: str) -> None:
    sentence = ""
    if "\0" in text:
        sentence = "A value cannot hold a NUL character."
    elif len(text) > LONGEST_TEXT:
        sentence = f"A value may be at most {LONGEST_TEXT:,} characters long."
    elif any("\ud800" <= char <= "\udfff" for char in text):
        sentence = "The value is not valid Unicode text."
    if sentence:
        field = {"field": where, "value": text.replace("\0", "\\0"), "sentence": sentence, "example": "info"}
        raise Invalid(sentence, fields=[field])
