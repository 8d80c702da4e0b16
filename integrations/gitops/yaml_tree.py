"""A YAML document as a tree that knows where each node stands in the text. Finds places to edit; holds no values.

Positions count characters from the start of the text. A block collection has no closing mark, so its end is the end of
its last child; the end of a block scalar is the end of its last line, without the line break.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

from integrations.yaml.events import events_of

# YAML's line breaks are more than Python's text files know.
LINE_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
BLANKS = " \t\r\n\x85\u2028\u2029"
PROPERTIES = re.compile(r"(?:[&!]\S*(?:\s+|$))*")
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_SPACES = re.compile(" *")


@dataclass(slots=True)
class Scalar:
    """`start` includes an anchor or tag, `content` does not. `style` is "", "'", '"', "|" or ">"."""

    start: int
    content: int
    end: int
    style: str
    text: str
    anchor: str = ""
    tag: str = ""

    @property
    def is_null(self) -> bool:
        return not self.style and not self.tag and self.text in NULLS


@dataclass(slots=True)
class Alias:
    start: int
    end: int
    anchor: str


@dataclass(slots=True)
class Pair:
    key: "Node"
    value: "Node"


@dataclass(slots=True)
class Mapping:
    start: int
    content: int
    end: int
    flow: bool
    anchor: str = ""
    pairs: list[Pair] = field(default_factory=list)

    def find(self, name: str) -> list[Pair]:
        return [pair for pair in self.pairs if isinstance(pair.key, Scalar) and pair.key.text == name]


@dataclass(slots=True)
class Sequence:
    start: int
    content: int
    end: int
    flow: bool
    anchor: str = ""
    items: list["Node"] = field(default_factory=list)


Node = Scalar | Alias | Mapping | Sequence


@dataclass
class Document:
    """`root` is None for a document without content."""

    text: str
    root: Node | None
    line_starts: list[int]

    @classmethod
    def read(cls, text: str) -> "Document":
        """Raises UnreadableYaml."""
        events = list(events_of(text))
        contents = [event for event in events if not isinstance(event, _AROUND)]
        reader = iter(contents)
        first = next(reader, None)
        root = None if first is None else _node(text, first, reader)
        return cls(text, root, [0, *(found.end() for found in LINE_BREAK.finditer(text))])

    @property
    def line_break(self) -> str:
        found = LINE_BREAK.search(self.text)
        return found.group() if found and found.group() in {"\n", "\r\n"} else "\n"

    def line_start(self, position: int) -> int:
        return self.line_starts[bisect_right(self.line_starts, position) - 1]

    def line_end(self, position: int) -> int:
        """Where the line of `position` ends, before its break."""
        found = LINE_BREAK.search(self.text, position)
        return found.start() if found else len(self.text)

    def next_line(self, position: int) -> int:
        found = LINE_BREAK.search(self.text, position)
        return found.end() if found else len(self.text)

    def column(self, position: int) -> int:
        return position - self.line_start(position)

    @cached_property
    def is_json(self) -> bool:
        """Whether programs that read only JSON can read this file."""
        if not isinstance(self.root, Mapping) or not self.root.flow:
            return False
        try:
            json.loads(self.text)
        except ValueError:
            return False
        return True

    @cached_property
    def indent_step(self) -> int:
        """How far a nested mapping stands in from the one around it; 2 where the file does not say."""
        steps = [inner - outer for outer, inner in self._columns(self.root) if inner > outer]
        return min(steps) if steps else 2

    @cached_property
    def dash_offset(self) -> int:
        """How far the dash of a list stands in from the key above it."""
        offsets = [self._dash_column(held) - outer for outer, held in self._lists(self.root)]
        return max(set(offsets), key=offsets.count) if offsets else self.indent_step

    def _dash_column(self, held: Sequence) -> int:
        line = self.line_start(held.items[0].start)
        spaces = _SPACES.match(self.text, line)
        return len(spaces.group()) if spaces else 0

    @property
    def last_scalar(self) -> Scalar | None:
        """The value in which the file ends; None where that is an alias or in braces."""
        node = self.root
        while isinstance(node, Mapping | Sequence) and not node.flow:
            node = node.pairs[-1].value if isinstance(node, Mapping) else node.items[-1]
        return node if isinstance(node, Scalar) else None

    def _columns(self, node: "Node | None") -> Iterator[tuple[int, int]]:
        for outer, value in self._block_values(node):
            if isinstance(value, Mapping) and not value.flow:
                yield outer, self.column(value.pairs[0].key.start)

    def _lists(self, node: "Node | None") -> Iterator[tuple[int, Sequence]]:
        for outer, value in self._block_values(node):
            if isinstance(value, Sequence) and not value.flow and value.items:
                yield outer, value

    def _block_values(self, node: "Node | None") -> Iterator[tuple[int, "Node"]]:
        if isinstance(node, Mapping) and not node.flow:
            for pair in node.pairs:
                yield self.column(pair.key.start), pair.value
                yield from self._block_values(pair.value)
        elif isinstance(node, Sequence):
            for item in node.items:
                yield from self._block_values(item)


_AROUND = (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent)


def _node(text: str, event: Any, events: Iterator[Any]) -> Node:
    start, end = event.start_mark.index, event.end_mark.index
    if isinstance(event, yaml.AliasEvent):
        return Alias(start, end, event.anchor or "")
    content = start
    if event.anchor is not None or text[start : start + 1] == "!":
        found = PROPERTIES.match(text, start)
        content = found.end() if found else start
    anchor = event.anchor or ""
    if isinstance(event, yaml.ScalarEvent):
        style, tag = event.style or "", event.tag or ""
        if style in {"|", ">"}:
            end = _end_of_block_scalar(text, content, end)
        tagged = tag if text[start : start + 1] == "!" or (event.anchor and "!" in text[start:content]) else ""
        return Scalar(start, min(content, end), end, style, event.value, anchor, tagged)
    if isinstance(event, yaml.SequenceStartEvent):
        return _sequence(text, Sequence(start, content, end, bool(event.flow_style), anchor), events)
    return _mapping(text, Mapping(start, content, end, bool(event.flow_style), anchor), events)


def _index(mark: Any) -> int:
    return int(mark.index)


def _sequence(text: str, held: Sequence, events: Iterator[Any]) -> Sequence:
    for event in events:
        if isinstance(event, yaml.SequenceEndEvent):
            held.end = _index(event.end_mark) if held.flow else held.items[-1].end
            break
        held.items.append(_node(text, event, events))
    return held


def _mapping(text: str, held: Mapping, events: Iterator[Any]) -> Mapping:
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            held.end = _index(event.end_mark) if held.flow else held.pairs[-1].value.end
            break
        key = _node(text, event, events)
        held.pairs.append(Pair(key, _node(text, next(events), events)))
    return held


def _end_of_block_scalar(text: str, start: int, end: int) -> int:
    """The parser's end lies at the next token. With "keep" the blank lines belong to the value, otherwise not."""
    header = text[start : start + 3]
    kept = text[start:end].rstrip(BLANKS)
    after = text[start + len(kept) : end]
    if not LINE_BREAK.search(after):
        return end
    if "+" not in header:
        return start + len(kept)
    # The last break ends the line it stands in; what follows it belongs to the next token.
    return start + len(kept) + [found.start() for found in LINE_BREAK.finditer(after)][-1]


def line_at(text: str, path: Iterable[str | int]) -> int:
    """The line, from 1, of the value at a path, or of the last one on the way to it; 0 for an empty file. Raises
    UnreadableYaml.
    """
    document = Document.read(text)
    node = document.root
    for part in path:
        found = _below(node, part)
        if found is None:
            break
        node = found
    return bisect_right(document.line_starts, node.start) if node else 0


def _below(node: "Node | None", part: str | int) -> "Node | None":
    if isinstance(node, Mapping) and isinstance(part, str):
        pairs = node.find(part)
        return pairs[-1].value if pairs else None
    if isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
        return node.items[part]
    return None
