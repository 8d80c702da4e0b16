"""All that is known, in memory: what git wants, what the cluster has, what was diagnosed. Owned by one thread."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from integrations.kubernetes import Key, MirroredKind, MirroredTable
from integrations.kubernetes.instances import ServiceKey
from observer.changes import Change, Deleted, Diagnosed, GitRead, Replaced, Unreadable, Upserted
from observer.git_rows import SOURCE, GitState
from observer.indexer import Indexer, Signals
from observer.kinds import BUILT_IN
from observer.kinds.declared import ServiceKind, Shows, SignalKind, TenantKind, evidence
from observer.status import SYNC_GRACE, Observed

Row = TypeVar("Row")
# An object with a table of its own, and the tenant and service it is about.
ObjectOf = tuple[Key, ServiceKey]


def target_of(row: Mapping[str, Any]) -> ServiceKey:
    """The tenant and service of an object. A wrong row must not end the observer: its write fails, and is told."""
    return str(row.get("tenant", "")), str(row.get("service", ""))


class ClusterState:
    """`touched`, `tenants_touched` and `objects_touched` are what changed since they were last taken. `suspects` are
    services to diagnose again although no row of theirs changed. `diagnosed` are those of which only the finding
    changed. `shared_hosts` has a host of each service that another service has too.

    `unreadable` says of objects, by source, why no row could be made of them. A row made of one before stays.

    `missing` names the kinds that the cluster does not have: then nothing of the kind is there. `is_settled`: each kind
    that fills the services' table was read or is known to be away.
    """

    def __init__(self, kinds: Sequence[MirroredKind[Any]] = BUILT_IN) -> None:
        self.kinds = kinds
        self._rows = {kind.source: self._indexer(kind) for kind in kinds}
        self._kinds = {kind.source: kind for kind in kinds}
        self._of_services = [kind for kind in kinds if isinstance(kind, ServiceKind)]
        self._service_rows = [(kind, self.rows(kind)) for kind in self._of_services]
        self._shown = [kind for kind in self._of_services if kind.shows is not Shows.NEVER]
        self.unreadable: dict[str, dict[Key, str]] = {kind.source: {} for kind in kinds}
        self.missing: frozenset[str] = frozenset()
        self.is_settled = False
        self.git = GitState()
        self.findings: dict[ServiceKey, Mapping[str, Any]] = {}
        self.shared_hosts: dict[ServiceKey, str] = {}
        self.touched: set[ServiceKey] = set()
        self.tenants_touched: set[str] = set()
        self.objects_touched: dict[str, set[ObjectOf]] = {}
        self.suspects: set[ServiceKey] = set()
        self.diagnosed: set[ServiceKey] = set()

    def _indexer(self, kind: MirroredKind[Any]) -> Indexer[Any, Any] | Signals[Any, ServiceKey]:
        match kind:
            case ServiceKind():
                return Indexer(lambda _, row: kind.service_of(row))
            case TenantKind():
                return Indexer(lambda _, row: kind.tenant_of(row))
            case SignalKind():
                return Signals(lambda row: kind.suspects(row, self.rows))
            case _:
                return Indexer(lambda key, row: (key, target_of(row)))

    def rows(self, kind: MirroredKind[Row]) -> Indexer[Row, Any]:
        rows = self._rows[kind.source]
        assert isinstance(rows, Indexer)
        return rows

    def is_known(self, kind: MirroredKind[Any]) -> bool:
        """Whether the kind was read whole at least once."""
        return self._rows[kind.source].is_known or kind.source in self.missing

    def anything_known(self) -> bool:
        """Whether the cluster said anything of services yet. Before that nothing observed is written."""
        return any(map(self.is_known, self._of_services))

    def absence_known(self) -> bool:
        """Whether a service that is not seen is not there."""
        return all(map(self.is_known, self._shown))

    def known_sources(self) -> frozenset[str]:
        known = {kind.source for kind in self.kinds if self.is_known(kind)}
        return frozenset(known | {SOURCE} if self.git.is_known else known)

    def counts(self) -> dict[str, int]:
        """How many objects each source has."""
        return {SOURCE: len(self.git.services)} | {kind.name: len(self._rows[kind.source]) for kind in self.kinds}

    def unreadable_of(self, name: str) -> dict[Key, str]:
        """Objects of the source with this name, such as "kubernetes:pods", of which no row could be made."""
        return next((self.unreadable[kind.source] for kind in self.kinds if kind.name == name), {})

    # --- what readers said

    def apply(self, change: Change) -> None:
        match change:
            case GitRead(world):
                services, tenants = self.git.replace(world)
                self.touched |= services
                self.tenants_touched |= tenants
            case Diagnosed(service, diagnosis):
                self._diagnosed(service, diagnosis)
            case Replaced(source, rows, unreadable):
                self._forget_unreadable(source, self.unreadable[source].keys() - unreadable.keys())
                self.unreadable[source] = dict(unreadable)
                self._touch(source, self._rows[source].replace(rows, kept=unreadable.keys()))
            case Upserted(source, key, row):
                self._forget_unreadable(source, {key})
                self._touch(source, self._rows[source].put(key, row))
            case Unreadable(source, key, reason):
                self.unreadable[source][key] = reason
            case Deleted(source, key):
                self._forget_unreadable(source, {key})
                self._touch(source, self._rows[source].drop(key))

    def _forget_unreadable(self, source: str, keys: set[Key]) -> None:
        """A table may hold a row of an object that could never be read since the start: it is looked at too."""
        forgotten = {key for key in keys if self.unreadable[source].pop(key, None) is not None}
        if forgotten and isinstance(self._kinds[source], MirroredTable):
            self._touch(source, {(key, target_of({})) for key in forgotten})

    def _touch(self, source: str, subjects: set[Any]) -> None:
        match self._kinds[source]:
            case ServiceKind():
                self.touched |= subjects
            case TenantKind():
                self.tenants_touched |= subjects
            case SignalKind():
                self.suspects |= subjects
            case MirroredTable():
                self.objects_touched.setdefault(source, set()).update(subjects)

    def _diagnosed(self, service: ServiceKey, diagnosis: Mapping[str, Any]) -> None:
        if diagnosis:
            self.findings[service] = diagnosis
        else:
            self.findings.pop(service, None)
        self.diagnosed.add(service)

    # --- what the mirror asks

    def services(self) -> set[ServiceKey]:
        """Every service there is a reason to show: it is in git, or a kind shows it."""
        found = set(self.git.services)
        for kind in self._shown:
            found.update(service for service in self.rows(kind).subjects() if self._may_show(kind, service))
        return found

    def exists(self, service: ServiceKey) -> bool:
        if service in self.git.services:
            return True
        return any(self.rows(kind).of(service) for kind in self._shown if self._may_show(kind, service))

    def _may_show(self, kind: ServiceKind[Any], service: ServiceKey) -> bool:
        return kind.shows is Shows.ALWAYS or service[0] in self.git.tenants

    def observed(self, service: ServiceKey) -> Observed:
        wanted = self.git.services.get(service)
        return Observed(
            in_git=wanted is not None or not self.git.is_known,
            wanted_by_git=wanted.replicas if wanted else 0 if self.git.is_known else None,
            changed_at=wanted.changed_at if wanted else None,
            problem=wanted.problem if wanted else "",
            evidence=tuple(
                [
                    evidence(kind, rows.of(service) if rows.is_known or kind.source in self.missing else None)
                    for kind, rows in self._service_rows
                ]
            ),
            finding=self.findings.get(service, {}),
            shared_host=self.shared_hosts.get(service, ""),
        )

    def leaving_grace(self, since: datetime, until: datetime) -> set[ServiceKey]:
        """Services whose last commit stops excusing a difference within this span of time."""
        return {
            key
            for key, wanted in self.git.services.items()
            if wanted.changed_at is not None and since < wanted.changed_at + SYNC_GRACE <= until
        }
