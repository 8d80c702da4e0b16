"""Writes the mirror: changed columns of changed rows, in batches, each one transaction that holds the lease.

What was last written is remembered as a digest a row, so an unchanged row costs no statement.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import orjson
from django.db import transaction

from core.clock import now
from observer.git_rows import SERVICE_COLUMNS
from observer.lease import Lease
from observer.picture import Picture
from observer.publish import announce_services
from observer.rows import ServiceKey
from observer.status import columns
from services.models import Service

BATCH = 500
OBSERVED_COLUMNS = (
    "health", "sync", "synced_revision", "app_message", "running_tag", "pods", "restarts", "replicas_wanted",
    "replicas_ready", "cause_id", "cause", "cause_tone", "diagnosis", "urgency",
)  # fmt: skip


class ServiceMirror:
    """The table `services.Service`."""

    def __init__(self, lease: Lease, picture: Picture) -> None:
        self._lease, self._picture = lease, picture
        self._git: dict[ServiceKey, int] = {}
        self._observed: dict[ServiceKey, int] = {}

    def load(self) -> None:
        """What the table holds now, so that only differences are written; and the findings, which outlive us."""
        self._git.clear()
        self._observed.clear()
        for row in Service.objects.values("tenant", "name", "in_git", *SERVICE_COLUMNS, *OBSERVED_COLUMNS).iterator():
            key = (row["tenant"], row["name"])
            git = SERVICE_COLUMNS if row["in_git"] else ()
            self._git[key] = digest({"in_git": row["in_git"], **{name: row[name] for name in git}})
            self._observed[key] = digest({name: row[name] for name in OBSERVED_COLUMNS})
            if row["diagnosis"]:
                self._picture.findings[key] = row["diagnosis"]

    def keys(self) -> set[ServiceKey]:
        return self._git.keys() | self._observed.keys()

    def write(self, services: Iterable[ServiceKey], *, cluster_is_known: bool) -> set[ServiceKey]:
        """Brings these rows up to date and announces those that changed. Returns them. Raises LeaseLost."""
        changed: set[ServiceKey] = set()
        try:
            for batch in batches(sorted(services), BATCH):
                changed |= self._write_batch(batch, cluster_is_known)
        finally:
            # Told even when a later batch fails: its repetition finds these rows written, and would not tell.
            announce_services(changed)
        return changed

    def _write_batch(self, batch: Sequence[ServiceKey], cluster_is_known: bool) -> set[ServiceKey]:
        moment = now()
        pending: dict[ServiceKey, dict[str, Any]] = {}
        gone: list[ServiceKey] = []
        digests: list[tuple[dict[ServiceKey, int], ServiceKey, int]] = []
        for key in batch:
            if not self._picture.exists(key):
                if self._picture.git.is_known and cluster_is_known and (key in self._git or key in self._observed):
                    gone.append(key)
                continue
            for written, values, times in self._parts(key, moment, cluster_is_known):
                mark = digest(values)
                if written.get(key) != mark:
                    pending.setdefault(key, {}).update(values | times)
                    digests.append((written, key, mark))
        if pending or gone:
            with transaction.atomic():
                self._lease.hold()
                upsert(pending)
                delete(gone)
        for written, key, mark in digests:
            written[key] = mark
        for key in gone:
            self._git.pop(key, None)
            self._observed.pop(key, None)
            self._picture.findings.pop(key, None)
        return pending.keys() | set(gone)

    def _parts(
        self, key: ServiceKey, moment: datetime, cluster_is_known: bool
    ) -> Iterator[tuple[dict[ServiceKey, int], dict[str, Any], dict[str, Any]]]:
        git = self._picture.git
        if git.is_known:
            wanted = git.services.get(key)
            values = {"in_git": wanted is not None, **(wanted.columns() if wanted else {})}
            yield self._git, values, {"git_revision": git.revision, "git_observed_at": git.read_at}
        if cluster_is_known:
            yield self._observed, columns(self._picture.observed(key), moment), {"cluster_observed_at": moment}


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
