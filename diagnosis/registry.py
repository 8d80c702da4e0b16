"""What can be diagnosed by its name, as the apps declare it. Filled at start."""

from collections.abc import Mapping
from typing import Any

from core.diagnosis import Check, DiagnosisTarget
from diagnosis.choices import add_cause

_targets: dict[str, DiagnosisTarget[Any]] = {}
# Doors have these words for themselves.
TAKEN = frozenset({"team", "service", "operation", "operation_id"})


def register(target: DiagnosisTarget[Any]) -> None:
    """Raises ValueError for a name, a kind or a cause that is declared twice."""
    if target.name in _targets or target.name in TAKEN:
        raise ValueError(f"The diagnosis target {target.name} is declared twice.")
    twice = sorted(reads_by_kind().keys() & target.reads.keys())
    if twice:
        raise ValueError(f"The diagnosis target {target.name} declares {', '.join(twice)} once more.")
    for cause in target.causes:
        add_cause(cause)
    _targets[target.name] = target


def targets() -> Mapping[str, DiagnosisTarget[Any]]:
    return _targets


def reads_by_kind() -> Mapping[str, tuple[Any, ...]]:
    """What is read for a target of a kind, besides what is read for any."""
    return {kind: rows for target in _targets.values() for kind, rows in target.reads.items()}


def checks_of(kind: str) -> tuple[Check, ...]:
    """The checks that apps declare for a target of that kind."""
    return next((target.checks for target in _targets.values() if kind in target.reads), ())
