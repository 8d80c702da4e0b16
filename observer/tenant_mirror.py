"""Writes the tables of tenants, members and sources."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from core.clock import now
from observer.cluster_reader import Contact
from observer.git_rows import TENANT_COLUMNS
from observer.lease import Lease
from observer.mirror import digest
from observer.picture import Picture
from observer.publish import announce_tenants
from tenants.models import Member, Source, Tenant

FROM_GIT = "git"
MEMBERS_CONFIRMED_EVERY = timedelta(seconds=30)


class TenantMirror:
    """Tenants and their members as git lists them, with the use of their quota."""

    def __init__(self, lease: Lease, picture: Picture) -> None:
        self._lease, self._picture = lease, picture
        self._written: dict[str, int] = {}
        self._with_quota: set[str] = set()
        self._members: dict[str, tuple[tuple[str, str], ...]] = {}
        self._confirmed_at: datetime | None = None

    def load(self) -> None:
        names = (*TENANT_COLUMNS, "quota_hard", "quota_used")
        self._written = {
            row["name"]: digest({name: row[name] for name in names}) for row in Tenant.objects.values("name", *names)
        }
        self._with_quota = set(Tenant.objects.exclude(quota_hard={}).values_list("name", flat=True))
        members: dict[str, list[tuple[str, str]]] = {name: [] for name in self._written}
        for tenant, login, role in Member.objects.filter(source=FROM_GIT).values_list("tenant__name", "login", "role"):
            members[tenant].append((login, role))
        self._members = {tenant: tuple(sorted(listed)) for tenant, listed in members.items()}

    def names(self) -> set[str]:
        return set(self._written)

    def write(self, tenants: Iterable[str]) -> set[str]:
        """Brings these tenants up to date and announces those that changed. Raises LeaseLost."""
        moment = now()
        wanted = {name: self._columns(name) for name in tenants}
        marks = {name: digest(values) for name, values in wanted.items() if values is not None}
        pending = {name: wanted[name] or {} for name, mark in marks.items() if self._written.get(name) != mark}
        gone = [name for name, values in wanted.items() if values is None and name in self._written]
        gone = [name for name in gone if self._is_gone(name)]
        members = {name: listed for name in marks if (listed := self._differing_members(name)) is not None}
        if not (pending or gone or members):
            return set()
        with transaction.atomic():
            self._lease.hold()
            self._upsert(pending, moment)
            Tenant.objects.filter(name__in=gone).delete()
            write_members(members, moment)
        self._written |= {name: marks[name] for name in pending}
        self._with_quota |= {name for name, values in pending.items() if values.get("quota_hard")}
        self._with_quota -= {name for name, values in pending.items() if values.get("quota_hard") == {}}
        self._members |= members
        for name in gone:
            self._written.pop(name, None)
            self._members.pop(name, None)
        changed = pending.keys() | set(gone) | members.keys()
        announce_tenants(changed)
        return changed

    def confirm_members(self) -> None:
        """Says of the memberships from git that they were read again just now. Call only after git was read.

        Those of a file that cannot be read grow old, as GitHub's do while it does not answer.
        """
        moment = now()
        if self._confirmed_at and moment - self._confirmed_at < MEMBERS_CONFIRMED_EVERY:
            return
        with transaction.atomic():
            self._lease.hold()
            unread = [name for name, tenant in self._picture.git.tenants.items() if tenant.values is None]
            Member.objects.filter(source=FROM_GIT).exclude(tenant__name__in=unread).update(resolved_at=moment)
        self._confirmed_at = moment

    def _columns(self, name: str) -> dict[str, Any] | None:
        """None where git does not have the tenant, or it is not known yet whether it does."""
        tenant = self._picture.git.tenants.get(name)
        if tenant is None:
            return None
        quota = self._picture.quotas.get(name)
        if quota is None and not (self._picture.quotas_known and name in self._with_quota):
            return tenant.columns()
        hard, used = (dict(quota.hard), dict(quota.used)) if quota else ({}, {})
        return {**tenant.columns(), "quota_hard": hard, "quota_used": used}

    def _is_gone(self, name: str) -> bool:
        """A tenant that left git stays as long as a service of it lives."""
        git = self._picture.git
        return git.is_known and name not in git.tenants and all(key[0] != name for key in self._picture.services())

    def _differing_members(self, name: str) -> tuple[tuple[str, str], ...] | None:
        tenant = self._picture.git.tenants[name]
        if tenant.values is None or self._members.get(name) == tenant.members:
            return None
        return tenant.members

    def _upsert(self, pending: Mapping[str, Mapping[str, Any]], moment: datetime) -> None:
        git = self._picture.git
        times = {"git_revision": git.revision, "git_observed_at": git.read_at}
        for name, values in pending.items():
            seen = {"cluster_observed_at": moment} if "quota_used" in values else {}
            Tenant.objects.update_or_create(name=name, defaults={**values, **times, **seen})


def write_members(wanted: Mapping[str, tuple[tuple[str, str], ...]], moment: datetime) -> None:
    """Replaces the members git lists for these tenants. Members from elsewhere are not touched."""
    if not wanted:
        return
    rows = {tenant.name: tenant for tenant in Tenant.objects.filter(name__in=wanted)}
    Member.objects.filter(tenant__in=rows.values(), source=FROM_GIT).delete()
    Member.objects.bulk_create(
        Member(tenant=rows[name], login=login, role=role, source=FROM_GIT, resolved_at=moment)
        for name, listed in wanted.items()
        for login, role in listed
    )


def write_sources(contacts: Iterable[Contact], counts: Mapping[str, int]) -> None:
    """One row a source: when it last answered, since when it does not, and how much it holds."""
    before = {source.name: source for source in Source.objects.all()}
    rows = []
    for contact in contacts:
        known = before.get(contact.name)
        since = (known.error_since if known and known.error else None) or now()
        rows.append(
            Source(
                name=contact.name,
                label=contact.label,
                # A new observer that has not heard the source yet knows no better than the last one did.
                last_contact_at=contact.last_contact_at or (known.last_contact_at if known else None),
                revision=contact.revision[:64],
                error=contact.error,
                notice=contact.notice,
                error_since=since if contact.error else None,
                objects_seen=counts.get(contact.name, 0),
            )
        )
    fields = ["label", "last_contact_at", "revision", "error", "notice", "error_since", "objects_seen"]
    Source.objects.bulk_create(rows, update_conflicts=True, unique_fields=["name"], update_fields=fields)
