"""A small operation for the engine's tests. Its steps leave marks in a folder; files in it tell them what to do.

`hold-before-<step>` and `hold-after-<step>` make a step stand still before or after its effect, `ready` is what the
last step waits for, `unreachable` counts down the failures of a system that is away, `refused` the refusals of one.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from core.actor import Actor, Decision, Role
from core.errors import Busy, Problem
from core.names import ServiceName, TenantName
from integrations.errors import NotAllowed, Unreachable
from operations import registry
from operations.choices import Risk
from operations.registry import (
    Done,
    OperationDefinition,
    StepContext,
    StepDefinition,
    Target,
    Wait,
    definitions,
    register,
)

CANARY = "canary-7f3k-never-in-the-ledger"
LOOK_EVERY_S = 0.01
# What PostgreSQL refuses in a text, and JSON in a document.
UNSTORABLE = "a\0b\ud800"


class PaintParameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tenant: TenantName = Field(description="the tenant", examples=["payments"])
    service: ServiceName = Field(description="the service", examples=["ledger-api"])
    folder: str = Field("", description="where the steps leave their marks", examples=["/tmp/marks"])
    colour: str = Field("red", pattern="^[a-z]+$", description="the colour, in lower case", examples=["red"])
    wait_s: float = Field(30.0, gt=0, description="how long the last step waits between two looks", examples=[1])
    mood: str = Field("well", description="how the step prime behaves", examples=["well"])
    password: str = Field("", description="a secret", examples=["..."], json_schema_extra={"secret": True})


def mark(step: StepContext, name: str) -> None:
    """The effect, idempotent by the operation's id: made once however often it is asked for."""
    folder = Path(step.parameters.folder)
    stand_still(folder / f"hold-before-{name}")
    with (folder / "asked").open("a") as asked:
        asked.write(f"{name} {os.getpid()}\n")
    try:
        (folder / f"{name}-{step.operation_id}").touch(exist_ok=False)
        with (folder / "effects").open("a") as effects:
            effects.write(f"{name}\n")
    except FileExistsError:
        step.log(f"{name} was done before")
    stand_still(folder / f"hold-after-{name}")


def stand_still(file: Path) -> None:
    while file.exists():
        Path(f"{file}.reached").touch()
        time.sleep(LOOK_EVERY_S)


def sand(step: StepContext) -> Done:
    step.log(f"sanding with {step.parameters.colour} in mind")
    mark(step, "sand")
    return Done("smooth")


def prime(step: StepContext) -> Done:
    mood = step.parameters.mood
    if mood == "refused":
        raise Busy("The primer is in use elsewhere.", remedy="Wait for it.")
    if mood == "crash":
        raise RuntimeError(f"a foreign text with {CANARY}")
    if mood == "quoting":
        raise Busy(f"The shop said {UNSTORABLE}.", remedy=UNSTORABLE, said=[UNSTORABLE])
    if mood == "telling":
        return Done(f"primed, {UNSTORABLE}", {"sha": "4be07d1c9a", UNSTORABLE: [UNSTORABLE]})
    if mood == "nothing":
        return None  # type: ignore[return-value]
    if count_down(Path(step.parameters.folder) / "unreachable"):
        raise Unreachable("gitops", "The paint shop does not answer.")
    if count_down(Path(step.parameters.folder) / "refused"):
        raise NotAllowed("gitops", "The paint shop does not let us in.")
    mark(step, "prime")
    return Done("primed", {"sha": "4be07d1c9a", "changed": True})


def count_down(left: Path) -> bool:
    if not left.exists():
        return False
    number = int(left.read_text())
    left.unlink() if number <= 1 else left.write_text(str(number - 1))
    return True


def paint(step: StepContext) -> Done:
    mark(step, "paint")
    return Done(f"painted {step.parameters.colour} after {step.results['commit']['sha']}")


def dry(step: StepContext) -> Done | Wait:
    with (Path(step.parameters.folder) / "looks").open("a") as looks:
        looks.write(f"{os.getpid()}\n")
    if not (Path(step.parameters.folder) / "ready").exists():
        return Wait(step.parameters.wait_s, "2 of 4 walls are dry")
    mark(step, "dry")
    return Done("4 of 4 walls are dry")


def steps_of(parameters: PaintParameters) -> tuple[StepDefinition, ...]:
    return (
        StepDefinition("sand", "Sand the wall", sand),
        StepDefinition("commit", "Prime the wall", prime),
        StepDefinition("paint", "Paint the wall", paint, cancellable=False),
        StepDefinition("dry", "Wait until dry", dry),
    )


def may_paint(actor: Actor, parameters: PaintParameters) -> Decision:
    if actor.at_least(Role.DEVELOPER, tenant=parameters.tenant):
        return Decision(True, f"{actor.name} may paint.")
    return Decision(False, f"Painting needs the developer role in {parameters.tenant}.", "Ask an owner.")


def check(actor: Actor, parameters: PaintParameters) -> None:
    if parameters.colour == "plaid":
        raise Problem("Plaid cannot be painted.", remedy="Choose one colour.", code="not_paintable")


def plan(actor: Actor, parameters: PaintParameters) -> dict[str, Any]:
    """Its hash follows the colour of the wall as it is now, a file in the folder."""
    wall = Path(parameters.folder) / "wall"
    before = wall.read_text() if wall.exists() else "white"
    diff = f"-{before}\n+{parameters.colour}"
    return {"hash": f"{before}-{parameters.colour}", "summary": "paints the wall", "diff": diff, "restarts": "Nothing."}


def paint_service(
    name: str = "paint-service", *, must_confirm: bool = False, destructive: bool = False
) -> OperationDefinition:
    return OperationDefinition(
        name=name,
        title="Paint a service",
        description="Paints the wall of a service.",
        risk=Risk.LOW,
        must_confirm=must_confirm,
        destructive=destructive,
        parameters=PaintParameters,
        target=lambda parameters: Target(parameters.tenant, parameters.service),
        summary=lambda parameters: f"{parameters.service} → {parameters.colour}",
        policy=may_paint,
        check=check,
        plan=plan,
        steps=steps_of,
        example={"tenant": "payments", "service": "ledger-api"},
    )


@contextmanager
def registered() -> Iterator[None]:
    """The small operations are declared for a while, and the product's own alone afterwards."""
    before = definitions()
    register_all()
    yield
    registry._definitions.clear()
    registry._definitions.update(before)


def register_all() -> None:
    for definition in (paint_service(), paint_service("repaint-service", must_confirm=True)):
        if definition.name not in definitions():
            register(definition)
