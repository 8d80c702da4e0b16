"""Refusals of this app."""

from core.errors import Invalid


def host_refused(host: str, sentence: str, *, remedy: str) -> Invalid:
    """A host that cannot be had, at the field where forms ask for it."""
    entry = {"field": "host", "value": host, "sentence": sentence, "example": ""}
    return Invalid(sentence, fields=[entry], remedy=remedy)
