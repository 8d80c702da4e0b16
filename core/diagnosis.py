"""How an app makes what it owns diagnosable, without knowing the diagnosis, which stands above it.

An app lists its `DIAGNOSIS_TARGETS` in its `diagnosis_targets.py`; the diagnosis collects them at start. Every door
that diagnoses then takes them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from core.actor import Actor
from core.words import Severity

# A row of the Kubernetes gateway's table of kinds, which core does not know.
Kind = TypeVar("Kind")
Obj = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked about. `kind` is a Kubernetes kind; `name` the object's or, for a Deployment, the service's.

    `declared` is the name of the DiagnosisTarget whose finder found it, "" where people named the kind themselves.
    """

    kind: str
    namespace: str
    name: str
    declared: str = ""

    def __str__(self) -> str:
        where = f"{self.namespace}/{self.name}"
        return where if self.kind == "Deployment" else f"{self.kind} {where}"


class Objects(Protocol):
    """What was read for a target."""

    def get(self, kind: str, namespace: str, name: str, /) -> Obj | None: ...
    def all(self, kind: str, namespace: str | None = None, /) -> list[Obj]: ...


@dataclass(frozen=True, slots=True)
class DeclaredCause:
    """`guide` is the section of the troubleshooting guide that speaks of it."""

    id: str
    title: str
    severity: Severity
    guide: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A field of an object. `is_foreign`: programs of the cluster wrote the value."""

    about: Obj
    field: str
    value: object
    says: str
    is_foreign: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do, in words; `operation` with `parameters` does it, where that operation accepts them."""

    label: str
    operation: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a check of an app has found. `cause` is one that its target declares; `key` tells two of a cause apart."""

    cause: str
    title: str
    detail: str = ""
    facts: tuple[Fact, ...] = ()
    advice: tuple[Advice, ...] = ()
    key: str = ""


Check = Callable[[Objects, Target, datetime], Iterable[Trouble]]


@dataclass(frozen=True, slots=True)
class DiagnosisTarget(Generic[Kind]):
    """`name` is the word people use at REST and in the agents' tool, such as `database`.

    `find(actor, tenant, value)` returns the object meant. The tenant is one that the actor sees; the rest it checks
    itself. Raises NotFound. `reads` says for each kind that it may return what is read to tell how that stands.
    """

    name: str
    description: str
    find: Callable[[Actor, str, str], Target]
    reads: Mapping[str, tuple[Kind, ...]]
    longest: int = 253
    causes: tuple[DeclaredCause, ...] = ()
    checks: tuple[Check, ...] = ()
