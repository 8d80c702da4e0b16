"""The status words: one enum each for pages, REST and MCP, with label, tone and icon. Never colour alone.

`Tone` is the meaning a colour carries; `icon` names a drawing in templates/components/icons.html.
"""

from enum import StrEnum


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
    """A closed set of words; each member says how it looks."""

    @property
    def label(self) -> str:
        return self.value

    @property
    def tone(self) -> Tone:
        return TONES[self.value.lower()]

    @property
    def icon(self) -> str:
        return self.tone.icon


class Health(StatusWord):
    """Argo CD's words for the state of a workload; members in order of urgency."""

    DEGRADED = "Degraded"
    MISSING = "Missing"
    PROGRESSING = "Progressing"
    UNKNOWN = "Unknown"
    SUSPENDED = "Suspended"
    HEALTHY = "Healthy"

    @classmethod
    def read(cls, word: str) -> "Health":
        return cls(word) if word in set(cls) else cls.UNKNOWN


class Sync(StatusWord):
    """Argo CD's words for git against cluster."""

    OUT_OF_SYNC = "OutOfSync"
    UNKNOWN = "Unknown"
    SYNCED = "Synced"

    @classmethod
    def read(cls, word: str) -> "Sync":
        return cls(word) if word in set(cls) else cls.UNKNOWN


TONES = {
    "healthy": Tone.OK,
    "synced": Tone.OK,
    "succeeded": Tone.OK,
    "progressing": Tone.BUSY,
    "running": Tone.BUSY,
    "queued": Tone.BUSY,
    "outofsync": Tone.WARN,
    "missing": Tone.WARN,
    "degraded": Tone.BAD,
    "failed": Tone.BAD,
    "stalled": Tone.BAD,
    "suspended": Tone.IDLE,
    "cancelled": Tone.IDLE,
    "unknown": Tone.UNKNOWN,
    "pending": Tone.UNKNOWN,
}
