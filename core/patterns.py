"""Patterns over foreign text: logs, events, messages of others, what people type into a filter. Time is linear.

Python's `re` tries again from every place, so a few kilobytes can hold a whole process for minutes. This engine has
neither look-around nor back-references; `\\d`, `\\w`, `\\s` and `\\b` mean ASCII, and flags stand in the expression:
`(?i)`, `(?m)`, `(?s)`.
"""

from collections.abc import Callable
from typing import Any, Protocol

import re2

# As much as one log may bring. What stands behind it is not scanned.
LONGEST_SCANNED = 1_000_000
# Half of a surrogate pair has no UTF-8 and the engine refuses it; no pattern of ours looks for one.
SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_OPTIONS = re2.Options()
# A wrong expression raises; nothing needs to be printed as well.
_OPTIONS.log_errors = False


class Match(Protocol):
    def __getitem__(self, group: int | str) -> Any: ...
    def group(self, *groups: int | str) -> Any: ...
    def groups(self) -> tuple[Any, ...]: ...
    def groupdict(self) -> dict[str, Any]: ...
    def start(self, group: int = 0) -> int: ...
    def end(self, group: int = 0) -> int: ...


class Pattern:
    """One expression. Raises `re2.error` where the engine does not know a construct."""

    __slots__ = ("_compiled",)

    def __init__(self, expression: str) -> None:
        self._compiled = re2.compile(expression, _OPTIONS)

    def search(self, text: str) -> Match | None:
        return self._asked(self._compiled.search, text[:LONGEST_SCANNED])

    def match(self, text: str) -> Match | None:
        return self._asked(self._compiled.match, text[:LONGEST_SCANNED])

    def fullmatch(self, text: str) -> Match | None:
        return self._asked(self._compiled.fullmatch, text) if len(text) <= LONGEST_SCANNED else None

    def findall(self, text: str) -> list[Any]:
        return self._asked(self._compiled.findall, text[:LONGEST_SCANNED])

    def split(self, text: str) -> list[str]:
        return self._asked(self._compiled.split, text[:LONGEST_SCANNED])

    def sub(self, replacement: str | Callable[[Match], str], text: str) -> str:
        """What was not scanned is left out of the result: a text made fit to be shown holds nothing unseen."""
        return self._asked(lambda scanned: self._compiled.sub(replacement, scanned), text[:LONGEST_SCANNED])

    @staticmethod
    def _asked(ask: Callable[[str], Any], text: str) -> Any:
        try:
            return ask(text)
        except UnicodeEncodeError:
            return ask(encodable(text))


def encodable(text: str) -> str:
    """The text with a replacement character for each half of a surrogate pair, as long as it was."""
    return text.translate(SURROGATES)
