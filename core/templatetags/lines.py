"""Text of many lines, cut into rows a template can colour: diffs and logs. All of it is data from outside."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from core.patterns import Pattern
from core.text import visible

LEVELS = (
    ("error", Pattern(r"(?i)\b(?:error|fatal|panic|critical|exception|traceback|failed|oomkilled)\b")),
    ("warning", Pattern(r"(?i)\b(?:warn|warning|deprecated)\b")),
)
STATED_LEVEL = Pattern(r"""(?i)\blevel["']?\s*[=:]\s*["']?(?P<level>[a-z]+|\d+)""")
LEVEL_WORDS = {
    "err": "error",
    "error": "error",
    "fatal": "error",
    "critical": "error",
    "warn": "warning",
    "warning": "warning",
    # As pino and bunyan count.
    "60": "error",
    "50": "error",
    "40": "warning",
}
LONGEST_LINE = 4000


def diff_lines(diff: str | Iterable[Any] | None) -> list[dict[str, str]]:
    """A unified diff, as text or as lines, as `[{"kind": "a"|"d"|"h"|"", "before", "changed", "after"}]`.

    Kinds are added, deleted and heading. `changed` is what a line does not share with the one it replaces, so that
    1.9.O beside 1.9.0 is seen; it stands between `before` and `after`, and is empty for a line that replaces none.
    """
    texts = _texts(diff)
    # The names of the file stand above the diff already; only the pair at its beginning is a heading, since a removed
    # YAML document marker looks just like one.
    if len(texts) > 1 and texts[0].startswith("---") and texts[1].startswith("+++"):
        texts = texts[2:]
    lines = [{"kind": _diff_kind(line), "before": line, "changed": "", "after": ""} for line in texts]
    for old, new in _replaced([line["kind"] for line in lines]):
        lines[old], lines[new] = _told_apart(texts[old], texts[new])
    return lines


def _replaced(kinds: list[str]) -> Iterator[tuple[int, int]]:
    """Places of lines that replace one another: of as many deleted as added ones that stand together, each its own."""
    place = 0
    before: list[int] = []
    for kind, block in groupby(kinds):
        here = range(place, place := place + len(list(block)))
        if kind == "a" and len(before) == len(here):
            yield from zip(before, here, strict=True)
        before = list(here) if kind == "d" else []


def _told_apart(old: str, new: str) -> tuple[dict[str, str], dict[str, str]]:
    begin = 1 + _shared(old[1:], new[1:])
    end = _shared(old[begin:][::-1], new[begin:][::-1])
    # Lines that share no more than their indent are two lines, not two versions of one.
    is_edited = bool((old[1:begin] + old[len(old) - end :]).strip())
    first, second = (_cut(line, begin, len(line) - end if is_edited else begin) for line in (old, new))
    return {"kind": "d", **first}, {"kind": "a", **second}


def _shared(one: str, other: str) -> int:
    """How many characters two texts have in common at their beginning."""
    return next(
        (place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
        min(len(one), len(other)),
    )


def _cut(line: str, begin: int, end: int) -> dict[str, str]:
    return {"before": line[:begin], "changed": line[begin:end], "after": line[end:]}


def _diff_kind(line: str) -> str:
    return "h" if line.startswith("@@") else {"+": "a", "-": "d"}.get(line[:1], "")


def log_lines(log: str | Iterable[Any] | None) -> list[dict[str, Any]]:
    """A log, as text, strings or rows, as `[{"at", "text", "level"}]`; a level the row states itself wins."""
    if isinstance(log, str):
        return [_log_row(line) for line in log.splitlines()]
    return [_log_row(line) for line in log or []]


def _log_row(line: Any) -> dict[str, Any]:
    if isinstance(line, str):
        text = line[:LONGEST_LINE]
        return {"at": "", "text": visible(text), "level": level_of(text)}
    read = line.get if isinstance(line, Mapping) else lambda key, default="": getattr(line, key, default)
    text = str(read("text", ""))[:LONGEST_LINE]
    level = read("level", "") or level_of(text)
    return {"at": read("at", "") or read("time", ""), "text": visible(text), "level": level}


def level_of(text: str) -> str:
    """`error`, `warning` or nothing. A stated `level=` is believed before a word that merely occurs."""
    if stated := STATED_LEVEL.search(text):
        return LEVEL_WORDS.get(stated["level"].lower(), "")
    return next((level for level, pattern in LEVELS if pattern.search(text)), "")


def _texts(lines: str | Iterable[Any] | None) -> list[str]:
    """What differs is compared after it was made visible: two characters that look alike must not look the same."""
    if isinstance(lines, str):
        return visible(lines.replace("\r\n", "\n")).splitlines()
    texts = [str(line.get("text", "") if isinstance(line, Mapping) else line) for line in lines or []]
    return [visible(text.rstrip("\r\n")) for text in texts]
