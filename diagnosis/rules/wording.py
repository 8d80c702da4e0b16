"""Text from outside, made fit to be shown: bounded, control characters visible, credentials hidden."""

import json

from core.credentials import SEARCHED, mask_credentials
from core.text import visible

LONGEST = 600


def shown(text: object, limit: int = LONGEST) -> str:
    """At most `limit` characters, one line; a control character appears as its escape, such as \\x1b.

    What is no text appears as in a manifest: true, {"cpu": "500m"}.
    """
    is_structure = isinstance(text, (bool, dict, list))
    raw = (json.dumps(text, ensure_ascii=False, default=str) if is_structure else str(text)).strip()
    # Masked first: half of a credential, or one with an escape in it, has no shape.
    hidden = mask_credentials(raw[: SEARCHED * limit])
    is_whole = len(hidden) <= limit and len(raw) <= SEARCHED * limit
    said = visible(hidden[:limit], stays="")
    return said if is_whole else f"{said}... ({len(raw):,} characters)"


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
