"""Whether somebody may start an operation with these parameters, and the audit of every refusal."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from core.actor import Actor
from core.errors import Busy, Forbidden, NotFound, Problem, shorten
from core.gate import require
from core.parse import parse_parameters
from operations.choices import AuditResult
from operations.engine.audit import record_attempt, redacted
from operations.errors import ReadOnly
from operations.registry import OperationDefinition, Target, definition_of, relied_upon


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for, parsed. `kept` holds its parameters without the secret ones."""

    definition: OperationDefinition
    parameters: Any
    target: Target
    kept: Mapping[str, Any]


@dataclass(slots=True)
class Attempt:
    """What is known so far of an attempt, for its row in the audit."""

    target: Target | None = None
    kept: Mapping[str, Any] | None = None


@contextmanager
def audit_refusals(actor: Actor, name: str, *, retried: tuple[type[Problem], ...] = ()) -> Iterator[Attempt]:
    """Writes each Problem that is raised inside into the audit, and raises it again.

    `retried` are those after which the caller tries again: they are no refusal.
    """
    attempt = Attempt()
    try:
        yield attempt
    except retried:
        raise
    except Problem as problem:
        record_attempt(
            actor,
            shorten(name),
            result=AuditResult.DENIED if isinstance(problem, Forbidden) else AuditResult.REFUSED,
            tenant=attempt.target.tenant if attempt.target else "",
            target=str(attempt.target or ""),
            operation=str(problem.facts.get("operation", "")) if isinstance(problem, Busy) else "",
            reason=problem.sentence,
            # Input that could not be parsed may hold a secret under a mistyped name, so it is not repeated.
            parameters=redacted(attempt.kept) if attempt.kept is not None else {},
        )
        problem.recorded = True
        raise


def admit(actor: Actor, name: str, parameters: Mapping[str, Any], attempt: Attempt, *, writes: bool = False) -> Request:
    """The request, parsed, allowed and meaningful."""
    request = parse_request(name, parameters, attempt)
    judge(actor, request, writes=writes)
    return request


def parse_request(name: str, parameters: Mapping[str, Any], attempt: Attempt) -> Request:
    definition = definition_of(name)
    values = parse_parameters(definition.parameters, parameters)
    kept = values.model_dump(mode="json", exclude=set(definition.secret_fields()), exclude_unset=True)
    attempt.target, attempt.kept = definition.target(values), kept
    return Request(definition, values, attempt.target, kept)


def judge(actor: Actor, request: Request, *, writes: bool = False) -> None:
    """Raises Forbidden, and what the check raises. The policy comes first: anyone who is denied learns nothing more.

    With `writes`, the role must be one that may be relied upon now.
    """
    definition, values = request.definition, request.parameters
    if writes:
        refuse_when_read_only()
        actor = relied_upon(actor, lambda who: allows(definition, who, values))
    require(definition.policy(actor, values), operation=definition.name, target=str(request.target))
    definition.check(actor, values)


def allows(definition: OperationDefinition, actor: Actor, values: Any) -> bool:
    """Nobody may do anything with a target that is hidden from them."""
    try:
        return definition.policy(actor, values).allowed
    except NotFound:
        return False


def refuse_when_read_only() -> None:
    """Raises ReadOnly where nothing may be changed."""
    if settings.READ_ONLY:
        raise ReadOnly(
            "This installation is read-only: nothing can be changed through it.",
            remedy="Ask whoever runs it; the setting is MCTL_READ_ONLY.",
        )
