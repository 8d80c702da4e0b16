"""From one state of a document's values to another, in the smallest splices. The document is read once for all."""

import re
from collections.abc import Iterable
from collections.abc import Set as AnySet
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Any

from integrations.gitops import yaml_splice as splice
from integrations.gitops import yaml_write as write
from integrations.gitops.yaml_braces import change_entries
from integrations.gitops.yaml_splice import CannotSplice, Path, Place, Splice, dotted_path, inline
from integrations.gitops.yaml_tree import LINE_BREAK, Alias, Document, Mapping, Scalar, Sequence

BLOCK_HEADER = re.compile(r"[|>][0-9+-]*")


class Changes:
    """Collects the splices. `asked` are paths at which an alias stops sharing its value.

    `path` is the place looked at last, `shared` the other aliases at which something changes.
    """

    def __init__(self, document: Document, asked: AnySet[Path]) -> None:
        self.document, self.asked = document, asked
        self.path: Path = ()
        self.shared: list[tuple[Path, Alias]] = []
        self._splices: list[Splice] = []

    def text(self, old: dict[Any, Any], new: dict[Any, Any]) -> str:
        """The text that holds `new` where the document holds `old`. Raises CannotSplice."""
        root = self.document.root
        if root is None or (isinstance(root, Scalar) and root.is_null):
            self._splices += splice.into_empty(self.document, new)
        elif isinstance(root, Mapping):
            self._change_pairs(root, None, root.flow, old, new, ())
        else:
            raise CannotSplice("The file is not a mapping.")
        return apply_splices(self.document, self._splices)

    def _change(self, place: Place, old: Any, new: Any, path: Path) -> None:
        if same(old, new):
            return
        self.path = path
        node, in_flow = place.node, place.in_flow
        if isinstance(node, Alias) and path not in self.asked:
            # It changes with the value that it repeats, or not at all.
            self.shared.append((path, node))
        elif isinstance(old, dict) and isinstance(new, dict) and old and new and isinstance(node, Mapping):
            self._change_pairs(node, place, in_flow or node.flow, old, new, path)
        elif isinstance(old, list) and isinstance(new, list) and old and new and isinstance(node, Sequence):
            self._change_items(node, place, in_flow or node.flow, old, new, path)
        else:
            self._splices += splice.replace_value(self.document, place, new)

    def _change_pairs(
        self, held: Mapping, place: Place | None, in_flow: bool, old: dict[Any, Any], new: dict[Any, Any], path: Path
    ) -> None:
        gone = {self._number(held, key, (*path, key)) for key in old if key not in new}
        added = {}
        for key, value in new.items():
            if key in old and same(old[key], value):
                continue
            if key in old and held.find(key):
                pair = held.pairs[self._number(held, key, (*path, key))]
                self._change(Place(held, pair, 0, in_flow), old[key], value, (*path, key))
            else:
                # New, or over what a merge brings.
                added[key] = value
        if not gone and not added:
            return
        if in_flow:
            texts = [f"{self._flow_key(key)}: {inline(self.document, value)}" for key, value in added.items()]
            self._splices += change_entries(self.document, held, gone, {len(held.pairs): texts} if texts else {})
        elif len(gone) < len(held.pairs) or (place is None and added):
            self._splices += splice.change_pairs(self.document, held, gone, added)
        elif place is None:
            raise CannotSplice("It is the only key of the file.")
        else:
            self._splices += splice.replace_value(self.document, place, new)

    def _flow_key(self, key: str) -> str:
        return write.json_text(key) if self.document.is_json else write.scalar(key, flow=True)

    def _number(self, held: Mapping, key: Any, path: Path) -> int:
        """Which of the pairs has this key."""
        found = [
            number for number, pair in enumerate(held.pairs) if isinstance(pair.key, Scalar) and pair.key.text == key
        ]
        if len(found) == 1:
            return found[0]
        self.path = path
        if found:
            raise CannotSplice(f"{dotted_path(path)} stands {len(found)} times in the file.")
        raise CannotSplice(f"{dotted_path(path)} comes from a merge (<<), or its key is not text.")

    def _change_items(
        self, held: Sequence, place: Place, in_flow: bool, old: list[Any], new: list[Any], path: Path
    ) -> None:
        steps = list_steps(old, new)
        if len(steps.gone) == len(old):
            self._splices += splice.replace_value(self.document, place, new)
            return
        for number, value in steps.changed:
            self._change(Place(held, None, number, in_flow), old[number], value, (*path, number))
        if in_flow and (steps.gone or steps.come):
            texts = {at: [inline(self.document, value) for value in values] for at, values in steps.come.items()}
            self._splices += change_entries(self.document, held, steps.gone, texts)
        elif steps.gone or steps.come:
            self._splices += splice.change_items(self.document, held, steps.gone, steps.come)


@dataclass(frozen=True, slots=True)
class ListSteps:
    """Numbers are those of the old list. The values of `come` go before the item of their number."""

    changed: list[tuple[int, Any]]
    gone: set[int]
    come: dict[int, list[Any]]


def list_steps(old: list[Any], new: list[Any]) -> ListSteps:
    """Items that both lists hold keep their lines; others are changed in their place as far as the numbers go."""
    first = _common(old, new)
    last = _common(old[first:][::-1], new[first:][::-1])
    steps = ListSteps([], set(), {})
    if len(old) == len(new):
        steps.changed.extend((number, new[number]) for number in range(first, len(old) - last))
        return steps
    # Texts tell 1, 1.0, True and "1" apart.
    texts = [[repr(item) for item in items[first : len(items) - last]] for items in (old, new)]
    for kind, a, b, c, d in SequenceMatcher(None, texts[0], texts[1], autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        both = min(b - a, d - c)
        steps.changed.extend((first + a + number, new[first + c + number]) for number in range(both))
        steps.gone.update(range(first + a + both, first + b))
        if c + both < d:
            steps.come[first + b] = new[first + c + both : first + d]
    return steps


def _common(one: list[Any], other: list[Any]) -> int:
    return sum(1 for _ in takewhile(lambda pair: same(*pair), zip(one, other, strict=False)))


def shared_sentence(path: Path, alias: Alias) -> str:
    return f"{dotted_path(path)} is an alias (*{alias.anchor}): a change there would change the shared value."


def same(one: Any, other: Any) -> bool:
    """Equal as values of a file: 1, 1.0, True and "1" are four different things."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or (one != one and other != other))


# --- from splices to text


def apply_splices(document: Document, splices: Iterable[Splice]) -> str:
    """Two changes may take away the same text. Raises CannotSplice where changes meet in any other way."""
    merged: list[Splice] = []
    for found in sorted(splices, key=lambda one: (one.start, one.end)):
        if not merged or found.start >= merged[-1].end:
            merged.append(found)
        elif found.text or merged[-1].text:
            raise CannotSplice("Two of the changes meet in one place.")
        else:
            merged[-1] = Splice(merged[-1].start, max(merged[-1].end, found.end), "")
    pieces, position = [], 0
    for one in _with_a_free_end(document, merged):
        pieces += [document.text[position : one.start], one.text]
        position = one.end
    return "".join([*pieces, document.text[position:]])


def _with_a_free_end(document: Document, splices: list[Splice]) -> list[Splice]:
    """Lines that come below a last line without a line break bring their own before them.

    Where that last line goes, its neighbour's break goes too. Where a block scalar ends in it, the break must not
    become part of the value.
    """
    end = len(document.text)
    below = [one for one in splices if one.start == end]
    others = splices[: len(splices) - len(below)]
    if not below or LINE_BREAK.match(document.text[-1:]):
        return splices
    if others and others[-1].end == end and not others[-1].text:
        start = others[-1].start
        breaks = [found for found in LINE_BREAK.finditer(document.text, max(0, start - 2)) if found.end() == start]
        return [*others[:-1], Splice(breaks[-1].start() if breaks else start, end, ""), *below]
    last = document.last_scalar
    if last is None or last.style not in {"|", ">"} or last.end < end or last.text.endswith("\n"):
        return splices
    header = BLOCK_HEADER.match(document.text, last.content)
    if header is None or "-" in header.group() or (others and others[-1].end > last.start):
        return splices
    stripped = header.group().replace("+", "") + "-"
    return [*others, Splice(header.start(), header.end(), stripped), *below]
