"""Entries of a mapping or list in braces that come and go, on one line or on many. Comments of the others stay."""

import re
from collections.abc import Mapping as AnyMapping
from collections.abc import Set as AnySet
from dataclasses import dataclass

from integrations.gitops.yaml_splice import CannotSplice, Splice
from integrations.gitops.yaml_tree import Document, Mapping, Sequence

# What may follow an entry that has its line for itself.
REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?=[\r\n])")


@dataclass(frozen=True, slots=True)
class _Entry:
    """`comma` is where the comma behind it stands; None where none does."""

    start: int
    end: int
    comma: int | None

    @property
    def after(self) -> int:
        return self.end if self.comma is None else self.comma + 1


def change_entries(
    document: Document, held: Mapping | Sequence, gone: AnySet[int], come: AnyMapping[int, list[str]]
) -> list[Splice]:
    """The entries with the numbers `gone` leave; the texts of `come` go before the entry of that number."""
    if document.text[held.content : held.content + 1] not in {"{", "["}:
        raise CannotSplice("A value in braces is written in a way that is not edited here.")
    entries = _entries(document, held)
    kept = [number for number in range(len(entries)) if number not in gone]
    if not kept:
        inner = ", ".join(text for texts in come.values() for text in texts)
        return [Splice(held.content + 1, held.end - 1, inner)]
    found: list[Splice] = []
    last: list[str] = []
    for number, texts in come.items():
        following = next((entries[other] for other in kept if other >= number), None)
        if following is None:
            last += texts
        else:
            found.append(_inserted_before(document, following, texts))
    tail = kept[-1]
    found += [_removed(document, entries, number) for number in gone if number < tail]
    return found + _changed_end(document, held, entries, tail, last)


def _entries(document: Document, held: Mapping | Sequence) -> list[_Entry]:
    if isinstance(held, Mapping):
        spans = [(pair.key.start, pair.value.end) for pair in held.pairs]
    else:
        spans = [(item.start, item.end) for item in held.items]
    ends = [*(start for start, _ in spans[1:]), held.end - 1]
    return [_Entry(start, end, _comma(document, end, limit)) for (start, end), limit in zip(spans, ends, strict=True)]


def _comma(document: Document, start: int, end: int) -> int | None:
    """The comma between two positions; those in comments do not count."""
    while start < end:
        char = document.text[start]
        if char == ",":
            return start
        if not char.isspace() and char != "#":
            raise CannotSplice("A value in braces is written in a way that is not edited here.")
        start = document.next_line(start) if char == "#" else start + 1
    return None


def _indentation(document: Document, entry: _Entry) -> str | None:
    """What stands before an entry that is the first on its line; None for any other."""
    before = document.text[document.line_start(entry.start) : entry.start]
    return None if before.strip() else before


def _has_own_lines(document: Document, entry: _Entry) -> bool:
    """Whether nothing but its comma and a comment shares a line with the entry."""
    is_last = REST_OF_LINE.match(document.text, entry.after) is not None
    is_comma_near = document.line_end(entry.end) >= entry.after
    return _indentation(document, entry) is not None and is_last and is_comma_near


def _inserted_before(document: Document, following: _Entry, texts: list[str]) -> Splice:
    indentation = _indentation(document, following)
    if indentation is None:
        return Splice(following.start, following.start, "".join(f"{text}, " for text in texts))
    at = document.line_start(following.start)
    return Splice(at, at, "".join(f"{indentation}{text},{document.line_break}" for text in texts))


def _removed(document: Document, entries: list[_Entry], number: int) -> Splice:
    """An entry with its comma; what stands above it and behind the other entries stays."""
    entry, following = entries[number], entries[number + 1] if number + 1 < len(entries) else None
    if _has_own_lines(document, entry):
        return Splice(document.line_start(entry.start), document.next_line(entry.after), "")
    if following and not document.text[entry.after : following.start].strip(" \t"):
        return Splice(entry.start, following.start, "")
    before = document.text[document.line_start(entry.start) : entry.start]
    return Splice(entry.start - len(before) + len(before.rstrip()), entry.after, "")


def _changed_end(
    document: Document, held: Mapping | Sequence, entries: list[_Entry], tail: int, texts: list[str]
) -> list[Splice]:
    """What follows the last entry that stays, number `tail`: the others there go and `texts` come."""
    last, final = entries[tail], entries[-1]
    is_on_lines = _has_own_lines(document, last) and document.line_end(last.end) < held.end - 1
    if last is not final and not is_on_lines and not re.search(r"[#\r\n]", document.text[last.end : final.end]):
        return [Splice(last.end, final.end, "".join(f", {text}" for text in texts))]
    found = [_removed(document, entries, number) for number in range(tail + 1, len(entries))]
    if last.comma is not None and last is not final and final.comma is None and not texts:
        found.append(Splice(last.comma, last.comma + 1, ""))
    if not texts:
        return found
    indentation = _indentation(document, last)
    if is_on_lines and indentation is not None:
        if last.comma is None:
            found.append(Splice(last.end, last.end, ","))
        at, line_break = document.next_line(last.after), document.line_break
        lines = ("," + line_break).join(indentation + text for text in texts)
        return [*found, Splice(at, at, lines + ("," if final.comma is not None else "") + line_break)]
    joint = ", " if last.comma is None else " "
    return [*found, Splice(last.after, last.after, joint + ", ".join(texts))]
