"""Refusals of this app, each naming the field to change."""

from core.errors import Invalid


def refused(field: str, value: object, sentence: str, *, example: str = "", remedy: str = "") -> Invalid:
    """One field that cannot be taken as it is, in a sentence."""
    entry = {"field": field, "value": "" if value is None else str(value), "sentence": sentence, "example": example}
    return Invalid(sentence, fields=[entry], remedy=remedy or "Correct the field and ask again.")
