"""What the apps above hand to tenants at start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.actor import Actor
from core.slot import Slot


@dataclass(frozen=True, slots=True)
class ServiceCounts:
    """Services of a tenant: all of them, those that need a look, those of which nobody knows how they are."""

    services: int = 0
    troubled: int = 0
    unknown: int = 0


def nothing_counted(actor: Actor) -> Mapping[str, ServiceCounts]:
    return {}


# Filled by services: counts by the tenant's name, of the tenants that the actor sees. One query.
SERVICE_COUNTS: Slot[Callable[[Actor], Mapping[str, ServiceCounts]]] = Slot("service counts", nothing_counted)
