"""How a kind is declared: what one kind says of a service or a tenant, and which columns come from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, Protocol, TypeVar

from core.words import Health, Sync
from integrations.kubernetes import MirroredKind
from integrations.kubernetes.instances import ServiceKey
from observer.indexer import Indexer

Row = TypeVar("Row")
LONGEST_MESSAGE = 500


class Shows(Enum):
    """Whether an object of the kind makes a row for a service that git does not have."""

    ALWAYS = "always"
    OF_TENANTS_IN_GIT = "of tenants in git"
    NEVER = "never"


class Reading(NamedTuple):
    """What the rows of one kind say of one service. None and empty mean that they say nothing about it.

    `is_failing`: the service is not well, whatever its health. `is_suspicious`: a diagnosis is worth its cost.
    """

    health: Health | None = None
    sync: Sync | None = None
    message: str = ""
    wanted: int | None = None
    ready: int | None = None
    is_failing: bool = False
    is_suspicious: bool = False


NOTHING_SAID = Reading()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKind(MirroredKind[Row]):
    """A kind that fills columns of the services' table. `columns` and `read` get the rows of one service.

    `is_running`: its objects are what runs. A kind with `shows` other than NEVER must be read before a service that is
    not seen counts as gone.
    """

    service_of: Callable[[Row], ServiceKey | None]
    column_names: tuple[str, ...]
    columns: Callable[[Sequence[Row]], Mapping[str, Any]]
    read: Callable[[Sequence[Row]], Reading]
    shows: Shows = Shows.NEVER
    is_running: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantKind(MirroredKind[Row]):
    """A kind that fills columns of the tenants' table. `columns` gets the tenant's row, None where it has none."""

    tenant_of: Callable[[Row], str | None]
    columns: Callable[[Row | None], Mapping[str, Any]]


class RowsOf(Protocol):
    """The rows of another kind as they are now."""

    def __call__(self, kind: MirroredKind[Row], /) -> Indexer[Row, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalKind(MirroredKind[Row]):
    """A kind whose rows are not kept: each new one names services to diagnose again."""

    suspects: Callable[[Row, RowsOf], set[ServiceKey]]


class Evidence(NamedTuple):
    """What one kind has of one service. `rows` is None while the kind was never read."""

    kind: ServiceKind[Any]
    rows: Sequence[Any] | None
    reading: Reading


def evidence(kind: ServiceKind[Any], rows: Sequence[Any] | None) -> Evidence:
    return Evidence(kind, rows, NOTHING_SAID if rows is None else kind.read(rows))
