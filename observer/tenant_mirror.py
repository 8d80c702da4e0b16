"""The tables of tenants and their members."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from core.clock import now
from core.fitting import fit_to_columns
from observer.git_rows import PROBLEM, TENANT_COLUMNS
from observer.kinds.declared import TenantKind
from observer.lease import Lease
from observer.mirror import Columns, Mirror, Part
from observer.publish import announce_tenants
from observer.state import ClusterState
from tenants.models import Member, Tenant

GIT, MEMBERS = "git", "members"
MEMBERS_CONFIRMED_EVERY = timedelta(seconds=30)

# Login and role, sorted.
Members = list[tuple[str, str]]


class TenantMirror(Mirror[str]):
    """Tenants and their members as git lists them, with the columns that kinds of the cluster fill."""

    model = Tenant
    key_columns = ("name",)

    def __init__(self, lease: Lease, state: ClusterState) -> None:
        self._state = state
        self._kinds = [kind for kind in state.kinds if isinstance(kind, TenantKind)]
        filled = [name for kind in self._kinds for name in kind.columns(None)]
        self.columns = (*TENANT_COLUMNS, PROBLEM, *filled)
        self.parts = (GIT, MEMBERS, *(kind.source for kind in self._kinds))
        self._filled: dict[str, set[str]] = {kind.source: set() for kind in self._kinds}
        self._confirmed_at: datetime | None = None
        super().__init__(lease)

    def key_of(self, row: Columns) -> str:
        return str(row["name"])

    def columns_of(self, key: str) -> dict[str, str]:
        return {"name": key}

    def read_table(self) -> Iterator[tuple[str, Columns]]:
        members: dict[str, Members] = {}
        listed = Member.objects.filter(source=Member.FROM_GIT)
        for tenant, login, role in listed.values_list("tenant__name", "login", "role"):
            members.setdefault(tenant, []).append((login, role))
        for name, row in super().read_table():
            for kind in self._kinds:
                if any(row[column] != value for column, value in kind.columns(None).items()):
                    self._filled[kind.source].add(name)
            yield name, {**row, MEMBERS: sorted(members.get(name, []))}

    def is_wanted(self, key: str) -> bool:
        return key in self._state.git.tenants

    def is_gone(self, key: str) -> bool:
        """A tenant that left git stays as long as a service of it lives."""
        return self._state.git.is_known and all(tenant != key for tenant, _ in self._state.services())

    def parts_of(self, key: str, moment: datetime) -> Iterator[Part]:
        git = self._state.git
        tenant = git.tenants[key]
        times = {"git_revision": git.revision, "git_observed_at": git.read_at}
        yield Part(GIT, fit_to_columns(Tenant, tenant.columns()), times)
        for kind in self._kinds:
            yield from self._part_of_kind(kind, key, moment)
        if tenant.values is not None:
            yield Part(MEMBERS, {MEMBERS: fitted_members(tenant.members)})

    def _part_of_kind(self, kind: TenantKind[Any], key: str, moment: datetime) -> Iterator[Part]:
        """None where the cluster says nothing of the tenant, and never did."""
        row = next(iter(self._state.rows(kind).of(key)), None)
        if row is not None:
            self._filled[kind.source].add(key)
        elif not (self._state.is_known(kind) and key in self._filled[kind.source]):
            return
        yield Part(kind.source, fit_to_columns(Tenant, kind.columns(row)), {"cluster_observed_at": moment})

    def upsert(self, rows: Mapping[str, Columns]) -> None:
        super().upsert({name: without_members(values) for name, values in rows.items()})
        write_members({name: values[MEMBERS] for name, values in rows.items() if MEMBERS in values}, now())

    def delete(self, gone: Iterable[str]) -> None:
        if gone:
            Tenant.objects.filter(name__in=gone).delete()

    def announce(self, changed: set[str]) -> None:
        announce_tenants(changed)

    def confirm_members(self) -> None:
        """Marks memberships from git as just confirmed. Call only after git was read.

        Those of a file that cannot be read, or of a tenant that cannot be written, grow old, as GitHub's do while it
        does not answer.
        """
        moment = now()
        if self._confirmed_at and moment - self._confirmed_at < MEMBERS_CONFIRMED_EVERY:
            return
        with transaction.atomic():
            self._lease.hold()
            unread = {name for name, tenant in self._state.git.tenants.items() if tenant.values is None}
            unread |= self.unwritten.keys() & self.keys()
            confirmed = Member.objects.filter(source=Member.FROM_GIT).exclude(tenant__name__in=unread)
            confirmed.update(resolved_at=moment)
        self._confirmed_at = moment


def fitted_members(listed: Iterable[tuple[str, str]]) -> Members:
    rows = [fit_to_columns(Member, {"login": login, "role": role}) for login, role in listed]
    return sorted({row["login"]: row["role"] for row in rows}.items())


def without_members(values: Columns) -> Columns:
    return {name: value for name, value in values.items() if name != MEMBERS}


def write_members(wanted: Mapping[str, Members], moment: datetime) -> None:
    """Replaces the members git lists for these tenants. Members from elsewhere are not touched."""
    if not wanted:
        return
    rows = {tenant.name: tenant for tenant in Tenant.objects.filter(name__in=wanted)}
    Member.objects.filter(tenant__in=rows.values(), source=Member.FROM_GIT).delete()
    Member.objects.bulk_create(
        Member(tenant=rows[name], login=login, role=role, source=Member.FROM_GIT, resolved_at=moment)
        for name, listed in wanted.items()
        for login, role in listed
    )
