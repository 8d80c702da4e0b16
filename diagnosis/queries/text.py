"""Text from outside, made fit to be shown: bounded, control characters visible, credentials hidden."""

import re

LONGEST = 600
CREDENTIAL = re.compile(
    r"(?i)(?P<url>://[^/\s:@]+:)[^@\s/]+(?=@)"
    r"|(?P<word>\b(?:password|passwd|pwd|secret|token|api_?key)\b\s*[=:]\s*[\"']?)(?!\s)[^\s\"',;&]{4,}"
    r"|(?P<bearer>bearer\s+)[A-Za-z0-9_\-.]{8,}"
    r"|(?P<known>gh[oprsu]_|github_pat_|glpat-|mctl_(?:pat|rt)_|hvs\.)[A-Za-z0-9_\-.]+"
)


def shown(text: object, limit: int = LONGEST) -> str:
    """At most `limit` characters, one line; a control character appears as its escape, such as \\x1b."""
    raw = str(text).strip()
    cut = raw[:limit]
    if not cut.isprintable():
        cut = "".join(char if char.isprintable() else _escaped(char) for char in cut)
    hidden = CREDENTIAL.sub(lambda found: next(part for part in found.groups() if part is not None) + "***", cut)
    return hidden if len(raw) <= limit else f"{hidden}... ({len(raw):,} characters)"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def listed(words: list[str], limit: int = 4) -> str:
    """ "a", "a and b", "a, b, c and 3 more"."""
    if len(words) <= 1:
        return "".join(words)
    if len(words) > limit:
        return f"{', '.join(words[: limit - 1])} and {len(words) - limit + 1} more"
    return f"{', '.join(words[:-1])} and {words[-1]}"


def count_of(number: int, noun: str) -> str:
    """ "1 pod", "3 pods", "2 replicas"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
