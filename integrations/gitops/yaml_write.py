"""Values as YAML text that every YAML reader takes back as the very same value, in the style asked for where it can be.

Readers disagree about plain text (`1.10`, `no`, `12:30`, `0o17`), so text is only left unquoted where all agree.
Invisible and direction-changing characters are written as escapes, so that a reviewer sees them.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

# Longer text is quoted: the patterns look at a word several times.
LONGEST_PLAIN = 256
PLAIN_WORD = re.compile(r"[A-Za-z/][A-Za-z0-9_./@+-]*(?::[A-Za-z0-9_./@+-]+)*")
# One alphanumeric a turn: with `[A-Za-z0-9]+` inside the repetition every split of a word would be tried.
PLAIN_VERSION = re.compile(r"v?[0-9]+\.[0-9]+\.[0-9]+(?:[.+-]?[A-Za-z0-9])*")
PLAIN_AMOUNT = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:m|k|M|G|T|Ki|Mi|Gi|Ti)|[0-9]+[smhd]")
WORDS_WITH_MEANING = frozenset(
    {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "none", "infinity"}
)
ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\x1b": "\\e", "\a": "\\a", "\b": "\\b"}
# C0, C1, line separators, direction marks, zero-width characters, byte order mark, unassigned ends of planes.
NEEDS_ESCAPE = re.compile(
    "[\\x00-\\x1f\\x7f-\\xa0\\xad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202f\\u2060-\\u206f\\ufeff\\ufff0-\\uffff"
    "\\U000e0000-\\U000e0fff]"
)
UNQUOTED_LITERAL = re.compile("[^\\n\\x20-\\x7e\\xa1-\\xac\\xae-\\u061b\\u061d-\\u180d\\u2010-\\u2027\\u2030-\\ud7ff]")


def scalar(value: Any, *, style: str = "", flow: bool = False, indent: int = 2, line_break: str = "\n") -> str:
    """One value as text. `style` is the style it had; `indent` is where lines of a block scalar begin.

    Raises TypeError for what YAML has no scalar for.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} is not a value of a values file")
    if style in {"|", ">"} and not flow and _fits_literal(value):
        return _literal(value, indent, line_break)
    if not style and is_plain(value):
        return value
    if style != '"' and not NEEDS_ESCAPE.search(value) and (style == "'" or ('"' in value and "'" not in value)):
        return "'" + value.replace("'", "''") + "'"
    return double_quoted(value)


def is_plain(value: str) -> bool:
    """Whether every reader takes the bare text as this text, also inside braces."""
    if len(value) > LONGEST_PLAIN or value.lower() in WORDS_WITH_MEANING:
        return False
    return any(pattern.fullmatch(value) for pattern in (PLAIN_WORD, PLAIN_VERSION, PLAIN_AMOUNT))


def double_quoted(value: str) -> str:
    escaped = "".join(ESCAPES.get(char, char) for char in value)
    return '"' + NEEDS_ESCAPE.sub(_escape, escaped) + '"'


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _fits_literal(value: str) -> bool:
    """Blank lines at the end would mix with those that follow in the file."""
    begins_well = not value.startswith((" ", "\n"))
    return "\n" in value and begins_well and not value.endswith("\n\n") and not UNQUOTED_LITERAL.search(value)


def _literal(value: str, indent: int, line_break: str) -> str:
    header = "|" if value.endswith("\n") else "|-"
    lines = [(" " * indent + line) if line else "" for line in value.removesuffix("\n").split("\n")]
    return line_break.join([header, *lines])


def flow(value: Any) -> str:
    """A value on one line, as inside braces."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key, flow=True)}: {flow(held)}" for key, held in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(held) for held in value) + "]"
    return scalar(value, flow=True)


def json_text(value: Any) -> str:
    """A value on one line that JSON and YAML read alike."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json_text(key)}: {json_text(held)}" for key, held in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(json_text(held) for held in value) + "]"
    # JSON escapes what lies beyond the first plane as two surrogates, which YAML refuses: it stays as it is.
    return NEEDS_ESCAPE.sub(_json_escape, json.dumps(value, ensure_ascii=False))


def _json_escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}" if ord(found.group()) <= 0xFFFF else found.group()


def block(value: Any, *, indent: int, step: int, dash: int) -> list[str]:
    """The lines of a non-empty mapping or list, the first of them at column `indent`."""
    lines: list[str] = []
    if isinstance(value, Mapping):
        for key, held in value.items():
            lines += entry(key, held, indent=indent, step=step, dash=dash)
        return lines
    for held in value:
        lines += item(held, indent=indent, step=step, dash=dash)
    return lines


def entry(key: str, value: Any, *, indent: int, step: int, dash: int) -> list[str]:
    """`key: value` at column `indent`, on as many lines as it needs."""
    head = " " * indent + scalar(key) + ":"
    if isinstance(value, Mapping | list | tuple) and value:
        inner = indent + (step if isinstance(value, Mapping) else dash)
        return [head, *block(value, indent=inner, step=step, dash=dash)]
    return [f"{head} {flow(value)}"]


def item(value: Any, *, indent: int, step: int, dash: int) -> list[str]:
    """`- value` with the dash at column `indent`."""
    if isinstance(value, Mapping | list | tuple) and value:
        lines = block(value, indent=indent + 2, step=step, dash=dash)
        return [" " * indent + "- " + lines[0].lstrip(" "), *lines[1:]]
    return [" " * indent + "- " + flow(value)]
