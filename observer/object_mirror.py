"""A kind with a table of its own: one row for each object that the cluster has."""

from collections.abc import Iterator
from datetime import datetime

from core.credentials import mask_all
from core.fitting import fit_to_columns
from integrations.kubernetes import Key, MirroredTable
from integrations.kubernetes.instances import ServiceKey
from observer.lease import Lease
from observer.mirror import Columns, Mirror, Part
from observer.publish import announce_changes
from observer.state import ClusterState, target_of

ROW = "row"


class ObjectMirror(Mirror[Key]):
    """The table of a `MirroredTable`. A row is deleted only once the kind was read whole without its object."""

    key_columns = ("namespace", "name")
    parts = (ROW,)

    def __init__(self, lease: Lease, state: ClusterState, table: MirroredTable) -> None:
        super().__init__(lease)
        self.table, self.model = table, table.model
        self._state, self._rows = state, state.rows(table)
        self._targets: dict[Key, ServiceKey] = {}
        others = {*self.key_columns, "observed_at"}
        self.columns = tuple(
            field.attname
            for field in table.model._meta.concrete_fields
            if not field.primary_key and field.name not in others
        )

    def read_table(self) -> Iterator[tuple[Key, Columns]]:
        self._targets = {}
        for key, row in super().read_table():
            self._targets[key] = target_of(row)
            yield key, row

    def touch_all(self) -> None:
        """Once the kind is known, rows whose object went while nobody observed are looked at too."""
        touched = self._state.objects_touched.setdefault(self.table.source, set())
        touched.update((key, self._targets[key]) for key in self.keys() if key in self._targets)

    def is_wanted(self, key: Key) -> bool:
        return self._rows.get(key) is not None

    def is_gone(self, key: Key) -> bool:
        return self._state.is_known(self.table) and key not in self._state.unreadable[self.table.source]

    def parts_of(self, key: Key, moment: datetime) -> Iterator[Part]:
        row = self._rows.get(key)
        if row is not None:
            # Masked while it is whole: of a credential that is cut, the rest may not be recognized.
            yield Part(ROW, fit_to_columns(self.model, mask_all(row)), {"observed_at": moment})

    def announce(self, changed: set[Key]) -> None:
        """Tells the tenant and service that an object belonged to and the one it belongs to now."""
        targets: set[ServiceKey] = set()
        for key in changed:
            if (before := self._targets.pop(key, None)) is not None:
                targets.add(before)
            if (row := self._rows.get(key)) is not None:
                self._targets[key] = target_of(row)
                targets.add(self._targets[key])
        announce_changes(self.table.changed, targets)
