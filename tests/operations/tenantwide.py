"""Operations made of others, in the shape of delete-tenant: one on a tenant whose step works on each of its services.

`clear-tenant` starts a child for each service, and then sweeps. It waits until the file `swept` is in the folder.
`redo-service` has one child, on its own target.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.actor import Actor, Decision, Role
from core.errors import Problem
from core.names import ServiceName, TenantName
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
from tests.operations import small


class RedoParameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tenant: TenantName
    service: ServiceName
    folder: str = ""
    mood: str = "well"


class ClearParameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tenant: TenantName
    services: list[ServiceName] = Field(default_factory=list)
    folder: str = ""
    mood: str = "well"
    by: Literal["paint-service", "redo-service", "paint-vault"] = "paint-service"
    elsewhere: TenantName | None = None


def work_on_services(step: StepContext) -> Done | Wait:
    asked = step.parameters
    for service in asked.services:
        tenant = asked.elsewhere or asked.tenant
        step.start_child(asked.by, {"tenant": tenant, "service": service, "folder": asked.folder, "mood": asked.mood})
    small.stand_still(Path(asked.folder) / "hold-after-start")
    if asked.mood == "careless":
        raise Problem("The keys are lost.", remedy="Look in the other coat.", code="lost")
    return step.wait_for_children()


def sweep(step: StepContext) -> Done | Wait:
    if not (Path(step.parameters.folder) / "swept").exists():
        return Wait(600, "the floor is not swept")
    return Done("swept")


def redo(step: StepContext) -> Done | Wait:
    step.start_child("paint-service", step.parameters.model_dump())
    return step.wait_for_children()


def may_clear(actor: Actor, parameters: Any) -> Decision:
    if actor.at_least(Role.DEVELOPER, tenant=parameters.tenant):
        return Decision(True, f"{actor.name} may clear it.")
    return Decision(False, f"Clearing needs the developer role in {parameters.tenant}.", "Ask an owner.")


def may_paint_vaults(actor: Actor, parameters: Any) -> Decision:
    return Decision(False, "Nobody paints a vault.", "Leave it as it is.")


def declared(name: str, parameters: type[BaseModel], steps: tuple[StepDefinition, ...]) -> OperationDefinition:
    return OperationDefinition(
        name=name,
        title=name,
        description=name,
        risk=Risk.LOW,
        must_confirm=False,
        parameters=parameters,
        target=lambda given: Target(given.tenant, getattr(given, "service", "")),
        summary=lambda given: name,
        policy=may_paint_vaults if name == "paint-vault" else may_clear,
        check=lambda actor, given: None,
        plan=lambda actor, given: {},
        steps=lambda given: steps,
    )


OPERATIONS = (
    declared(
        "clear-tenant",
        ClearParameters,
        (
            StepDefinition("services", "Work on each service", work_on_services),
            StepDefinition("sweep", "Sweep", sweep),
        ),
    ),
    declared("redo-service", RedoParameters, (StepDefinition("redo", "Paint it again", redo),)),
    declared("paint-vault", RedoParameters, (StepDefinition("redo", "Paint it again", redo),)),
)


@contextmanager
def registered() -> Iterator[None]:
    before = definitions()
    register_all()
    yield
    registry._definitions.clear()
    registry._definitions.update(before)


def register_all() -> None:
    for definition in OPERATIONS:
        if definition.name not in definitions():
            register(definition)
