"""What the system check says: lines in groups. Plain values; nothing here asks a system."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.errors import Problem
from core.words import Tone

# More lines of "ok" would hide the few that are not.
FOLDED_FROM = 12


class State(StrEnum):
    """MISSING: asked, and it is not as MCTL needs it. NOT_ASKED: no answer came, so it may be there or not."""

    OK = "ok"
    MISSING = "missing"
    NOT_CONFIGURED = "not configured"
    NOT_ASKED = "could not ask"

    @property
    def label(self) -> str:
        return self.value.capitalize() if self is not State.OK else "OK"


@dataclass(frozen=True, slots=True)
class Line:
    """`rule` is a rule of a ClusterRole or Role as YAML, where a right is missing. MCTL works without what is not
    required, and says what it then cannot tell."""

    name: str
    state: State
    sentence: str
    remedy: str = ""
    rule: str = ""
    is_required: bool = True

    @property
    def is_well(self) -> bool:
        return self.state is State.OK

    @property
    def said(self) -> str:
        """The sentence, and where something is not there, whether MCTL does without."""
        is_there = self.state in {State.OK, State.NOT_ASKED}
        return self.sentence if self.is_required or is_there else f"{self.sentence} Not required."

    @property
    def fails(self) -> bool:
        return self.is_required and not self.is_well

    @property
    def tone(self) -> Tone:
        if self.is_well:
            return Tone.OK
        if self.fails:
            return Tone.BAD
        return Tone.IDLE if self.state is State.NOT_CONFIGURED else Tone.WARN

    @property
    def icon(self) -> str:
        return self.tone.icon

    @property
    def label(self) -> str:
        return self.state.label


class NotConfigured(Problem):
    """Raised by a part whose system no setting names."""

    code = "not_configured"


@dataclass(frozen=True, slots=True)
class Part:
    """One question. `look` answers with one line or several, and may raise anything.

    The other fields are for that case: what to do, the part that asks the same system and is counted for it, and
    whether MCTL needs the answer.
    """

    group: str
    name: str
    look: Callable[[], Line | Sequence[Line]]
    remedy: str = ""
    stands_on: str = ""
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    lines: tuple[Line, ...]

    @property
    def is_folded(self) -> bool:
        """Whether what is well is worth a number only."""
        return len(self.well) >= FOLDED_FROM

    @property
    def wrong(self) -> tuple[Line, ...]:
        """What a person must look at, the required first."""
        return tuple(sorted((line for line in self.lines if not line.is_well), key=lambda line: not line.fails))

    @property
    def well(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.is_well)


@dataclass(frozen=True, slots=True)
class Report:
    checked_at: datetime
    took_s: float
    groups: tuple[Group, ...]

    @property
    def failing(self) -> int:
        return sum(line.fails for group in self.groups for line in group.lines)

    @property
    def is_well(self) -> bool:
        return not self.failing

    @property
    def sentence(self) -> str:
        if self.is_well:
            return "Everything that MCTL needs is there."
        return f"{self.failing} thing{'s' if self.failing > 1 else ''} that MCTL needs cannot be relied on now."


def ok_line(name: str, sentence: str) -> Line:
    return Line(name, State.OK, sentence)


def missing_line(name: str, sentence: str, remedy: str = "", *, is_required: bool = True) -> Line:
    return Line(name, State.MISSING, sentence, remedy, is_required=is_required)


def not_configured_line(name: str, sentence: str, remedy: str = "", *, is_required: bool = True) -> Line:
    return Line(name, State.NOT_CONFIGURED, sentence, remedy, is_required=is_required)


def not_asked_line(name: str, sentence: str, remedy: str = "", *, is_required: bool = True) -> Line:
    return Line(name, State.NOT_ASKED, sentence, remedy, is_required=is_required)
