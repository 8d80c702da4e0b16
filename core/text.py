"""Text that people read: cut where a word ends, counted in the right number, with nothing hidden in it."""

from datetime import timedelta

MINUTE, HOUR, DAY = 60, 3600, 86400


def cut(text: str, most: int) -> str:
    """At most `most` characters, cut behind a whole word and marked with an ellipsis. Without a space near the end,
    as in an address, the cut falls where it must."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    at = kept.rfind(" ") if text[most - 1] != " " else len(kept)
    return (kept[:at] if at > most // 2 else kept).rstrip(" ,;:(") + "…"


def visible(text: str, *, stays: str = "\n\t") -> str:
    """The text with control and direction characters as their escapes, such as \\x1b and \\u202e. What people see is
    what stands there: nothing clears a terminal, turns a line around or leaves no trace."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in stays else _escape(char) for char in text)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 pod`, `2 pods`, `1,200 services`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def of_counted(number: int, whole: int, noun: str) -> str:
    """`1 of 1 pod is`, `2 of 3 pods are`: the beginning of a sentence about a share."""
    return f"{number} of {counted(whole, noun)} {'is' if whole == 1 else 'are'}"


def duration(value: float | str | timedelta | None) -> str:
    """Seconds as `0.2 s`, `38 s`, `2 m 14 s`, `1 h 5 m`, `3 d 4 h`."""
    if value is None or value == "":
        return ""
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s".replace(".0 s", " s")
    whole = int(seconds)
    for size, unit, rest_size, rest_unit in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "m"), (MINUTE, "m", 1, "s")):
        if whole >= size:
            rest = whole % size // rest_size
            return f"{whole // size} {unit} {rest} {rest_unit}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"
