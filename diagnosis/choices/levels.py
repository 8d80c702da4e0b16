"""How sure. A plain enum: the rules run without Django."""

from enum import StrEnum


class Verdict(StrEnum):
    """CONFIRMED and RULED_OUT need a field or line that says so; COULD_NOT_TELL names what was missing."""

    CONFIRMED = "confirmed"
    SUSPECTED = "suspected"
    RULED_OUT = "ruled_out"
    COULD_NOT_TELL = "could_not_tell"

    @property
    def rank(self) -> int:
        return list(Verdict).index(self)
