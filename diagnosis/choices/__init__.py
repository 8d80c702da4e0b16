"""Closed sets of the diagnosis: severities, verdicts, the vocabulary of causes and what explains what."""

from core.words import Severity, Verdict
from diagnosis.choices.causes import CAUSES, Cause, CauseClass, add_cause, cause_of
from diagnosis.choices.explains import EXPLAINS, explains

__all__ = ["CAUSES", "EXPLAINS", "Cause", "CauseClass", "Severity", "Verdict", "add_cause", "cause_of", "explains"]
