"""Changes to single places of a YAML text that leave every other character as it is.

Each function takes the document as read and gives the splices. They trust nothing: `edits.py` reads the result again
and compares. What is written in a way they do not understand raises `CannotSplice`. Braces are in `yaml_braces.py`.
"""

from collections.abc import Mapping as AnyMapping
from collections.abc import Set as AnySet
from dataclasses import dataclass
from typing import Any

from integrations.gitops import yaml_write as write
from integrations.gitops.yaml_tree import Alias, Document, Mapping, Node, Pair, Scalar, Sequence

Path = tuple[str | int, ...]


class CannotSplice(Exception):
    """The sentence says which place and why."""


@dataclass(frozen=True, slots=True)
class Splice:
    """The characters from `start` up to `end` become `text`."""

    start: int
    end: int
    text: str


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


def dotted_path(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def inline(document: Document, value: Any) -> str:
    """A value on one line, as the file writes values in braces."""
    return write.json_text(value) if document.is_json else write.flow(value)


def into_empty(document: Document, value: Any) -> list[Splice]:
    """A document without content gets its first lines at its end."""
    if isinstance(document.root, Scalar) and document.root.end > document.root.start:
        raise CannotSplice("The file holds a bare null.")
    text, line_break = document.text, document.line_break
    lines = write.block(value, indent=0, step=2, dash=2)
    joint = "" if not text or text.endswith(("\n", "\r")) else line_break
    return [Splice(len(text), len(text), joint + line_break.join(lines) + line_break)]


def _lines_below(document: Document, position: int, lines: list[str]) -> Splice:
    """New lines below the line of `position`."""
    if document.line_end(position) == len(document.text):
        return Splice(len(document.text), len(document.text), "".join(document.line_break + line for line in lines))
    at = document.next_line(position)
    return Splice(at, at, "".join(line + document.line_break for line in lines))


# --- replacing


def replace_value(document: Document, place: Place, value: Any) -> list[Splice]:
    is_scalar = not isinstance(value, AnyMapping | list | tuple)
    node = place.node
    if isinstance(node, Scalar) and (is_scalar or place.in_flow or not value):
        return [_replaced_scalar(document, place, node, value)]
    if place.in_flow or (place.pair and _is_inline(place.pair) and (is_scalar or not value)):
        return [Splice(node.start, node.end, inline(document, value))]
    if place.pair is None:
        return [_replaced_item(document, place, value)]
    return _replaced_block(document, place.pair, value)


def _is_inline(pair: Pair) -> bool:
    """Whether the value begins and ends on the key's line, or is in braces."""
    if isinstance(pair.value, Mapping | Sequence):
        return pair.value.flow
    return True


def _replaced_scalar(document: Document, place: Place, node: Scalar, value: Any) -> Splice:
    if isinstance(value, AnyMapping | list | tuple) or document.is_json:
        text = inline(document, value)
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
    if node.start == node.end and place.pair and ":" not in document.text[place.pair.key.end : node.start]:
        text = ":" + text
    after = document.text[node.end : node.end + 1]
    if node.start == node.end and after not in {"", "\n", "\r", " ", "\t", ",", "}", "]"}:
        text += " "
    if node.tag:
        # An explicit tag speaks of the old value; the anchor stays.
        anchor = f"&{node.anchor} " if node.anchor else ""
        return Splice(node.start, node.end, anchor + text)
    start = node.content if node.content <= node.end else node.start
    return Splice(start, node.end, text)


def _indent_of_lines(document: Document, place: Place, node: Scalar) -> int:
    """Where the lines of a block scalar begin: as before, or one step in from its key."""
    for line in document.text[node.content : node.end].splitlines()[1:]:
        if line.strip():
            return len(line) - len(line.lstrip(" "))
    outer = document.column(place.pair.key.start) if place.pair and not place.in_flow else 0
    return outer + document.indent_step


def _replaced_block(document: Document, pair: Pair, value: Any) -> list[Splice]:
    """A value of several lines on either side. A comment behind the key stays."""
    indent = document.column(pair.key.start)
    node = pair.value
    colon = _after_colon(document, pair)
    begins = node.start if isinstance(node, Alias) else node.content
    starts_on_key_line = document.line_start(begins) == document.line_start(pair.key.start)
    key_line_end = document.line_end(colon)
    if isinstance(value, AnyMapping | list | tuple) and value:
        step, dash = document.indent_step, document.dash_offset
        inner = indent + (step if isinstance(value, AnyMapping) else dash)
        lines = write.block(value, indent=inner, step=step, dash=dash)
        if starts_on_key_line:
            return [Splice(colon, node.end, ""), _lines_below(document, node.end, lines)]
        kept = len(document.text[: node.start].rstrip()) if node.start < key_line_end else key_line_end
        inserted = "".join(document.line_break + line for line in lines)
        return [Splice(kept, document.line_end(node.end), inserted)]
    text = " " + inline(document, value)
    if starts_on_key_line:
        return [Splice(colon, node.end, text)]
    comment = document.text[colon:key_line_end] if node.start >= key_line_end else ""
    return [Splice(colon, document.line_end(node.end), text + comment)]


def _after_colon(document: Document, pair: Pair) -> int:
    colon = document.text.find(":", pair.key.end)
    if colon < 0 or document.text[pair.key.end : colon].strip() or colon >= max(pair.value.start, colon + 1):
        raise CannotSplice("A key is written in a way that is not edited here.")
    return colon + 1


def _replaced_item(document: Document, place: Place, value: Any) -> Splice:
    assert isinstance(place.holder, Sequence)
    dash = _dash(document, place.holder, place.index)
    step, offset = document.indent_step, document.dash_offset
    lines = write.item(value, indent=document.column(dash), step=step, dash=offset)
    start, end = document.line_start(dash), document.line_end(place.node.end)
    return Splice(start, end, document.line_break.join(lines))


# --- pairs and items on lines of their own


def change_pairs(document: Document, held: Mapping, gone: AnySet[int], added: AnyMapping[str, Any]) -> list[Splice]:
    """The pairs with the numbers `gone` leave, those of `added` come below the last one."""
    behind_dash = _pairs_behind_dash(document, held, gone)
    found = [_removed_behind_dash(document, held, len(behind_dash))] if behind_dash else []
    for number in gone - behind_dash:
        pair = held.pairs[number]
        start = document.line_start(pair.key.start)
        if document.text[start : pair.key.start].strip():
            raise CannotSplice("A key is written in a way that is not edited here.")
        found.append(Splice(start, document.next_line(pair.value.end), ""))
    if added:
        indent = document.column(held.pairs[-1].key.start)
        step, dash = document.indent_step, document.dash_offset
        entries = [write.entry(key, value, indent=indent, step=step, dash=dash) for key, value in added.items()]
        found.append(_lines_below(document, held.end, [line for entry in entries for line in entry]))
    return found


def _pairs_behind_dash(document: Document, held: Mapping, gone: AnySet[int]) -> set[int]:
    """The first pairs, where the dash of a list item stands before them and all of them go."""
    first = held.pairs[0].key.start
    if document.text[document.line_start(first) : first].strip() != "-":
        return set()
    kept = next(number for number in range(len(held.pairs)) if number not in gone)
    return set(range(kept))


def _removed_behind_dash(document: Document, held: Mapping, count: int) -> Splice:
    """The next key moves up behind the dash, unless comments stand above it."""
    first, last, kept = held.pairs[0].key.start, held.pairs[count - 1].value.end, held.pairs[count].key.start
    if document.text[document.next_line(last) : kept].strip():
        return Splice(len(document.text[:first].rstrip()), document.line_end(last), "")
    return Splice(first, kept, "")


def change_items(
    document: Document, held: Sequence, gone: AnySet[int], come: AnyMapping[int, list[Any]]
) -> list[Splice]:
    """The items with the numbers `gone` leave; each list of `come` goes before the item of that number."""
    found = []
    for number in gone:
        line = document.line_start(_dash(document, held, number))
        found.append(Splice(line, document.next_line(held.items[number].end), ""))
    step, offset = document.indent_step, document.dash_offset
    for number, values in come.items():
        indent = document.column(_dash(document, held, 0))
        items = [write.item(value, indent=indent, step=step, dash=offset) for value in values]
        lines = [line for item in items for line in item]
        if number < len(held.items):
            at = document.line_start(_dash(document, held, number))
            found.append(Splice(at, at, "".join(line + document.line_break for line in lines)))
        else:
            found.append(_lines_below(document, held.end, lines))
    return found


def _dash(document: Document, held: Sequence, index: int) -> int:
    """Where the dash of an item stands; it must be the first thing on its line."""
    start = held.items[index].start
    line = document.line_start(start)
    before = document.text[line:start].rstrip()
    if before.lstrip() != "-":
        raise CannotSplice("A list is written in a way that is not edited here.")
    return line + len(before) - 1
