"""What an app declares so that the observer mirrors a kind of the cluster into a table of that app.

Declare `MIRRORED`, a tuple of `MirroredTable`, in `mirrored.py` of the app. The observer finds the module by its name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model

from integrations.kubernetes.kinds import Kind
from integrations.kubernetes.rights import Place, Right
from integrations.kubernetes.selectors import EVERYTHING, Selector

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class MirroredKind(Generic[Row]):
    """One kind that the observer lists and watches.

    `source` is its name among the sources, such as "pods" in "kubernetes:pods". People read `label` beside its age.
    `row` makes a small row of an object. It returns None for an object that nobody needs.
    """

    source: str
    label: str
    kind: Kind
    row: Callable[[Mapping[str, Any]], Row | None]
    labels: Selector = EVERYTHING
    fields: Selector = EVERYTHING
    place: Place = Place.EVERYWHERE

    def row_of(self, item: Mapping[str, Any]) -> Row | None:
        return self.row(item)

    @property
    def name(self) -> str:
        return f"kubernetes:{self.source}"

    @property
    def right(self) -> Right:
        return Right(self.kind, ("list", "watch"), f"{self.label} in lists", place=self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class MirroredTable(MirroredKind[Mapping[str, Any]]):
    """A kind with a table of its own: one row for each object.

    `model` has the columns `namespace` and `name`, unique together, `tenant`, `service` and `observed_at`.
    `row` returns the other columns, with `tenant` and `service` among them. An object of the tenant itself has an empty
    service. `changed` is the type of the message that open pages get, such as "database.changed".
    """

    model: type[Model]
    changed: str

    def row_of(self, item: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Raises TypeError where `row` returns no mapping."""
        row: object = self.row(item)
        if row is None or isinstance(row, Mapping):
            return row
        raise TypeError(f"a row of the kind {self.source!r} must be a mapping, and is a {type(row).__name__}")
