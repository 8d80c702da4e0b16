"""Writes the tables of tenants, members and sources."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from django.db import transaction

from core.clock import now
from core.fitting import fit_to_columns, why_unfit
from core.text import counted
from observer.cluster_reader import Contact
from observer.git_rows import PROBLEM, TENANT_COLUMNS
from observer.lease import Lease
from observer.mirror import NO_DIGEST, UNWRITABLE, digest
from observer.picture import Picture
from observer.publish import announce_tenants
from tenants.models import Member, Source, Tenant

FROM_GIT = "git"
MEMBERS_CONFIRMED_EVERY = timedelta(seconds=30)
MOST_NAMED = 5

# Login and role, sorted.
Members = tuple[tuple[str, str], ...]
Value = TypeVar("Value")

log = structlog.get_logger(__name__)


class TenantMirror:
    """Tenants and their members as git lists them, with the use of their quota.

    `unwritten` says of each tenant that cannot be written why not."""

    def __init__(self, lease: Lease, picture: Picture) -> None:
        self._lease, self._picture = lease, picture
        self._written: dict[str, int] = {}
        self._with_quota: set[str] = set()
        self._members: dict[str, Members] = {}
        self._confirmed_at: datetime | None = None
        self.unwritten: dict[str, str] = {}

    def load(self) -> None:
        names = (*TENANT_COLUMNS, PROBLEM, "quota_hard", "quota_used")
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
        wanted, marks, members = self._looked_at(name for name in tenants if self._can_be_named(name))
        pending = {name: wanted[name] or {} for name, mark in marks.items() if self._written.get(name) != mark}
        gone = [name for name, values in wanted.items() if values is None and name in self._written]
        gone = [name for name in gone if self._is_gone(name)]
        # What could not be written before is tried again whole.
        for name in self.unwritten.keys() & (pending.keys() | members.keys()):
            pending[name] = wanted[name] or {}
            if self._picture.git.tenants[name].values is not None:
                members[name] = self._members_of(name)
        if not (pending or gone or members):
            return set()
        try:
            self._store(pending, gone, members, moment)
            self.unwritten = {
                name: why for name, why in self.unwritten.items() if name not in pending.keys() | members.keys()
            }
        except UNWRITABLE:
            # One of them spoils the rest: those that left go together, all others alone.
            self._store({}, gone, {}, moment)
            for name in pending.keys() | members.keys():
                self._store_alone(name, pending, members, moment)
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

    def _looked_at(
        self, names: Iterable[str]
    ) -> tuple[dict[str, dict[str, Any] | None], dict[str, int], dict[str, Members]]:
        """Columns, their digests and members that differ. A tenant whose values cannot be read is left out."""
        wanted: dict[str, dict[str, Any] | None] = {}
        marks: dict[str, int] = {}
        members: dict[str, Members] = {}
        for name in names:
            try:
                values = self._columns(name)
                mark = digest(values) if values is not None else None
                listed = self._differing_members(name) if values is not None else None
            except UNWRITABLE as error:
                if name not in self.unwritten:
                    self._say_so(name, error)
                if name in self._written:
                    self._written[name] = NO_DIGEST
                continue
            wanted[name] = values
            if mark is None:
                self.unwritten.pop(name, None)
            else:
                marks[name] = mark
            if listed is not None:
                members[name] = listed
        return wanted, marks, members

    def _say_so(self, name: str, error: Exception) -> None:
        log.warning("row_unwritable", tenant=name, exc_info=error)
        self.unwritten[name] = f"a value of it does not fit into the mirror ({type(error).__name__})"

    def _can_be_named(self, name: str) -> bool:
        reason = why_unfit(Tenant, name=name)
        if reason and name in self._picture.git.tenants:
            self.unwritten[name] = reason
        return not reason

    def _store(
        self, rows: Mapping[str, Mapping[str, Any]], gone: list[str], members: Mapping[str, Members], moment: datetime
    ) -> None:
        with transaction.atomic():
            self._lease.hold()
            self._upsert(rows, moment)
            Tenant.objects.filter(name__in=gone).delete()
            write_members(members, moment)

    def _store_alone(
        self, name: str, rows: Mapping[str, Mapping[str, Any]], members: Mapping[str, Members], moment: datetime
    ) -> None:
        """Where it fails, the tenant keeps the row and the members it had."""
        try:
            self._store(entry_of(name, rows), [], entry_of(name, members), moment)
        except UNWRITABLE as error:
            self._say_so(name, error)
        else:
            self.unwritten.pop(name, None)

    def confirm_members(self) -> None:
        """Mark memberships from git as just confirmed. Call only after git was read.

        Those of a file that cannot be read, or of a tenant that cannot be written, grow old, as GitHub's do while it
        does not answer.
        """
        moment = now()
        if self._confirmed_at and moment - self._confirmed_at < MEMBERS_CONFIRMED_EVERY:
            return
        with transaction.atomic():
            self._lease.hold()
            unread = {name for name, tenant in self._picture.git.tenants.items() if tenant.values is None}
            unread |= self.unwritten.keys() & self._written.keys()
            Member.objects.filter(source=FROM_GIT).exclude(tenant__name__in=unread).update(resolved_at=moment)
        self._confirmed_at = moment

    def _columns(self, name: str) -> dict[str, Any] | None:
        """None where git does not have the tenant, or it is not known yet whether it does."""
        tenant = self._picture.git.tenants.get(name)
        if tenant is None:
            return None
        quota = self._picture.quotas.get(name)
        if quota is None and not (self._picture.quotas_known and name in self._with_quota):
            return fit_to_columns(Tenant, tenant.columns())
        hard, used = (dict(quota.hard), dict(quota.used)) if quota else ({}, {})
        return fit_to_columns(Tenant, {**tenant.columns(), "quota_hard": hard, "quota_used": used})

    def _is_gone(self, name: str) -> bool:
        """A tenant that left git stays as long as a service of it lives."""
        git = self._picture.git
        return git.is_known and name not in git.tenants and all(key[0] != name for key in self._picture.services())

    def _differing_members(self, name: str) -> Members | None:
        if self._picture.git.tenants[name].values is None or self._members.get(name) == self._members_of(name):
            return None
        return self._members_of(name)

    def _members_of(self, name: str) -> Members:
        listed = self._picture.git.tenants[name].members
        rows = [fit_to_columns(Member, {"login": login, "role": role}) for login, role in listed]
        return tuple(sorted({row["login"]: row["role"] for row in rows}.items()))

    def _upsert(self, pending: Mapping[str, Mapping[str, Any]], moment: datetime) -> None:
        git = self._picture.git
        times = {"git_revision": git.revision, "git_observed_at": git.read_at}
        for name, values in pending.items():
            seen = {"cluster_observed_at": moment} if "quota_used" in values else {}
            Tenant.objects.update_or_create(name=name, defaults={**values, **times, **seen})


def write_members(wanted: Mapping[str, Members], moment: datetime) -> None:
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


def entry_of(name: str, rows: Mapping[str, Value]) -> dict[str, Value]:
    return {name: rows[name]} if name in rows else {}


def write_sources(contacts: Iterable[Contact], counts: Mapping[str, int]) -> None:
    """One row a source: when it last answered, since when it does not, and how much it holds."""
    before = {source.name: source for source in Source.objects.all()}
    rows = []
    for contact in contacts:
        known = before.get(contact.name)
        since = (known.error_since if known and known.error else None) or now()
        columns = {
            "label": contact.label,
            # A new observer that has not heard the source yet knows no better than the last one did.
            "last_contact_at": contact.last_contact_at or (known.last_contact_at if known else None),
            "revision": contact.revision,
            "error": contact.error,
            "notice": contact.notice,
            "error_since": since if contact.error else None,
            "objects_seen": counts.get(contact.name, 0),
        }
        rows.append(Source(name=contact.name, **fit_to_columns(Source, columns)))
    fields = ["label", "last_contact_at", "revision", "error", "notice", "error_since", "objects_seen"]
    Source.objects.bulk_create(rows, update_conflicts=True, unique_fields=["name"], update_fields=fields)


def with_unwritten(contact: Contact, unwritten: Mapping[str, str]) -> Contact:
    """The source with the rows of it that cannot be written, counted and the first ones named, in its notice."""
    if not unwritten:
        return contact
    named = "; ".join(f"{name[:130]}: {why}" for name, why in sorted(unwritten.items())[:MOST_NAMED])
    more = f"; and {len(unwritten) - MOST_NAMED} more" if len(unwritten) > MOST_NAMED else ""
    said = f"{counted(len(unwritten), 'row')} cannot be shown: {named}{more}"
    return replace(contact, notice="; ".join(filter(None, [contact.notice, said])))
