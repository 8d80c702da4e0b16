"""Rows of one kind, by object and by service."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from integrations.kubernetes import Key
from observer.rows import ServiceKey

Row = TypeVar("Row")
NOTHING: dict[Key, object] = {}


class Shelf(Generic[Row]):
    """Every change answers which services it touches, those that lost a row included."""

    def __init__(self, service_of: Callable[[Row], ServiceKey | None]) -> None:
        self._service_of = service_of
        self._rows: dict[Key, Row] = {}
        self._keys: dict[ServiceKey, set[Key]] = {}
        self.is_known = False

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, key: Key) -> Row | None:
        return self._rows.get(key)

    def of(self, service: ServiceKey) -> list[Row]:
        return [self._rows[key] for key in self._keys.get(service, ())]

    def services(self) -> Iterator[ServiceKey]:
        return iter(self._keys)

    def replace(self, rows: dict[Key, Row]) -> set[ServiceKey]:
        """Services whose rows differ between before and now."""
        touched: set[ServiceKey] = set()
        for key in self._rows.keys() - rows.keys():
            touched |= self.drop(key)
        for key, row in rows.items():
            if self._rows.get(key) != row:
                touched |= self.put(key, row)
        self.is_known = True
        return touched

    def put(self, key: Key, row: Row) -> set[ServiceKey]:
        touched = self.drop(key)
        service = self._service_of(row)
        if service is None:
            return touched
        self._rows[key] = row
        self._keys.setdefault(service, set()).add(key)
        return touched | {service}

    def drop(self, key: Key) -> set[ServiceKey]:
        row = self._rows.pop(key, None)
        service = self._service_of(row) if row is not None else None
        if service is None:
            return set()
        keys = self._keys[service]
        keys.discard(key)
        if not keys:
            del self._keys[service]
        return {service}
