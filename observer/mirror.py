"""Writes the mirror: changed columns of changed rows, in batches, each one transaction that holds the lease.

What was last written is remembered as a digest a row, so an unchanged row costs no statement. A row that cannot be
written does not stop the others: it shows the error, and is tried again when its content changes.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import orjson
import structlog
from django.db import DataError, IntegrityError, transaction

from core.clock import now
from core.fitting import fit_to_columns, why_unfit
from core.words import Tone
from observer.git_rows import PROBLEM, SERVICE_COLUMNS
from observer.lease import Lease
from observer.picture import Picture
from observer.publish import announce_services
from observer.rows import ServiceKey
from observer.status import columns
from services.models import URGENCY_WARNING, Service

BATCH = 500
# What a row can do to its own statement. A database that is busy or gone raises others, and is tried again.
UNWRITABLE = (DataError, IntegrityError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError)
# No hash is -1 in CPython: the digest of a row whose content is not known.
NO_DIGEST = -1
OBSERVED_COLUMNS = (
    "health", "sync", "synced_revision", "app_message", "running_tag", "pods", "restarts", "replicas_wanted",
    "replicas_ready", "cause_id", "cause", "cause_tone", "diagnosis", "urgency",
)  # fmt: skip

log = structlog.get_logger(__name__)

# Where a digest is kept, the columns it is of, and the times written with them.
Part = tuple[dict[ServiceKey, int], dict[str, Any], dict[str, Any]]


class ServiceMirror:
    """The table `services.Service`. `unwritten` says of each row that cannot be written why not."""

    def __init__(self, lease: Lease, picture: Picture) -> None:
        self._lease, self._picture = lease, picture
        self._git: dict[ServiceKey, int] = {}
        self._observed: dict[ServiceKey, int] = {}
        # What the table held at the start, as JSON, of rows that were not compared yet.
        self._stored: dict[ServiceKey, bytes] = {}
        self.unwritten: dict[ServiceKey, str] = {}

    def load(self) -> None:
        """What the table holds now, so that only differences are written; and the findings, which outlive us."""
        self._git.clear()
        self._observed.clear()
        self._stored.clear()
        for row in Service.objects.values(
            "tenant", "name", "in_git", *SERVICE_COLUMNS, PROBLEM, *OBSERVED_COLUMNS
        ).iterator():
            key = (row["tenant"], row["name"])
            self._stored[key] = orjson.dumps(row)
            if row["diagnosis"]:
                self._picture.findings[key] = row["diagnosis"]

    def keys(self) -> set[ServiceKey]:
        return self._git.keys() | self._observed.keys() | self._stored.keys()

    def _is_in_table(self, key: ServiceKey) -> bool:
        return key in self._git or key in self._observed or key in self._stored

    def write(self, services: Iterable[ServiceKey], *, cluster_is_settled: bool) -> set[ServiceKey]:
        """Brings these rows up to date and announces those that changed. Returns them. Raises LeaseLost.

        `cluster_is_settled`: each source of the cluster was read or is known to be away. What is known of the others is
        written then; before that, git's columns alone.
        """
        changed: set[ServiceKey] = set()
        try:
            for batch in batches(sorted(services), BATCH):
                changed |= self._write_batch(batch, cluster_is_settled)
        finally:
            # Told even when a later batch fails: its repetition finds these rows written, and would not tell.
            announce_services(changed)
        return changed

    def _write_batch(self, batch: Sequence[ServiceKey], cluster_is_settled: bool) -> set[ServiceKey]:
        moment = now()
        pending: dict[ServiceKey, list[Part]] = {}
        gone: list[ServiceKey] = []
        for key in batch:
            if self._picture.exists(key) or (self._is_in_table(key) and not self._absence_is_known()):
                if parts := self._differing(key, moment, cluster_is_settled):
                    pending[key] = parts
            elif self._absence_is_known():
                self.unwritten.pop(key, None)
                if self._is_in_table(key):
                    gone.append(key)
        together = {key: joined(parts) for key, parts in pending.items() if key not in self.unwritten}
        try:
            if together or gone:
                self._store(together, gone)
        except UNWRITABLE:
            # One of them spoils the batch: those that left go together, all others alone.
            self._store({}, gone)
            together = {}
        for key in pending.keys() - together.keys():
            self._store_alone(key, joined(pending[key]))
        for key, parts in pending.items():
            for written, values, _ in parts:
                written[key] = digest(values)
        for key in gone:
            self._git.pop(key, None)
            self._observed.pop(key, None)
            self._stored.pop(key, None)
            self._picture.findings.pop(key, None)
        return pending.keys() | set(gone)

    def _absence_is_known(self) -> bool:
        """Until then a row of which nothing is seen stays, and says that git has it no more."""
        return self._picture.git.is_known and self._picture.absence_known()

    def _store(self, rows: Mapping[ServiceKey, Mapping[str, Any]], gone: Iterable[ServiceKey] = ()) -> None:
        with transaction.atomic():
            self._lease.hold()
            upsert(rows)
            delete(gone)

    def _store_alone(self, key: ServiceKey, values: Mapping[str, Any]) -> None:
        try:
            self._store({key: values})
        except UNWRITABLE as error:
            self._say_so(key, error)
        else:
            self.unwritten.pop(key, None)

    def _say_so(self, key: ServiceKey, error: Exception) -> None:
        log.warning("row_unwritable", service="/".join(key), exc_info=error)
        self.unwritten[key] = f"a value of it does not fit into the mirror ({type(error).__name__})"
        self._store({key: what_cannot_be_shown(self.unwritten[key])})

    def _differing(self, key: ServiceKey, moment: datetime, cluster_is_settled: bool) -> list[Part]:
        """The parts to write. All of them where the row could not be written before: it is tried again whole."""
        if reason := why_unfit(Service, tenant=key[0], name=key[1]):
            self.unwritten[key] = reason
            return []
        try:
            parts = list(self._parts(key, moment, cluster_is_settled))
            self._compare_with_stored(key, parts)
            differing = [part for part in parts if part[0].get(key) != digest(part[1])]
        except UNWRITABLE as error:
            if key not in self.unwritten:
                self._say_so(key, error)
            # The row says so now: it must be written even when the content before this one comes back.
            self._git[key] = self._observed[key] = NO_DIGEST
            return []
        return parts if differing and key in self.unwritten else differing

    def _compare_with_stored(self, key: ServiceKey, parts: Iterable[Part]) -> None:
        """Notes the parts that stand in the table as they are now. Columns of sources not read yet do not count."""
        stored = orjson.loads(self._stored[key]) if key in self._stored else {}
        for written, values, _ in parts:
            if key not in written and stored and digest({name: stored[name] for name in values}) == digest(values):
                written[key] = digest(values)
        if key in self._git and key in self._observed:
            self._stored.pop(key, None)

    def _parts(self, key: ServiceKey, moment: datetime, cluster_is_settled: bool) -> Iterator[Part]:
        git = self._picture.git
        if git.is_known:
            wanted = git.services.get(key)
            values = {"in_git": wanted is not None, **(wanted.columns() if wanted else {})}
            times = fit_to_columns(Service, {"git_revision": git.revision, "git_observed_at": git.read_at})
            yield self._git, fit_to_columns(Service, values), times
        if cluster_is_settled and self._picture.anything_known():
            seen = fit_to_columns(Service, columns(self._picture.observed(key), moment))
            yield self._observed, seen, {"cluster_observed_at": moment}


def joined(parts: Iterable[Part]) -> dict[str, Any]:
    return {name: value for _, values, times in parts for name, value in (values | times).items()}


def what_cannot_be_shown(reason: str) -> dict[str, Any]:
    """The columns in which a row says that the others are old, or missing."""
    return {
        "cause_id": "row-unwritable",
        "cause": "What was read of it cannot be shown",
        "app_message": f"What was read of it cannot be shown: {reason}. The rest of this row is older.",
        "cause_tone": Tone.WARN.value,
        "urgency": URGENCY_WARNING,
    }


def upsert(pending: Mapping[ServiceKey, Mapping[str, Any]]) -> None:
    """One statement for each set of columns and few hundred rows; other columns of the row stay as they are."""
    by_columns: dict[tuple[str, ...], list[Service]] = defaultdict(list)
    for (tenant, name), values in pending.items():
        by_columns[tuple(sorted(values))].append(Service(tenant=tenant, name=name, **values))
    for names, rows in by_columns.items():
        Service.objects.bulk_create(rows, update_conflicts=True, unique_fields=["tenant", "name"], update_fields=names)


def delete(gone: Iterable[ServiceKey]) -> None:
    by_tenant: dict[str, list[str]] = defaultdict(list)
    for tenant, name in gone:
        by_tenant[tenant].append(name)
    for tenant, names in by_tenant.items():
        Service.objects.filter(tenant=tenant, name__in=names).delete()


def digest(values: Mapping[str, Any]) -> int:
    """Equal for equal columns, whenever they were diagnosed."""
    finding = values.get("diagnosis")
    if finding:
        values = {**values, "diagnosis": {**finding, "observed_at": None}}
    return hash(orjson.dumps(values, option=orjson.OPT_SORT_KEYS))


def batches(keys: Iterable[ServiceKey], size: int) -> Iterator[list[ServiceKey]]:
    remaining = iter(keys)
    while batch := list(islice(remaining, size)):
        yield batch
