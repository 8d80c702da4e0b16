"""One change to one place of a YAML text, leaving every other character as it is.

Each function takes the document as read and gives the new text. They trust nothing: `edits.py` reads the result again
and compares. What is written in a way they do not understand raises `CannotSplice`.
"""

from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from typing import Any

from integrations.gitops import yaml_write as write
from integrations.gitops.yaml_tree import Alias, Document, Mapping, Node, Pair, Scalar, Sequence

Path = tuple[str | int, ...]


class CannotSplice(Exception):
    """The sentence says which place and why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: in which collection, as which pair or item, and whether anything around it is flow."""

    holder: Mapping | Sequence
    pair: Pair | None
    index: int
    in_flow: bool

    @property
    def node(self) -> Node:
        return self.pair.value if self.pair else self.holder.items[self.index]  # type: ignore[union-attr]


def dotted(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def nested(path: Path, value: Any) -> Any:
    """`value` under the keys of `path`, outermost first."""
    for part in reversed(path):
        value = [value] if isinstance(part, int) else {part: value}
    return value


def set_value(document: Document, path: Path, value: Any) -> str:
    """The text with `value` at `path`; missing mappings above it are made."""
    if document.root is None or (isinstance(document.root, Scalar) and document.root.is_null):
        return _into_empty(document, nested(path, value))
    place: Place | None = None
    node, in_flow = document.root, False
    for depth, part in enumerate(path):
        if isinstance(node, Mapping) and isinstance(part, str):
            in_flow = in_flow or node.flow
            pair = _only(node, part, path[: depth + 1])
            if pair is None:
                return _insert_pair(document, node, part, nested(path[depth + 1 :], value), in_flow)
            place = Place(node, pair, 0, in_flow)
        elif isinstance(node, Sequence) and isinstance(part, int):
            in_flow = in_flow or node.flow
            if part >= len(node.items):
                return insert_item(document, path[: depth + 1], nested(path[depth + 1 :], value))
            place = Place(node, None, part, in_flow)
        elif isinstance(node, Scalar) and node.is_null and place:
            return _replace(document, place, nested(path[depth:], value))
        else:
            raise CannotSplice(_not_a_collection(node, path[:depth]))
        node = place.node
    if place is None:
        raise CannotSplice("The file as a whole cannot be set.")
    return _replace(document, place, value)


def _not_a_collection(node: Node, path: Path) -> str:
    if isinstance(node, Alias):
        return f"{dotted(path)} is an alias (*{node.anchor}): a change there would change the shared value."
    kind = {"Scalar": "a single value", "Sequence": "a list", "Mapping": "a mapping"}[type(node).__name__]
    return f"{dotted(path) or 'The file'} is {kind}; nothing can be set below it that way."


def _only(node: Mapping, name: str, path: Path) -> Pair | None:
    found = node.find(name)
    if len(found) > 1:
        raise CannotSplice(f"{dotted(path)} stands {len(found)} times in the file.")
    return found[0] if found else None


def place_of(document: Document, path: Path) -> Place | None:
    """None where nothing stands at `path`."""
    node: Node | None = document.root
    place: Place | None = None
    in_flow = False
    for depth, part in enumerate(path):
        if isinstance(node, Mapping) and isinstance(part, str):
            in_flow = in_flow or node.flow
            pair = _only(node, part, path[: depth + 1])
            place = Place(node, pair, 0, in_flow) if pair else None
        elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            in_flow = in_flow or node.flow
            place = Place(node, None, part, in_flow)
        elif isinstance(node, Alias):
            raise CannotSplice(_not_a_collection(node, path[:depth]))
        else:
            place = None
        if place is None:
            return None
        node = place.node
    return place


def is_alias(document: Document, path: Path) -> bool:
    place = place_of(document, path)
    return place is not None and isinstance(place.node, Alias)


def _splice(document: Document, start: int, end: int, text: str) -> str:
    return document.text[:start] + text + document.text[end:]


def _lines(document: Document, lines: list[str]) -> str:
    return "".join(document.line_break + line for line in lines)


def _into_empty(document: Document, value: Any) -> str:
    """A document without content gets its first lines at its end."""
    if isinstance(document.root, Scalar) and document.root.end > document.root.start:
        raise CannotSplice("The file holds a bare null.")
    if not isinstance(value, AnyMapping):
        raise CannotSplice("A values file is a mapping.")
    text, line_break = document.text, document.line_break
    lines = write.block(value, indent=0, step=2, dash=2)
    joint = "" if not text or text.endswith(("\n", "\r")) else line_break
    return text + joint + line_break.join(lines) + line_break


# --- replacing


def _replace(document: Document, place: Place, value: Any) -> str:
    is_scalar = not isinstance(value, AnyMapping | list | tuple)
    node = place.node
    if isinstance(node, Scalar) and (is_scalar or place.in_flow or not value):
        return _replace_scalar(document, place, node, value)
    if place.in_flow or (place.pair and _is_inline(document, place.pair) and (is_scalar or not value)):
        return _splice(document, node.start, node.end, write.flow(value))
    if place.pair is None:
        return _replace_item(document, place, value)
    return _replace_block(document, place, place.pair, value)


def _is_inline(document: Document, pair: Pair) -> bool:
    """Whether the value begins and ends on the key's line, or is in braces."""
    if isinstance(pair.value, Mapping | Sequence):
        return pair.value.flow
    return True


def _replace_scalar(document: Document, place: Place, node: Scalar, value: Any) -> str:
    if isinstance(value, AnyMapping | list | tuple):
        text = write.flow(value)
    else:
        text = write.scalar(
            value,
            # A block scalar at the very end has no line break of its own to end with.
            style='"' if node.style in {"|", ">"} and node.end == len(document.text) else node.style,
            flow=place.in_flow,
            indent=_indent_of_lines(document, place, node),
            line_break=document.line_break,
        )
    before = document.text[node.start - 1 : node.start]
    if node.start == node.end and before not in {" ", "\t"}:
        text = " " + text
    after = document.text[node.end : node.end + 1]
    if node.start == node.end and after not in {"", "\n", "\r", " ", "\t", ",", "}", "]"}:
        text += " "
    if node.tag:
        # An explicit tag speaks of the old value; the anchor stays.
        anchor = f"&{node.anchor} " if node.anchor else ""
        return _splice(document, node.start, node.end, anchor + text)
    start = node.content if node.content <= node.end else node.start
    return _splice(document, start, node.end, text)


def _indent_of_lines(document: Document, place: Place, node: Scalar) -> int:
    """Where the lines of a block scalar begin: as before, or one step in from its key."""
    for line in document.text[node.content : node.end].splitlines()[1:]:
        if line.strip():
            return len(line) - len(line.lstrip(" "))
    outer = document.column(place.pair.key.start) if place.pair and not place.in_flow else 0
    return outer + document.indent_step()


def _replace_block(document: Document, place: Place, pair: Pair, value: Any) -> str:
    """A value of several lines on either side. A comment behind the key stays."""
    indent = document.column(pair.key.start)
    node = pair.value
    colon = _after_colon(document, pair)
    begins = node.start if isinstance(node, Alias) else node.content
    starts_on_key_line = document.line_start(begins) == document.line_start(pair.key.start)
    key_line_end = document.line_end(colon)
    if isinstance(value, AnyMapping | list | tuple) and value:
        step, dash = document.indent_step(), document.dash_offset()
        inner = indent + (step if isinstance(value, AnyMapping) else dash)
        inserted = _lines(document, write.block(value, indent=inner, step=step, dash=dash))
        if starts_on_key_line:
            cut = document.text[:colon] + document.text[node.end : document.line_end(node.end)]
            return cut + inserted + document.text[document.line_end(node.end) :]
        kept = document.text[: node.start].rstrip() if node.start < key_line_end else document.text[:key_line_end]
        return kept + inserted + document.text[document.line_end(node.end) :]
    text = write.flow(value)
    if starts_on_key_line:
        return _splice(document, colon, node.end, " " + text)
    comment = document.text[colon:key_line_end] if node.start >= key_line_end else ""
    return document.text[:colon] + " " + text + comment + document.text[document.line_end(node.end) :]


def _after_colon(document: Document, pair: Pair) -> int:
    colon = document.text.find(":", pair.key.end)
    if colon < 0 or document.text[pair.key.end : colon].strip() or colon >= max(pair.value.start, colon + 1):
        raise CannotSplice("A key is written in a way that is not edited here.")
    return colon + 1


# --- adding


def _insert_pair(document: Document, node: Mapping, key: str, value: Any, in_flow: bool) -> str:
    if in_flow:
        text = f"{write.scalar(key, flow=True)}: {write.flow(value)}"
        return _insert_in_braces(document, node, text, node.pairs[-1].value.end if node.pairs else None)
    step, dash = document.indent_step(), document.dash_offset()
    indent = document.column(node.pairs[-1].key.start)
    lines = write.entry(key, value, indent=indent, step=step, dash=dash)
    at = document.line_end(node.end)
    return _splice(document, at, at, _lines(document, lines))


def _insert_in_braces(document: Document, node: Mapping | Sequence, text: str, last_end: int | None) -> str:
    closing = node.end - 1
    if last_end is None:
        return _splice(document, node.content + 1, node.content + 1, text)
    if "," in document.text[last_end:closing].split("#")[0]:
        at = document.text.index(",", last_end) + 1
        return _splice(document, at, at, " " + text)
    return _splice(document, last_end, last_end, ", " + text)


def insert_item(document: Document, path: Path, value: Any) -> str:
    """The text with `value` as item `path[-1]` of the list at `path[:-1]`; past the end means at the end."""
    place = place_of(document, path[:-1])
    index = path[-1]
    if place is None or not isinstance(index, int) or not isinstance(place.node, Sequence):
        raise CannotSplice(f"{dotted(path[:-1])} is not a list.")
    held = place.node
    if held.flow:
        if index < len(held.items):
            at = held.items[index].start
            return _splice(document, at, at, write.flow(value) + ", ")
        return _insert_in_braces(document, held, write.flow(value), held.items[-1].end if held.items else None)
    return _insert_block_item(document, held, min(index, len(held.items)), value)


def _insert_block_item(document: Document, held: Sequence, index: int, value: Any) -> str:
    dash = _dash(document, held, 0)
    step, offset = document.indent_step(), document.dash_offset()
    lines = write.item(value, indent=document.column(dash), step=step, dash=offset)
    if index < len(held.items):
        at = document.line_start(held.items[index].start)
        _dash(document, held, index)
        return _splice(document, at, at, "".join(line + document.line_break for line in lines))
    at = document.line_end(held.end)
    return _splice(document, at, at, _lines(document, lines))


def _dash(document: Document, held: Sequence, index: int) -> int:
    """Where the dash of an item stands; it must be the first thing on its line."""
    start = held.items[index].start
    line = document.line_start(start)
    before = document.text[line:start].rstrip()
    if before.lstrip() != "-":
        raise CannotSplice("A list is written in a way that is not edited here.")
    return line + len(before) - 1


# --- removing


def remove(document: Document, path: Path) -> str:
    """The text without what stands at `path`; the same text where nothing does. The last one leaves {} or []."""
    place = place_of(document, path)
    if place is None:
        return document.text
    held = place.holder
    count = len(held.pairs) if isinstance(held, Mapping) else len(held.items)
    if count == 1:
        above = place_of(document, path[:-1])
        if above is None:
            raise CannotSplice(f"{dotted(path)} is the only key of the file.")
        return _replace(document, above, {} if isinstance(held, Mapping) else [])
    if place.in_flow:
        return _remove_in_braces(document, place)
    start, end = _pair_lines(document, place) if place.pair else _item_lines(document, place)
    return _splice(document, start, end, "")


def _remove_in_braces(document: Document, place: Place) -> str:
    held = place.holder
    if isinstance(held, Mapping):
        spans = [(pair.key.start, pair.value.end) for pair in held.pairs]
        index = next(number for number, pair in enumerate(held.pairs) if pair is place.pair)
    else:
        spans, index = [(item.start, item.end) for item in held.items], place.index
    if index + 1 < len(spans):
        return _splice(document, spans[index][0], spans[index + 1][0], "")
    return _splice(document, spans[index - 1][1], spans[index][1], "")


def _pair_lines(document: Document, place: Place) -> tuple[int, int]:
    """From the line of the key to the line after its value; behind a dash, up to the next key."""
    pair, held = place.pair, place.holder
    assert pair
    assert isinstance(held, Mapping)
    start = document.line_start(pair.key.start)
    if document.text[start : pair.key.start].strip():
        if pair is not held.pairs[0] or document.text[start : pair.key.start].strip() != "-":
            raise CannotSplice("A key is written in a way that is not edited here.")
        return pair.key.start, held.pairs[1].key.start
    return start, document.next_line(pair.value.end)


def _item_lines(document: Document, place: Place) -> tuple[int, int]:
    assert isinstance(place.holder, Sequence)
    dash = _dash(document, place.holder, place.index)
    return document.line_start(dash), document.next_line(place.node.end)


def _replace_item(document: Document, place: Place, value: Any) -> str:
    assert isinstance(place.holder, Sequence)
    dash = _dash(document, place.holder, place.index)
    step, offset = document.indent_step(), document.dash_offset()
    lines = write.item(value, indent=document.column(dash), step=step, dash=offset)
    start, end = document.line_start(dash), document.line_end(place.node.end)
    return _splice(document, start, end, document.line_break.join(lines))
