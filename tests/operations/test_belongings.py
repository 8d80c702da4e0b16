"""What hangs on a target: a removal lists it, removes it, and sees that it is gone, knowing no other app."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from integrations.errors import Unreachable
from operations import belongings
from operations.belongings import (
    Belonging,
    Item,
    add_belonging,
    belongings_of,
    impact_list,
    list_step,
    receipt,
    removal_steps,
    verify_step,
)
from operations.registry import Done, StepContext, StepDefinition, Target, Wait

CHECKOUT = Target("payments", "checkout-web")
KITES = {str(CHECKOUT): ["red", "blue"]}


class Kites:
    """A throw-away kind of thing that hangs on services."""

    def __init__(self) -> None:
        self.there = {target: list(names) for target, names in KITES.items()}
        self.wind_holds_them = False

    def list(self, target: Target) -> list[Item]:
        return [Item(name, "it flies away") for name in self.there.get(str(target), [])]

    def removal(self, target: Target, keep: bool) -> tuple[StepDefinition, ...] | None:
        return None if keep else (StepDefinition("kite-cut", "Cut the strings", lambda step: self.cut(target)),)

    def cut(self, target: Target) -> Done:
        if not self.wind_holds_them:
            self.there.pop(str(target), None)
        return Done("cut")

    def gone(self, target: Target) -> bool:
        return not self.there.get(str(target))


@pytest.fixture
def kites(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kites]:
    monkeypatch.setattr(belongings, "_belongings", {})
    found = Kites()
    add_belonging(Belonging("kite", found.list, found.removal, found.gone))
    return found


def run(steps: list[StepDefinition]) -> tuple[dict[str, Any], Done | Wait]:
    """The steps as the engine runs them, each with the results of those before it."""
    results: dict[str, Any] = {}
    outcome: Done | Wait = Done()
    for step in steps:
        outcome = step.run(context(results))
        if isinstance(outcome, Wait):
            break
        results[step.name] = outcome.value
    return results, outcome


def context(results: dict[str, Any]) -> StepContext:
    return SimpleNamespace(results=results)  # type: ignore[return-value]


def removal(keep: tuple[str, ...] = ()) -> list[StepDefinition]:
    return [list_step(CHECKOUT, keep), *removal_steps(CHECKOUT, keep), verify_step(CHECKOUT)]


def test_the_impact_list_names_each_thing_and_whether_it_stays(kites: Kites) -> None:
    row = {"kind": "kite", "name": "red", "says": "it flies away", "kept": False}
    assert impact_list(CHECKOUT) == [row, {**row, "name": "blue"}]
    assert [one["kept"] for one in impact_list(CHECKOUT, keep=["kite"])] == [True, True]


def test_a_target_without_any_has_an_empty_list(kites: Kites) -> None:
    assert belongings_of(Target("payments", "ledger-api")) == []
    assert impact_list(Target("payments")) == []


def test_a_removal_lists_removes_and_verifies(kites: Kites) -> None:
    results, outcome = run(removal())
    assert kites.there == {}
    assert isinstance(outcome, Done)
    assert outcome.says == "kite red removed, kite blue removed"
    assert [row["result"] for row in results["gone"]["receipt"]] == ["removed", "removed"]


def test_what_is_kept_has_no_steps_and_stands_in_the_receipt(kites: Kites) -> None:
    assert removal_steps(CHECKOUT, keep=["kite"]) == ()
    results, _ = run(removal(keep=("kite",)))
    assert kites.there == KITES
    assert {row["result"] for row in results["gone"]["receipt"]} == {"kept"}


def test_the_last_step_waits_for_what_is_still_there(kites: Kites) -> None:
    kites.wind_holds_them = True
    _, outcome = run(removal())
    assert isinstance(outcome, Wait)
    assert outcome.says == "still there: kite red, kite blue"
    assert {row["result"] for row in receipt(impact_list(CHECKOUT), CHECKOUT)} == {"left"}


def test_the_steps_are_the_same_before_and_after_the_removal(kites: Kites) -> None:
    before = [step.name for step in removal()]
    run(removal())
    assert [step.name for step in removal()] == before


def test_what_cannot_be_read_is_not_taken_for_absent(kites: Kites) -> None:
    def away(target: Target) -> list[Item]:
        raise Unreachable("kubernetes", "The cluster does not answer.")

    add_belonging(Belonging("balloon", away, kites.removal, kites.gone))
    with pytest.raises(Unreachable):
        impact_list(CHECKOUT)


def test_two_of_one_kind_and_two_steps_of_one_name_are_refused(kites: Kites) -> None:
    with pytest.raises(ValueError, match="twice"):
        add_belonging(Belonging("kite", kites.list, kites.removal, kites.gone))
    add_belonging(Belonging("dragon", kites.list, kites.removal, kites.gone))
    with pytest.raises(ValueError, match="kite-cut"):
        removal_steps(CHECKOUT)


def test_a_step_named_like_the_last_of_a_removal_is_refused(kites: Kites) -> None:
    taken = StepDefinition(verify_step(CHECKOUT).name, "Let it fly", lambda step: Done())
    add_belonging(Belonging("dragon", kites.list, lambda target, keep: (taken,), kites.gone))
    with pytest.raises(ValueError, match=taken.name):
        removal_steps(CHECKOUT)
