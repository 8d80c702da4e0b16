"""Rows of one kind, by object and by what they are about."""

from collections.abc import Callable, Collection, Iterator
from typing import Generic, TypeVar

from integrations.kubernetes import Key

Row = TypeVar("Row")
Subject = TypeVar("Subject")


class Indexer(Generic[Row, Subject]):
    """A subject is what a row is about, such as a service. A row without one is not kept.

    Every change returns the subjects it touches, those that lost a row included. `is_known` is set once the kind was
    read whole.
    """

    def __init__(self, subject_of: Callable[[Key, Row], Subject | None]) -> None:
        self._subject_of = subject_of
        self._rows: dict[Key, Row] = {}
        self._keys: dict[Subject, set[Key]] = {}
        self.is_known = False

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, key: Key) -> Row | None:
        return self._rows.get(key)

    def of(self, subject: Subject) -> list[Row]:
        return [self._rows[key] for key in self._keys.get(subject, ())]

    def subjects(self) -> Iterator[Subject]:
        return iter(self._keys)

    def replace(self, rows: dict[Key, Row], kept: Collection[Key] = ()) -> set[Subject]:
        """Returns the subjects whose rows differ between before and now. Rows that are `kept` stay as they are."""
        touched: set[Subject] = set()
        for key in self._rows.keys() - rows.keys() - set(kept):
            touched |= self.drop(key)
        for key, row in rows.items():
            if self._rows.get(key) != row:
                touched |= self.put(key, row)
        self.is_known = True
        return touched

    def put(self, key: Key, row: Row) -> set[Subject]:
        touched = self.drop(key)
        subject = self._subject_of(key, row)
        if subject is None:
            return touched
        self._rows[key] = row
        self._keys.setdefault(subject, set()).add(key)
        return touched | {subject}

    def drop(self, key: Key) -> set[Subject]:
        row = self._rows.pop(key, None)
        subject = self._subject_of(key, row) if row is not None else None
        if subject is None:
            return set()
        keys = self._keys[subject]
        keys.discard(key)
        if not keys:
            del self._keys[subject]
        return {subject}


class Signals(Generic[Row, Subject]):
    """Keys of a kind whose rows are not kept. Every new row returns the subjects to look at again.

    It has the same methods as an Indexer.
    """

    def __init__(self, subjects_of: Callable[[Row], set[Subject]]) -> None:
        self._subjects_of = subjects_of
        self._keys: set[Key] = set()
        self.is_known = False

    def __len__(self) -> int:
        return len(self._keys)

    def replace(self, rows: dict[Key, Row], kept: Collection[Key] = ()) -> set[Subject]:
        """Returns nothing: after a list, each unhealthy service is looked at anyway."""
        self._keys = set(rows)
        self.is_known = True
        return set()

    def put(self, key: Key, row: Row) -> set[Subject]:
        self._keys.add(key)
        return self._subjects_of(row)

    def drop(self, key: Key) -> set[Subject]:
        self._keys.discard(key)
        return set()
