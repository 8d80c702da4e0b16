"""Text that people read: cut where a word ends, and counted in the right number."""


def cut(text: str, most: int) -> str:
    """At most `most` characters, cut behind a whole word and marked with an ellipsis. Without a space near the end,
    as in an address, the cut falls where it must."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    at = kept.rfind(" ") if text[most - 1] != " " else len(kept)
    return (kept[:at] if at > most // 2 else kept).rstrip(" ,;:(") + "…"


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 pod`, `2 pods`, `1,200 services`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def of_counted(number: int, whole: int, noun: str) -> str:
    """`1 of 1 pod is`, `2 of 3 pods are`: the beginning of a sentence about a share."""
    return f"{number} of {counted(whole, noun)} {'is' if whole == 1 else 'are'}"
