"""What can be diagnosed by its name, as the apps declare it. Filled at start."""

from collections.abc import Mapping
from typing import Any

from core.diagnosis import Check, DiagnosisTarget, Target
from diagnosis.choices import add_cause

_targets: dict[str, DiagnosisTarget[Any]] = {}
# Doors have these words for themselves.
TAKEN = frozenset({"team", "service", "operation", "operation_id"})


def register(target: DiagnosisTarget[Any]) -> None:
    """Raises ValueError for a name or a cause that is taken. Two targets may read the same kind."""
    if target.name in TAKEN:
        raise ValueError(f"No diagnosis target can be called {target.name}: the doors use the word themselves.")
    if target.name in _targets:
        raise ValueError(f"The diagnosis target {target.name} is declared twice.")
    for cause in target.causes:
        add_cause(cause)
    _targets[target.name] = target


def targets() -> Mapping[str, DiagnosisTarget[Any]]:
    return _targets


def reads_of(target: Target) -> tuple[Any, ...]:
    """What is read for it besides what is read for any."""
    return tuple(dict.fromkeys(row for one in _declared_for(target) for row in one.reads[target.kind]))


def checks_of(target: Target) -> tuple[Check, ...]:
    """The checks that apps declare for it."""
    return tuple(check for one in _declared_for(target) for check in one.checks)


def _declared_for(target: Target) -> list[DiagnosisTarget[Any]]:
    """The declaration that found it; where people named only a kind, all that read this kind."""
    chosen = [_targets[target.declared]] if target.declared else _targets.values()
    return [one for one in chosen if target.kind in one.reads]
