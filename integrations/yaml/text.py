"""YAML as Helm reads it: the rules of Go's yaml.v2 and of its way through JSON, not those of PyYAML.

Argo CD deploys what Helm reads, so there is one right reading. Numbers are float64, a number out of range is text, `y`
and `on` are booleans, dates are text, keys become text, merge keys (`<<`) count in the order they stand in, the last of
equal keys and the last of equal anchors win, and only the first document counts. What Helm refuses is refused here;
what would differ between two of Helm's own runs is refused too. `tests/integrations/gitops/test_helm_reading.py` holds
this against the engine itself.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Any

import yaml

from integrations.yaml.events import BOM, UnreadableYaml, events_of, line_of

# A document as its aliases spread it out, which is how it would be printed.
MOST_VALUES = 200_000
MOST_CHARACTERS = 8 * 1024 * 1024

_WORDS: dict[str, Any] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_BASES = (16, 2, 8, 10)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BARE_FRACTION = re.compile(r"\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?")
_SLASH_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\/")
_STANDARD = "tag:yaml.org,2002:"
_TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,), "int": (int,), "float": (int, float), "null": (type(None),),
}  # fmt: skip
# Go's own integers; a key beyond them is refused.
_LARGEST_INT, _LARGEST_UINT = 2**63 - 1, 2**64 - 1


def parse(text: str) -> Any:
    """The first document of `text`, None where it is empty. Raises UnreadableYaml."""
    return next(_documents(text), None)


def parse_all(text: str) -> list[Any]:
    """Every document of `text`, those without content left out. Raises UnreadableYaml."""
    return [document for document in _documents(text) if document is not None]


def _documents(text: str) -> Iterator[Any]:
    events = events_of(text)
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            if event.version not in {None, (1, 1)}:
                raise UnreadableYaml("Helm reads YAML 1.1 only.", line_of(event), "Leave the line %YAML out.")
            document = _Composer(text.removeprefix(BOM), events).node(next(events))
            # Its end: what follows right behind it belongs to it, and may be wrong.
            next(events)
            yield document


@dataclass(slots=True)
class _Anchored:
    """A value that aliases repeat; `values` and `characters` are its size. `is_open` until its end is read."""

    value: Any = None
    values: int = 0
    characters: int = 0
    is_open: bool = True


class _Composer:
    """Builds one document out of events. Aliases share their value; their size is counted each time."""

    def __init__(self, text: str, events: Iterator[Any]) -> None:
        self._text, self._events = text, events
        self._anchors: dict[str, _Anchored] = {}
        self._values = self._characters = 0
        # Id of a mapping -> (the mapping, the type that each of its keys had before it became text).
        self._key_types: dict[int, tuple[dict[str, Any], dict[str, type]]] = {}

    def node(self, event: Any) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self._aliased(event)
        values, characters = self._values, self._characters
        held = _Anchored()
        if event.anchor:
            self._anchors[event.anchor] = held
        self._grow(1, len(event.value) if isinstance(event, yaml.ScalarEvent) else 0, event)
        if isinstance(event, yaml.ScalarEvent):
            held.value = _finite(self._scalar(event), event)
        elif isinstance(event, yaml.SequenceStartEvent):
            held.value = self._sequence()
        else:
            held.value = self._mapping()
        held.values, held.characters = self._values - values, self._characters - characters
        held.is_open = False
        return held.value

    def _grow(self, values: int, characters: int, event: Any) -> None:
        self._values += values
        self._characters += characters
        if self._values > MOST_VALUES or self._characters > MOST_CHARACTERS:
            raise UnreadableYaml(
                f"Its aliases spread out to more than {MOST_VALUES:,} values or {MOST_CHARACTERS:,} letters.",
                line_of(event),
                "Write fewer aliases of aliases.",
            )

    def _aliased(self, event: Any) -> Any:
        held = self._anchors.get(event.anchor)
        if held is None:
            raise UnreadableYaml(f"No &{event.anchor[:40]} stands above this alias of it.", line_of(event))
        if held.is_open:
            raise UnreadableYaml(f"&{event.anchor[:40]} would contain itself.", line_of(event))
        self._grow(held.values, held.characters, event)
        return held.value

    def _scalar(self, event: Any) -> Any:
        tag = (event.tag or "").removeprefix(_STANDARD)
        if event.style == '"' and _SLASH_ESCAPE.search(self._text, event.start_mark.index, event.end_mark.index):
            raise UnreadableYaml("Helm does not know the escape \\/.", line_of(event), "Write / without a backslash.")
        if tag in _TYPES:
            found = resolve_plain(event.value)
            if not isinstance(found, _TYPES[tag]) or (tag != "bool" and isinstance(found, bool)):
                raise UnreadableYaml(f"The value is not what its tag !!{tag} says.", line_of(event))
            return found
        if tag in {"binary", "timestamp"}:
            raise UnreadableYaml(f"The tag !!{tag} is not read here.", line_of(event), "Write the value as text.")
        is_plain = event.style is None or event.style == ""
        return resolve_plain(event.value) if is_plain and event.implicit[0] and not tag else event.value

    def _sequence(self) -> list[Any]:
        items: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self.node(event))
        return items

    def _mapping(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        types: dict[str, type] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if _is_merge(event):
                self._merge(found, types, next(self._events))
                continue
            key, kind = self._key(event)
            _note_type(types, key, kind, event)
            found[key] = self.node(next(self._events))
        self._key_types[id(found)] = (found, types)
        return found

    def _key(self, event: Any) -> tuple[str, type]:
        if isinstance(event, yaml.ScalarEvent):
            self._grow(1, len(event.value), event)
            value = self._scalar(event)
            if event.anchor:
                self._anchors[event.anchor] = _Anchored(value, 1, len(event.value), is_open=False)
        else:
            value = self.node(event)
        text = key_text(value)
        if text is None:
            raise UnreadableYaml("A key is neither text nor a simple number.", line_of(event), "Put it in quotes.")
        return text, type(value)

    def _merge(self, found: dict[str, Any], types: dict[str, type], event: Any) -> None:
        """What is merged later wins over what stands there; of a list, the first entry wins."""
        merged = self.node(event)
        several = merged if isinstance(event, yaml.SequenceStartEvent) else [merged]
        for mapping in reversed(several):
            if id(mapping) not in self._key_types:
                raise UnreadableYaml("<< merges something that is not a mapping.", line_of(event))
            for key, kind in self._key_types[id(mapping)][1].items():
                _note_type(types, key, kind, event)
            found.update(mapping)


def _note_type(types: dict[str, type], key: str, kind: type, event: Any) -> None:
    """`true` and "true" are two keys to YAML and one to JSON; which of them Helm keeps is left to chance."""
    if types.setdefault(key, kind) is not kind:
        raise UnreadableYaml(f"The key {key[:40]} stands twice, once in quotes and once not.", line_of(event))


def _is_merge(event: Any) -> bool:
    return (
        isinstance(event, yaml.ScalarEvent)
        and event.value == "<<"
        and (event.implicit[0] or event.tag == f"{_STANDARD}merge")
    )


def resolve_plain(text: str) -> Any:
    """What Go makes of plain text: bool, int, float, None or the text. A number out of range is text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[:1] not in "+-.0123456789":
        return text
    if text.startswith(".") and not _BARE_FRACTION.fullmatch(text):
        return text
    digits = text.replace("_", "")
    if (number := _integer(digits)) is not None:
        return number
    if _FLOAT.fullmatch(digits) and isfinite(number_read := float(digits)):
        return number_read
    return text


def _integer(text: str) -> int | None:
    """A whole number that Go has room for; None for other text."""
    found = _INTEGER.fullmatch(text)
    if found is None:
        return None
    sign, *parts = found.groups()
    digits, base = next((part.lstrip("0"), base) for part, base in zip(parts, _BASES, strict=True) if part)
    # No number of 64 bits has more digits; Python refuses to read very long ones.
    number = int(digits or "0", base) if len(digits) <= 64 else _LARGEST_UINT + 1
    number = -number if sign == "-" else number
    return number if -_LARGEST_INT - 1 <= number <= (_LARGEST_INT if sign else _LARGEST_UINT) else None


def _finite(value: Any, event: Any) -> Any:
    """A number as `json_number` has it, anything else as it is. Raises for the numbers that JSON cannot hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if not isfinite(value):
        raise UnreadableYaml(f"Helm cannot use the number {event.value[:20]}.", line_of(event), "Put it in quotes.")
    return json_number(value)


def json_number(value: int | float) -> int | float:
    """A number as it comes out of JSON: as float64 has it; a whole one of 64 bits as int."""
    number = float(value)
    return int(number) if number.is_integer() and abs(number) <= _LARGEST_INT else number


def key_text(value: Any) -> str | None:
    """A key as text; None for what Helm refuses and for fractions that are printed in more than one way."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value) if abs(value) <= _LARGEST_INT else None
    if isinstance(value, float) and 1e-4 <= abs(value) < 1e6:
        # Go prints a key as a 32-bit number.
        short = format(value, ".6g")
        return short if struct.pack("f", float(short)) == struct.pack("f", value) else None
    return None


def print_value(value: Any) -> str:
    """A value as the platform's charts print it: whole numbers with their digits, others as Go does; "" for null and
    for what is not a single value.
    """
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _printed_number(float(value))
    return str(value)


def _printed_number(number: float) -> str:
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    text, power = "".join(map(str, digits)), len(digits) + int(exponent) - 1
    if -4 <= power < 6:
        return format(number, "f").rstrip("0").rstrip(".") if power < 0 else repr(number)
    fraction = f".{text[1:]}" if text[1:] else ""
    return f"{'-' if sign else ''}{text[0]}{fraction}e{'-' if power < 0 else '+'}{abs(power):02d}"
