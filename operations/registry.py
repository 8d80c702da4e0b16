"""What an operation is, declared once, in its app; every door reads it from here. Filled by the apps at start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Protocol

from pydantic import BaseModel

from core.actor import Actor, Decision, Door
from core.errors import NotFound, shorten
from core.slot import Slot
from operations.choices import Risk

# The name of the step that makes the operation's own commit.
COMMIT_STEP = "commit"


@dataclass(frozen=True, slots=True)
class Done:
    """A step has ended well. `value` is stored and handed to later steps; `says` is the line people read."""

    says: str = ""
    value: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask again in `seconds`, or sooner when the observer pokes the operation; no worker is held meanwhile."""

    seconds: float
    says: str


class StepContext(Protocol):
    """What a step may know and do; `name` is its own. Steps are idempotent: a worker may die after any of them."""

    operation_id: str
    name: str
    tenant: str
    service: str
    actor: str
    door: str
    parameters: Any
    plan: Mapping[str, Any]
    results: Mapping[str, Mapping[str, Any]]
    waited_s: float

    @property
    def cancel_requested(self) -> bool:
        """Asked again each time, for steps that can stop early."""

    def keep_lease(self) -> None:
        """Asked right before what cannot be undone: a worker that the operation was taken from stops here."""

    def log(self, text: str) -> None:
        """A line of the operation's log, at most 1,000 characters; also a heartbeat."""

    def start_child(self, name: str, parameters: Mapping[str, Any]) -> str:
        """Starts another operation within this one's target, one for each name and target, and returns its id.

        A step that runs again finds it. The child has the same actor and door; its policy and check may refuse it.
        """

    def wait_for_children(self) -> Done | Wait:
        """What a step returns that has started children: Done once all have succeeded, with
        `{"children": {id: state}}`. Raises the problem of a child that ended otherwise."""


@dataclass(frozen=True, slots=True)
class StepDefinition:
    """`cancellable`: a cancel that arrives while this step waits ends the operation there; one that is not goes on to
    its end once begun. Before a step has begun, a cancel always ends the operation.

    A value `{"sha": ..., "changed": bool}` of the step named `commit` is shown as the commit of the operation.
    """

    name: str
    title: str
    run: Callable[[StepContext], Done | Wait]
    cancellable: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    tenant: str
    service: str = ""

    def __str__(self) -> str:
        return f"{self.tenant}/{self.service}" if self.service else self.tenant

    def contains(self, other: "Target") -> bool:
        """Whether the other is the same, or a service of this tenant."""
        return self.tenant == other.tenant and self.service in ("", other.service)


@dataclass(frozen=True, slots=True)
class Ended:
    """An operation that ended after its commit. `commit` is that step's result: `{"sha", "before"}`, where `before` is
    the commit to return to and empty where there is none. `parameters` are those the ledger keeps."""

    target: Target
    parameters: Mapping[str, Any]
    commit: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Offer:
    """What people may start next: an operation by its registered name, with its parameters."""

    label: str
    operation: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OperationDefinition:
    """`parameters` is a pydantic model (extra fields forbidden); fields marked `json_schema_extra={"secret": True}`
    never reach the ledger. `plan(actor, parameters)` returns the JSON that `actions.plan` hands to people, its hash
    included. `check(actor, parameters)` refuses what has no meaning (raises Problem) before a row is written.
    `must_confirm`: everybody sends the hash of its plan. `destructive`: agents do, at any door.
    `undo(ended)` says which operation takes the commit back; None where none does.
    """

    name: str
    title: str
    description: str
    risk: Risk
    must_confirm: bool
    parameters: type[BaseModel]
    target: Callable[[Any], Target]
    summary: Callable[[Any], str]
    policy: Callable[[Actor, Any], Decision]
    check: Callable[[Actor, Any], None]
    plan: Callable[[Actor, Any], dict[str, Any]]
    steps: Callable[[Any], tuple[StepDefinition, ...]]
    example: Mapping[str, Any] = field(default_factory=dict)
    destructive: bool = False
    undo: Callable[[Ended], Offer | None] = lambda ended: None

    @property
    def agents_must_confirm(self) -> bool:
        """An agent starts it only with the hash of a plan that a person has seen."""
        return self.destructive or self.must_confirm or self.risk == Risk.HIGH

    def secret_fields(self) -> frozenset[str]:
        return frozenset(
            name
            for name, info in self.parameters.model_fields.items()
            if isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("secret")
        )


def _nobody_vouches(actor: Actor, allows: Callable[[Actor], bool]) -> Actor:
    raise RuntimeError("Nobody says how old a membership may be; tenants fills that in at start.")


_definitions: dict[str, OperationDefinition] = {}
# `tenants` fills in `actor_for(login, door=..., client=...)`, the person with the roles known now.
PEOPLE: Slot[Callable[..., Actor]] = Slot("people", Actor)
# `tenants` fills in the rule about how old a membership may be that a change relies on.
FRESHNESS: Slot[Callable[[Actor, Callable[[Actor], bool]], Actor]] = Slot("freshness", _nobody_vouches)
# `diagnosis` fills in `diagnose(tenant, service) -> Diagnosis.as_dict()`.
DIAGNOSIS: Slot[Callable[[str, str], dict[str, Any]]] = Slot("diagnosis", lambda tenant, service: {})


def register(definition: OperationDefinition) -> None:
    if definition.name in _definitions:
        raise ValueError(f"Operation {definition.name} is declared twice.")
    # The worker reads the parameters back without their secrets, so those must have a default to be absent with.
    needed = [name for name in definition.secret_fields() if definition.parameters.model_fields[name].is_required()]
    if needed:
        raise ValueError(f"Operation {definition.name}: secret fields need a default: {', '.join(sorted(needed))}.")
    _definitions[definition.name] = definition


def definitions() -> Mapping[str, OperationDefinition]:
    return dict(sorted(_definitions.items()))


def definition_of(name: str) -> OperationDefinition:
    """Raises NotFound with the nearest names."""
    if name in _definitions:
        return _definitions[name]
    near = get_close_matches(name, _definitions, n=3, cutoff=0.5)
    raise NotFound(
        f"There is no operation {shorten(name)!r}.",
        remedy=f"Did you mean {' or '.join(near)}?" if near else "See the list of operations.",
        operation=shorten(name),
        nearest=near,
    )


def actor_for(login: str, *, door: Door, client: str = "") -> Actor:
    """The person with the roles known now; without anybody to ask, somebody without a role."""
    return PEOPLE.value(login, door=door, client=client)


def relied_upon(actor: Actor, allows: Callable[[Actor], bool]) -> Actor:
    """The actor with nothing but what may be relied upon now. Raises Unavailable where that cannot be found out."""
    return FRESHNESS.value(actor, allows)


def diagnosis_of(tenant: str, service: str) -> dict[str, Any]:
    return DIAGNOSIS.value(tenant, service) if service else {}
