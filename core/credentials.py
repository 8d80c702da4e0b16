"""Credentials in text from outside, known by their shape. This is the only list of shapes.

Foreign text is masked once, where it enters our words: in `integrations.errors.foreign_text`, in a commit's message, in
a log line, in a row of the mirror, at the end of an operation and in the audit. No door masks again.

`mask_for_bundle` also takes out what only stands behind a name that promises a secret, at the price of a harmless word
now and then: a bundle leaves the house.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from core.patterns import LONGEST_SCANNED, Match, Pattern
from core.text import cut

MASK = "***"
# A text is searched this many times as far as it is shown, so that a credential across the cut is seen whole.
SEARCHED = 8
# Each expression keeps its groups: what tells people which credential stood there.
# One space may stand in a password where it cannot be a port.
_URL = r"(?i)(://[^/\s:@]*:)(?:[^\s\"'<>]+|[^\s\"'<>/]*[a-z][^\s\"'<>/]* [^\s\"'<>/@]+)(@)"
_NAME = r"(?:password|passwd|passphrase|pwd|secret|token|(?:api|access|private|secret[_\-]?access|secret)[_\-]?key)"
# A word may stand directly before these: PGPASSWORD, dbPassword. Before the others it may not: a "mytoken" is a name.
_LONG_NAME = r"[\w.\-]*(?:password|passwd|passphrase)"
# A quote may stand escaped, as in JSON that a program logs inside of JSON.
_QUOTE = r"(?:\\*[\"'])"
# A "pass" alone is a word; it promises a password directly before "=" only, or as the last part of a name.
_BEFORE = rf"(?:(?:(?:\b|[\w.\-]*[_.\-]){_NAME}|{_LONG_NAME}|[\w.\-]*[_.\-]pass)\b{_QUOTE}?\s*[=:][\s=>]*|\bpass=)"
# What opens a value, and the value: up to the quote that closes it, or else up to a space or a quote. A quote that
# closes something else, as in "--password=", is followed by a space or a comma.
_OPENED = (
    (r"\\+\"", r"[^\s\",;&\\](?:[^\"\\]|\\+[^\"\\]){3,}"),
    (r"\\+'", r"[^\s',;&\\](?:[^'\\]|\\+[^'\\]){3,}"),
    (r"\"", r"[^\s\",;&](?:[^\"\\]|\\.){3,}"),
    (r"'", r"[^\s',;&](?:[^'\\]|\\.){3,}"),
    (r"", r"[^\s\"'=>][^\s\"']{2,}[^\s\"',;&\\]"),
)
_SHAPES = (
    *(rf"({_BEFORE}{quote}){value}" for quote, value in _OPENED),
    r"(\bbearer\s+)[A-Za-z0-9_\-.~+/=]{8,}",
    # Without the header's name, only what ends as base64 does: "basic authentication" is a sentence.
    r"(\bauthorization[\s\[\"'\\:=]+basic\s+)[A-Za-z0-9_\-+/=]{8,}",
    r"(\bbasic\s+)[A-Za-z0-9+/]{6,}=",
    r"(\b(?:gh[oprsu]_|github_pat_|glpat-|mctl_(?:pat|rt)_|hv[bs]\.|xox[abposr]-|dckr_pat_|sk_(?:live|test)_))[A-Za-z0-9_\-.]+",
    r"(?-i:(\bA(?:KIA|SIA))[A-Z0-9]{12,})",
    r"(?-i:(\beyJ)[\w\-]{6,}\.[\w\-]{4,}(?:\.[\w\-]*)?)",
    r"(?-i:(-----BEGIN [A-Z ]*PRIVATE KEY-----)(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\z))",
)
CREDENTIAL = Pattern("|".join((_URL, *_SHAPES)))
# A key printed over several lines. Where its beginning or its end is cut off, only lines that look like those of a key
# belong to it: a message about a missing key must not hide what stands behind it.
_KEY_BEGIN, _KEY_END = (rf"-----{end} [A-Z ]*PRIVATE KEY-----" for end in ("BEGIN", "END"))
_BEGIN, _END = Pattern(_KEY_BEGIN), Pattern(_KEY_END)
_KEY_LINE = Pattern(r"[A-Za-z0-9+/]{40,}={0,2}\s*$")
_TIME = Pattern(r"^\d{4}-\d\d-\d\d[T ][\d:.,+\-Z]+\s")

SECRET_NAME = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_\-]?key|private[_\-]?key|credential|auth(?:orization)?"
    r"|dsn|session|cookie|signature)"
)
_VALUE = r"(?:\\*\"[^\"]*\"|\\*'[^']*'|[^\s,;&}\]\\]+)"
_NAMED = (
    rf"({_QUOTE}?[\w.\-]*{SECRET_NAME}[\w.\-]*{_QUOTE}?\s*[=:]\s*){_VALUE}",
    # {"name": "DB_PASSWORD", "value": "..."}, a flag and its argument, and "password hunter2".
    rf"({_QUOTE}name{_QUOTE}\s*:\s*{_QUOTE}[\w.\-]*{SECRET_NAME}[\w.\-]*{_QUOTE}\s*,\s*{_QUOTE}value{_QUOTE}\s*:\s*){_VALUE}",
    rf"(--?[\w.\-]*{SECRET_NAME}[\w.\-]*\s+){_VALUE}",
    r"(\b(?:password|passwd|passphrase)\s+)\S*\d\S*",
)
NAMED = Pattern("(?i)" + "|".join(_NAMED))
# Words that stand before a credential in a header, and beginnings of keys that are too short for our own doors.
_HEADER = r"((?i:basic|bearer|token|digest) )[A-Za-z0-9+/=_\-.]{8,}"
_KEY = r"\b(s\.|sk[-_]|rk_|pk_|npm_|AIza)[\w\-.]{8,}"
SUSPECT = Pattern(f"{_HEADER}|{_KEY}")


def mask_credentials(text: str, mask: str = MASK) -> str:
    """The text without credentials; what stands in front of each stays."""

    def replaced(found: Match) -> str:
        before, *rest = filter(None, found.groups())
        return before + mask + "".join(rest)

    # The engine replaces what has no UTF-8. A text without a credential stays as it is.
    return CREDENTIAL.sub(replaced, text) if holds_credential(text) else text[:LONGEST_SCANNED]


def mask_and_cut(text: str, most: int) -> str:
    """At most so many characters of the text, without credentials.

    It is masked before it is cut: half of a credential has no shape. The work is bounded, however long the text is.
    """
    return cut(mask_credentials(text[: SEARCHED * most]), most)


def mask_private_keys(text: str, mask: str = MASK) -> str:
    """The text without keys of several lines. It has as many lines as before, and times in front of them stay."""
    text = text[:LONGEST_SCANNED]
    if "PRIVATE KEY-----" not in text:
        return text
    lines = text.splitlines(keepends=True)
    for number in _lines_of_keys(lines):
        line = lines[number]
        kept = _BEGIN.search(line) or _TIME.search(line)
        lines[number] = line[: kept.end() if kept else 0] + mask + line[len(line.rstrip("\r\n")) :]
    return "".join(lines)


def _lines_of_keys(lines: Sequence[str]) -> set[int]:
    """From a beginning to its end; where a log was cut, what looks like a key behind the one or before the other.

    Each line is looked at a few times, however often keys begin.
    """
    ends = [number for number, line in enumerate(lines) if _END.search(line)]
    is_key = [_KEY_LINE.search(line) is not None for line in lines]
    found: set[int] = set()
    number, ended = 0, 0
    while number < len(lines):
        last = number
        if _BEGIN.search(lines[number]):
            while ended < len(ends) and ends[ended] < number:
                ended += 1
            if ended < len(ends):
                last = ends[ended]
                found.update(range(number, last + 1))
            else:
                while last + 1 < len(lines) and is_key[last + 1]:
                    last += 1
                found.update(range(number, last + 1) if last > number else ())
        number = last + 1
    for end in ends:
        # The last line of a key may be short.
        start = end - 1 if end and is_key[end - 1] else end - 2
        if end not in found and start >= 0 and is_key[start]:
            while start >= 0 and is_key[start] and start not in found:
                start -= 1
            found.update(range(start + 1, end + 1))
    return found


def mask_all(value: Any) -> Any:
    """Every text inside a value of JSON, keys left as they are."""
    if isinstance(value, str):
        return mask_credentials(value)
    if isinstance(value, Mapping):
        return {key: mask_all(held) for key, held in value.items()}
    return [mask_all(held) for held in value] if isinstance(value, list | tuple) else value


def mask_for_bundle(text: str, mask: str) -> str:
    """Mask text for a support bundle, values after secret names included."""
    text = mask_credentials(text, mask)
    for pattern in (SUSPECT, NAMED):
        text = pattern.sub(lambda found: next(filter(None, found.groups())) + mask, text)
    return text


def holds_credential(text: str) -> bool:
    return CREDENTIAL.search(text) is not None
