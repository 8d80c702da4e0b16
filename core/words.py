"""The status words: one enum each for pages, REST and MCP, with label, tone and icon. Never colour alone.

`Tone` is the meaning a colour carries; `icon` names a drawing in templates/components/icons.html.
"""

from enum import StrEnum
from typing import Any, Self


class Tone(StrEnum):
    OK = "ok"
    BUSY = "busy"
    WARN = "warn"
    BAD = "bad"
    IDLE = "idle"
    UNKNOWN = "unk"

    @property
    def icon(self) -> str:
        return {"ok": "check", "busy": "ring", "warn": "triangle", "bad": "octagon", "idle": "pause", "unk": "dashed"}[
            self.value
        ]


class StatusWord(StrEnum):
    """A closed set of words. A member is declared with its tone, and with an icon where that of the tone misleads."""

    tone: Tone
    icon: str

    def __new__(cls, word: str, *look: Any) -> Self:
        """`look` is the tone and, where there is one, the icon. A member is also looked up by its word alone."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.tone, *icon = look
        member.icon = icon[0] if icon else member.tone.icon
        return member

    @property
    def label(self) -> str:
        return self.value


class Health(StatusWord):
    """Argo CD's words for the state of a workload; members in order of urgency."""

    DEGRADED = "Degraded", Tone.BAD
    MISSING = "Missing", Tone.WARN
    PROGRESSING = "Progressing", Tone.BUSY
    UNKNOWN = "Unknown", Tone.UNKNOWN
    SUSPENDED = "Suspended", Tone.IDLE
    HEALTHY = "Healthy", Tone.OK

    @classmethod
    def read(cls, word: str) -> "Health":
        return cls(word) if word in set(cls) else cls.UNKNOWN


class Sync(StatusWord):
    """Argo CD's words for git against cluster."""

    OUT_OF_SYNC = "OutOfSync", Tone.WARN
    UNKNOWN = "Unknown", Tone.UNKNOWN
    SYNCED = "Synced", Tone.OK

    @classmethod
    def read(cls, word: str) -> "Sync":
        return cls(word) if word in set(cls) else cls.UNKNOWN


class Severity(StatusWord):
    """PROBLEM: users or deploys suffer now. WARNING: they will, or part of it does. NOTICE: worth a line, no alarm."""

    PROBLEM = "problem", Tone.BAD
    WARNING = "warning", Tone.WARN
    NOTICE = "notice", Tone.IDLE

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Verdict(StatusWord):
    """CONFIRMED and RULED_OUT need a field or line that says so; COULD_NOT_TELL names what was missing."""

    CONFIRMED = "confirmed", Tone.BAD
    SUSPECTED = "suspected", Tone.WARN
    RULED_OUT = "ruled_out", Tone.OK
    COULD_NOT_TELL = "could_not_tell", Tone.UNKNOWN

    @property
    def label(self) -> str:
        return self.value.replace("_", " ")

    @property
    def rank(self) -> int:
        return list(Verdict).index(self)
