"""Edits of values files that touch only the lines they mean to change.

`edit_yaml` finds the places in the text, splices them all, reads the result and compares: exactly the meant paths may
differ, or nothing is returned. Comments, order, quotes, indentation, blank lines, line endings and a missing final
newline stay byte for byte.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid
from integrations.errors import NotEditable, Refused
from integrations.gitops.values_file import editable_values, place
from integrations.gitops.yaml_changes import Changes, same, shared_sentence
from integrations.gitops.yaml_splice import CannotSplice, Path, dotted_path
from integrations.gitops.yaml_tree import Document, line_at
from integrations.yaml.events import BOM, UnreadableYaml
from integrations.yaml.text import json_number, parse

LONGEST_TEXT = 4 * 1024 * 1024
MOST_NODES = 200_000
BY_HAND = "Edit the file by hand; MCTL reads it again at once."


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


class _CannotEdit(Exception):
    """Which edits cannot be made, and why."""

    def __init__(self, edits: Sequence[Edit], reason: str) -> None:
        super().__init__(reason)
        self.edits = edits


def edit_yaml(text: str, edits: Sequence[Edit], path: str = "The file") -> str:
    """The edited text. Raises Invalid for values no file can hold, NotEditable where the file cannot be edited safely
    and Unreadable; both name `path`, the file's.

    The edits are judged together, on the result of all of them.
    """
    for edit in edits:
        _refuse_unwritable(edit)
    if not edits:
        return text
    before = copy_unshared(editable_values(path, text))
    mark, text = (BOM, text[1:]) if text.startswith(BOM) else ("", text)
    try:
        return mark + _edit(text, before, edits)
    except _CannotEdit as cannot:
        raise _refusal(path, text, cannot) from cannot


def _edit(text: str, before: dict[Any, Any], edits: Sequence[Edit]) -> str:
    expected = before
    for edit in edits:
        try:
            expected = _expected_value(expected, edit)
        except CannotSplice as reason:
            raise _CannotEdit([edit], str(reason)) from reason
    return text if same(before, expected) else _change_text(text, before, expected, edits)


def _change_text(text: str, before: dict[Any, Any], expected: dict[Any, Any], edits: Sequence[Edit]) -> str:
    """The text that holds exactly what is expected."""
    try:
        document = Document.read(text)
    except UnreadableYaml as unreadable:
        raise _CannotEdit(edits, "The file is written in a way that is not edited here.") from unreadable
    # Keep an alias if its anchor changes to the same value; otherwise write the value in its place.
    with suppress(CannotSplice, UnreadableYaml):
        after = Changes(document, frozenset()).text(before, expected)
        if same(parse(after), expected):
            return after
    changes = Changes(document, {edit.path for edit in edits})
    try:
        after = changes.text(before, expected)
        result = parse(after)
    except CannotSplice as reason:
        raise _cannot_at_alias(edits, changes) or _CannotEdit(_about(edits, changes.path), str(reason)) from reason
    except UnreadableYaml as unreadable:
        raise _CannotEdit(edits, "The place is written in a way that is not edited here.") from unreadable
    if same(result, expected):
        return after
    if refusal := _cannot_at_alias(edits, changes):
        raise refusal
    different = differences(result, expected)
    if all(any(path[: len(edit.path)] == edit.path for edit in edits) for path in different):
        why = "Something else in the file, such as a merge key (<<) after it, decides it: nothing would change."
        raise _CannotEdit(edits, why)
    touched = [dotted_path(path) or "the whole file" for path in different[:3]]
    shares = "&" in text or "<<" in text
    why = ", which shares a value with it (anchor or merge)" if shares else ""
    raise _CannotEdit(edits, f"It would also change {' and '.join(touched)}{why}.")


def _cannot_at_alias(edits: Sequence[Edit], changes: Changes) -> _CannotEdit | None:
    """The reason, where a change was to be made inside of an alias."""
    path, alias = next(iter(changes.shared), ((), None))
    return _CannotEdit(_about(edits, path), shared_sentence(path, alias)) if alias else None


def _about(edits: Sequence[Edit], path: Path) -> list[Edit]:
    """Those of the edits that lead to a path, through it or below it."""
    found = [edit for edit in edits if all(one == other for one, other in zip(edit.path, path, strict=False))]
    return found or [*edits]


def _refusal(path: str, text: str, cannot: _CannotEdit) -> NotEditable:
    places = list(dict.fromkeys(dotted_path(edit.path) for edit in cannot.edits))
    where = " and ".join(places[:3]) or "The file as a whole"
    line = line_at(text, cannot.edits[0].path)
    sentence = f"{place(path, line)}: {where} cannot be changed safely. {cannot}"
    return NotEditable("gitops", sentence, remedy=BY_HAND, path=path, place=places[0], line=line)


# --- what the edit means, as values


def _expected_value(before: Any, edit: Edit) -> Any:
    """Raises CannotSplice where the path leads through something that holds no keys."""
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
        added = copy_unshared(edit.item)
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
        return copy_unshared(value)
    first, rest = path[0], path[1:]
    if isinstance(first, int) and (values is None or isinstance(values, list)):
        items = values or []
        if first < len(items):
            return [*items[:first], _with(items[first], rest, value), *items[first + 1 :]]
        return [*items, _with(None, rest, value)]
    if isinstance(first, str) and (values is None or isinstance(values, dict)):
        return {**(values or {}), first: _with((values or {}).get(first), rest, value)}
    raise CannotSplice(f"{dotted_path((first,))} cannot be set inside {_kind(values)}.")


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


# --- values


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


def copy_unshared(value: Any) -> Any:
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
    _each_text(written, lambda text: _refuse_text(text, dotted_path(edit.path)))
    for part in edit.path:
        _refuse_text(str(part), dotted_path(edit.path))


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
