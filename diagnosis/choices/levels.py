"""How bad, and how sure. Plain enums: the engine runs without Django."""

from enum import StrEnum


class Severity(StrEnum):
    """PROBLEM: users or deploys suffer now. WARNING: they will, or part of it does. NOTICE: worth a line, no alarm."""

    PROBLEM = "problem"
    WARNING = "warning"
    NOTICE = "notice"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Verdict(StrEnum):
    """CONFIRMED and RULED_OUT need a field or line that says so; COULD_NOT_TELL names what was missing."""

    CONFIRMED = "confirmed"
    SUSPECTED = "suspected"
    RULED_OUT = "ruled_out"
    COULD_NOT_TELL = "could_not_tell"

    @property
    def rank(self) -> int:
        return list(Verdict).index(self)
