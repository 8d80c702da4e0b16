"""Every view names its verb. A test walks the routes and fails on a view without one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.http import HttpRequest

from core.actor import Actor, Decision, MissingRight
from core.errors import Forbidden
from core.slot import Slot

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"


class ActorRequest(HttpRequest):
    """A request that a door has let in: its middleware has set the actor."""

    actor: Actor


def gate(verb: str, *, shows_plans: bool = False) -> Callable[[View], View]:
    """Marks a view with the verb of its row in the permission table (`services.deploy`).

    The rule itself stands in the app's `policies` and is asked by its queries and actions, the same for every door.
    A view that `shows_plans` changes nothing on a post with `intent=plan`, so such a post counts as reading.
    """

    def mark(view: View) -> View:
        view.gate_verb, view.shows_plans = verb, shows_plans  # type: ignore[attr-defined]
        return view

    return mark


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a refusal tells beyond its reason: whom to ask, and the same as facts."""

    remedy: str
    facts: Mapping[str, Any]


# `tenants` knows teams and owners, and explains a refusal for every door at once.
EXPLAINER: Slot[Callable[[MissingRight], Explanation] | None] = Slot("explainer", None)


def require(decision: Decision, **facts: Any) -> None:
    """Raises Forbidden with the decision's own reason, and with whom to ask where a role is what is missing."""
    if decision.allowed:
        return
    told = Explanation(decision.remedy, {})
    if decision.missing_right is not None and EXPLAINER.value is not None:
        told = EXPLAINER.value(decision.missing_right)
    raise Forbidden(decision.reason, remedy=told.remedy, **{**told.facts, **facts})
