"""Writes a table of the mirror: changed columns of changed rows, in batches, each one transaction that holds the lease.

What was last written is remembered as a digest of each part of a row, so an unchanged row costs no statement. A row
that cannot be written does not stop the others: it is named, and tried again when its content changes.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

import orjson
import structlog
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, models, transaction

from core.clock import now
from core.fitting import why_unfit
from observer.lease import Lease

BATCH = 500
# What a row can do to its own statement. A database that is busy or gone raises others, and is tried again.
OF_THE_DATABASE = (DataError, IntegrityError, ValidationError)
UNWRITABLE = (*OF_THE_DATABASE, ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError)
# No hash is -1 in CPython: the digest of a row whose content is not known.
NO_DIGEST = -1

RowKey = TypeVar("RowKey", str, tuple[str, str])
Columns = Mapping[str, Any]

log = structlog.get_logger(__name__)


class Part(NamedTuple):
    """The columns of a row that come from one source, and the times to write with them when they differ."""

    name: str
    values: Columns
    times: Columns = {}


class Mirror(Generic[RowKey]):
    """One table. A subclass says which rows are wanted and of which parts a row is made.

    `unwritten` says of each row that cannot be written why not.
    """

    model: type[models.Model]
    key_columns: tuple[str, ...] = ("tenant", "name")
    # The columns of all parts, and the names of the parts.
    columns: tuple[str, ...]
    parts: tuple[str, ...]
    misfit = "a value of it does not fit into the mirror"

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._digests: dict[str, dict[RowKey, int]] = {name: {} for name in self.parts}
        # What the table held at the start, as JSON, of rows that were not compared yet.
        self._stored: dict[RowKey, bytes] = {}
        self.unwritten: dict[RowKey, str] = {}

    # --- what a subclass says

    def is_wanted(self, key: RowKey) -> bool:
        raise NotImplementedError

    def is_gone(self, key: RowKey) -> bool:
        """Whether it is known that a row that is not wanted must go."""
        raise NotImplementedError

    def parts_of(self, key: RowKey, moment: datetime) -> Iterator[Part]:
        """The parts whose source is known. May raise one of UNWRITABLE."""
        raise NotImplementedError

    def announce(self, changed: set[RowKey]) -> None:
        raise NotImplementedError

    def key_of(self, row: Columns) -> RowKey:
        return tuple(row[name] for name in self.key_columns)  # type: ignore[return-value]

    def columns_of(self, key: RowKey) -> dict[str, str]:
        return dict(zip(self.key_columns, key, strict=True))

    def read_table(self) -> Iterator[tuple[RowKey, Columns]]:
        for row in self.model._default_manager.values(*self.key_columns, *self.columns).iterator():
            yield self.key_of(row), row

    def upsert(self, rows: Mapping[RowKey, Columns]) -> None:
        """One statement for each set of columns and few hundred rows; other columns of the row stay as they are."""
        by_columns: dict[tuple[str, ...], list[models.Model]] = defaultdict(list)
        for key, values in rows.items():
            if values:
                by_columns[tuple(sorted(values))].append(self.model(**self.columns_of(key), **values))
        for names, made in by_columns.items():
            fields = [name for name in names if name not in self.key_columns]
            self.model._default_manager.bulk_create(
                made, update_conflicts=True, unique_fields=self.key_columns, update_fields=fields
            )

    def delete(self, gone: Iterable[RowKey]) -> None:
        """One statement for each value of the first key column."""
        first, last = self.key_columns[0], self.key_columns[-1]
        grouped: dict[str, list[str]] = defaultdict(list)
        for key in gone:
            columns = self.columns_of(key)
            grouped[columns[first]].append(columns[last])
        for value, names in grouped.items():
            self.model._default_manager.filter(**{first: value, f"{last}__in": names}).delete()

    def show_unwritten(self, key: RowKey, reason: str) -> None:
        """Shows in the row itself that it cannot be written, where the table has a column for that."""

    def written(self, rows: Mapping[RowKey, Columns], gone: Iterable[RowKey]) -> None:
        """Called once these rows are in the table, and those are not any more."""

    # --- the same for all

    def load(self) -> None:
        """Reads the table, so that only differences are written."""
        for digests in self._digests.values():
            digests.clear()
        self._stored.clear()
        for key, row in self.read_table():
            self._stored[key] = orjson.dumps(row, default=str)

    def keys(self) -> set[RowKey]:
        return set(self._stored).union(*self._digests.values())

    def is_in_table(self, key: RowKey) -> bool:
        return key in self._stored or any(key in digests for digests in self._digests.values())

    def write(self, keys: Iterable[RowKey]) -> set[RowKey]:
        """Brings these rows up to date and announces those that changed. Returns them. Raises LeaseLost."""
        changed: set[RowKey] = set()
        try:
            for batch in batches(sorted(keys), BATCH):
                changed |= self._write_batch(batch)
        finally:
            # Told even when a later batch fails: its repetition finds these rows written, and would not tell.
            self.announce(changed)
        return changed

    def _write_batch(self, batch: Sequence[RowKey]) -> set[RowKey]:
        moment = now()
        pending: dict[RowKey, list[Part]] = {}
        gone: list[RowKey] = []
        for key in batch:
            if self.is_wanted(key):
                if parts := self._differing(key, moment):
                    pending[key] = parts
                continue
            self.unwritten.pop(key, None)
            if self.is_in_table(key) and self.is_gone(key):
                gone.append(key)
        self._store_batch({key: joined(parts) for key, parts in pending.items()}, gone)
        for key, parts in pending.items():
            for part in parts:
                self._digests[part.name][key] = digest(part.values)
        for key in gone:
            self._stored.pop(key, None)
            for digests in self._digests.values():
                digests.pop(key, None)
        return pending.keys() | set(gone)

    def _store_batch(self, rows: Mapping[RowKey, Columns], gone: Sequence[RowKey]) -> None:
        together = {key: values for key, values in rows.items() if key not in self.unwritten}
        try:
            if together or gone:
                self._store(together, gone)
        except UNWRITABLE:
            # One of them spoils the batch: those that left go together, all others alone.
            self._store({}, gone)
            together = {}
        for key in rows.keys() - together.keys():
            self._store_alone(key, rows[key])

    def _store(self, rows: Mapping[RowKey, Columns], gone: Sequence[RowKey]) -> None:
        with transaction.atomic():
            self._lease.hold()
            self.upsert(rows)
            self.delete(gone)
        self.written(rows, gone)

    def _store_alone(self, key: RowKey, values: Columns) -> None:
        try:
            self._store({key: values}, [])
        except UNWRITABLE as error:
            self._note_unwritten(key, error)
        else:
            self.unwritten.pop(key, None)

    def _note_unwritten(self, key: RowKey, error: Exception) -> None:
        log.warning("row_unwritable", table=self.model._meta.label, row=self.columns_of(key), exc_info=error)
        self.unwritten[key] = f"{self.misfit} ({type(error).__name__})"
        with transaction.atomic():
            self._lease.hold()
            self.show_unwritten(key, self.unwritten[key])

    def _differing(self, key: RowKey, moment: datetime) -> list[Part]:
        """The parts to write. All of them where the row could not be written before: it is tried again whole."""
        if reason := why_unfit(self.model, **self.columns_of(key)):
            self.unwritten[key] = reason
            return []
        try:
            parts = list(self.parts_of(key, moment))
            self._compare_with_stored(key, parts)
            differing = [part for part in parts if self._digests[part.name].get(key) != digest(part.values)]
        except UNWRITABLE as error:
            if key not in self.unwritten:
                self._note_unwritten(key, error)
            # The content before this one may come back. It must be written then, because the row may say otherwise.
            for digests in self._digests.values():
                digests[key] = NO_DIGEST
            return []
        return parts if differing and key in self.unwritten else differing

    def _compare_with_stored(self, key: RowKey, parts: Iterable[Part]) -> None:
        """Notes the parts that stand in the table as they are now. Columns of sources not read yet do not count."""
        stored = orjson.loads(self._stored[key]) if key in self._stored else {}
        for part in parts:
            digests = self._digests[part.name]
            if key in digests or not stored:
                continue
            mark = digest(part.values)
            if digest({name: stored[name] for name in part.values}) == mark:
                digests[key] = mark
        if stored and all(key in digests for digests in self._digests.values()):
            del self._stored[key]


def joined(parts: Iterable[Part]) -> dict[str, Any]:
    return {name: value for part in parts for name, value in {**part.values, **part.times}.items()}


def digest(values: Columns) -> int:
    """Equal for equal columns, whenever they were diagnosed."""
    finding = values.get("diagnosis")
    if finding:
        values = {**values, "diagnosis": {**finding, "observed_at": None}}
    return hash(orjson.dumps(values, default=str, option=orjson.OPT_SORT_KEYS))


def batches(keys: Iterable[RowKey], size: int) -> Iterator[list[RowKey]]:
    remaining = iter(keys)
    while batch := list(islice(remaining, size)):
        yield batch
