"""The labels of a namespace, and the levels they ask for."""

from dataclasses import dataclass
from typing import Any

from sandbox.kubeapi.errors import Cause, invalid_value

PRIVILEGED, BASELINE, RESTRICTED = "privileged", "baseline", "restricted"
_STRICTNESS = (PRIVILEGED, BASELINE, RESTRICTED)
_PREFIX = "pod-security.kubernetes.io/"
LATEST = "latest"
_NEWEST_MINOR = 1000


@dataclass(frozen=True, slots=True)
class Level:
    name: str = PRIVILEGED
    version: str = LATEST

    def __str__(self) -> str:
        return f"{self.name}:{self.version}"

    @property
    def minor(self) -> int:
        """The minor version of Kubernetes whose rules count."""
        return _NEWEST_MINOR if self.version == LATEST else int(self.version.removeprefix("v1."))

    @property
    def strictness(self) -> int:
        return _STRICTNESS.index(self.name)


@dataclass(frozen=True, slots=True)
class Policy:
    enforce: Level
    warn: Level


def policy_of(labels: dict[str, str]) -> Policy:
    """What cannot be read is enforced as restricted and not warned of. Audit levels leave no trace here."""
    enforce = Level(_name(labels, "enforce", RESTRICTED), _version(labels, "enforce"))
    warn = Level(_name(labels, "warn", PRIVILEGED), _version(labels, "warn"))
    asked = labels.get(f"{_PREFIX}enforce")
    if f"{_PREFIX}warn" not in labels and asked in _STRICTNESS and enforce.strictness > 0:
        version = warn.version if f"{_PREFIX}warn-version" in labels else enforce.version
        warn = Level(enforce.name, version)
    return Policy(enforce, warn)


def _name(labels: dict[str, str], mode: str, unreadable: str) -> str:
    asked = labels.get(_PREFIX + mode, PRIVILEGED)
    return asked if asked in _STRICTNESS else unreadable


def _version(labels: dict[str, str], mode: str) -> str:
    asked = labels.get(f"{_PREFIX}{mode}-version", LATEST)
    return asked if _is_version(asked) else LATEST


def _is_version(text: str) -> bool:
    minor = text.removeprefix("v1.")
    return text == LATEST or (minor != text and minor.isdecimal() and str(int(minor)) == minor)


def refusals_of_labels(labels: dict[str, Any]) -> list[Cause]:
    causes = []
    for mode in ("enforce", "audit", "warn"):
        for label, is_valid, why in (
            (_PREFIX + mode, _STRICTNESS.__contains__, f"must be one of {', '.join(_STRICTNESS)}"),
            (f"{_PREFIX}{mode}-version", _is_version, 'must be "latest" or "v1.x"'),
        ):
            if label in labels and not is_valid(labels[label]):
                causes.append(invalid_value(f"metadata.labels[{label}]", labels[label], why))
    return causes
