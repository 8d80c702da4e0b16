"""What hangs on a target and goes with it, such as the databases and domains of a service.

An app declares a `Belonging` in its `belongings.py` and adds it in `apps.py`. An operation that removes a target asks
here for the impact list, the steps and the receipt, and knows no other app.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

from django.conf import settings

from operations.registry import Done, StepContext, StepDefinition, Target, Wait

LIST_STEP, VERIFY_STEP = "belongings", "gone"


class Item(NamedTuple):
    """One thing that hangs on a target; `says` tells people what they lose with it."""

    name: str
    says: str = ""


@dataclass(frozen=True, slots=True)
class Belonging:
    """`kind` is one word for people, such as "database". `list(target)` looks at what is there now.

    `removal(target, keep)` answers the steps that remove it, or None where it is kept. It must answer the same for the
    same target at any time, since a worker asks again; so its steps must do nothing where nothing is there.
    `gone(target)` looks whether nothing of it is left.
    """

    kind: str
    list: Callable[[Target], Sequence[Item]]
    removal: Callable[[Target, bool], Sequence[StepDefinition] | None]
    gone: Callable[[Target], bool]


_belongings: dict[str, Belonging] = {}


def add_belonging(belonging: Belonging) -> None:
    """Called by each app at start. Raises ValueError for a kind that another one has."""
    if belonging.kind in _belongings:
        raise ValueError(f"The belonging {belonging.kind} is declared twice.")
    _belongings[belonging.kind] = belonging


def belongings_of(target: Target) -> list[tuple[Belonging, Sequence[Item]]]:
    """The kinds of which something hangs on the target now. Raises what their lists raise: unread is not absent."""
    found = [(belonging, belonging.list(target)) for belonging in _belongings.values()]
    return [(belonging, items) for belonging, items in found if items]


def impact_list(target: Target, keep: Collection[str] = ()) -> list[dict[str, Any]]:
    """For a plan: `{"kind", "name", "says", "kept"}` of each thing. `keep` names the kinds that stay."""
    return [
        {
            "kind": belonging.kind,
            "name": item.name,
            "says": item.says,
            "kept": steps_of(belonging, target, keep) is None,
        }
        for belonging, items in belongings_of(target)
        for item in items
    ]


def removal_steps(target: Target, keep: Collection[str] = ()) -> tuple[StepDefinition, ...]:
    """The steps of all kinds that do not stay. Raises ValueError where one has the name of another step."""
    steps = [step for one in _belongings.values() for step in steps_of(one, target, keep) or ()]
    names = [LIST_STEP, VERIFY_STEP, *(step.name for step in steps)]
    if len(set(names)) < len(names):
        raise ValueError(f"Two steps of a removal have one name: {', '.join(sorted(names))}.")
    return tuple(steps)


def steps_of(belonging: Belonging, target: Target, keep: Collection[str]) -> Sequence[StepDefinition] | None:
    return belonging.removal(target, belonging.kind in keep)


def list_step(target: Target, keep: Collection[str] = ()) -> StepDefinition:
    """The first step of a removal: what hangs on the target is kept for the receipt."""
    return StepDefinition(LIST_STEP, "List what goes with it", partial(_write_list, target=target, keep=keep))


def verify_step(target: Target) -> StepDefinition:
    """The last step of a removal: waits until everything that was to go is gone, and writes the receipt."""
    return StepDefinition(VERIFY_STEP, "See that it is gone", partial(_write_receipt, target=target))


def receipt(listed: Sequence[Mapping[str, Any]], target: Target) -> list[dict[str, Any]]:
    """What became of an impact list: `{"kind", "name", "result"}` where result is kept, removed or left."""
    kinds = {str(row["kind"]) for row in listed if not row["kept"]}
    left = {kind for kind in kinds if not _belongings[kind].gone(target)}
    return [{"kind": row["kind"], "name": row["name"], "result": _result_of(row, left)} for row in listed]


def _result_of(row: Mapping[str, Any], left: Collection[str]) -> Literal["kept", "left", "removed"]:
    if row["kept"]:
        return "kept"
    return "left" if row["kind"] in left else "removed"


def _write_list(step: StepContext, *, target: Target, keep: Collection[str]) -> Done:
    listed = impact_list(target, keep)
    return Done(", ".join(f"{row['kind']} {row['name']}" for row in listed) or "nothing", {"items": listed})


def _write_receipt(step: StepContext, *, target: Target) -> Done | Wait:
    rows = receipt(step.results[LIST_STEP]["items"], target)
    if left := [f"{row['kind']} {row['name']}" for row in rows if row["result"] == "left"]:
        return Wait(settings.OPERATION_POLL_S, f"still there: {', '.join(left)}")
    said = ", ".join(f"{row['kind']} {row['name']} {row['result']}" for row in rows)
    return Done(said or "nothing hung on it", {"receipt": rows})
