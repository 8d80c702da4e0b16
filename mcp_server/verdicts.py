"""One thing that was looked at and what came of it, for the inspector and the configuration check."""

from dataclasses import dataclass

from core.words import Tone


@dataclass(frozen=True, slots=True)
class Verdict:
    tone: Tone
    sentence: str
    remedy: str = ""

    @property
    def icon(self) -> str:
        return self.tone.icon if self.tone is not Tone.BAD else "octagon"


def good(sentence: str) -> Verdict:
    return Verdict(Tone.OK, sentence)


def bad(sentence: str, remedy: str = "") -> Verdict:
    return Verdict(Tone.BAD, sentence, remedy)


def doubtful(sentence: str, remedy: str = "") -> Verdict:
    return Verdict(Tone.WARN, sentence, remedy)


def unknown(sentence: str, remedy: str = "") -> Verdict:
    return Verdict(Tone.UNKNOWN, sentence, remedy)
