"""Closed sets of the diagnosis: severities, verdicts, the vocabulary of causes and what explains what."""

from core.diagnosis import Severity
from diagnosis.choices.causes import CAUSES, Cause, CauseClass, add_cause, cause_of
from diagnosis.choices.explains import EXPLAINS, explains
from diagnosis.choices.levels import Verdict

__all__ = ["CAUSES", "EXPLAINS", "Cause", "CauseClass", "Severity", "Verdict", "add_cause", "cause_of", "explains"]
