"""The observer as a whole: waits for the lease, then reads, remembers, writes and tells, until told to stop."""

import gc
import threading
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import TypeVar

import structlog
from django.conf import settings

from core.clock import now
from observer.changes import Inbox
from observer.cluster_reader import OF_ROWS, ClusterReader, Contact
from observer.findings import FindingsDesk
from observer.git_reader import NAME as GIT
from observer.git_reader import GitReader
from observer.host_mirror import HostMirror
from observer.lease import Lease, LeaseLost
from observer.mirror import ServiceMirror
from observer.persistence import Stopped, persistently
from observer.picture import Picture
from observer.publish import poke_operations
from observer.rows import ServiceKey
from observer.status import is_judged, looks_unhealthy
from observer.tenant_mirror import TenantMirror, with_unwritten, write_sources
from tenants.actions import release_hosts

log = structlog.get_logger(__name__)

# Long enough that one rollout's burst is one write, short enough that nobody sees it.
GATHER_S = 0.03
SOURCES_EVERY_S = 2.0
# The source of a service that git does not have.
OF_THE_CLUSTER = "kubernetes:applications"
# How long a request to stop may go unnoticed while nothing happens.
LONGEST_WAIT_S = 0.5

Result = TypeVar("Result")


def observe(stopping: threading.Event) -> None:
    """Runs until `stopping` is set: standing by while another observer is active, then in its place."""
    lease = Lease()
    stand_by_s = min(1.0, settings.OBSERVER_LEASE_S / 8)
    standing_by = False
    try:
        while not stopping.is_set():
            if persistently(lease.take, stopping):
                standing_by = False
                log.info("observer_active", holder=lease.holder)
                Observer(lease, stopping).run()
                continue
            if not standing_by:
                standing_by = True
                log.info("observer_standing_by", holder=lease.holder)
            stopping.wait(stand_by_s)
        persistently(lease.release, stopping)
    except Stopped:
        return


class Observer:
    """The active observer. One thread, this one, owns the picture and does all the writing."""

    def __init__(self, lease: Lease, stopping: threading.Event) -> None:
        self._lease, self._stopping = lease, stopping
        self.inbox = Inbox()
        self.picture = Picture()
        self.services = ServiceMirror(lease, self.picture)
        self.tenants = TenantMirror(lease, self.picture)
        self.hosts = HostMirror(lease, self.picture)
        self._cluster = ClusterReader(self.inbox)
        self._git = GitReader(self.inbox)
        self._findings = FindingsDesk(self.inbox)
        self._asked_for: set[str] = set()
        self._was_known: frozenset[str] = frozenset()
        self._was_settled = False
        self._sources_due = self._lease_due = monotonic()
        self._grace_checked_at: datetime = now()

    def run(self) -> None:
        try:
            self._persistently(self.services.load)
            self._persistently(self.tenants.load)
            self._persistently(self.hosts.load)
            self._cluster.start()
            self._git.start()
            while not self._stopping.is_set():
                self._round()
        except LeaseLost:
            log.warning("lease_lost", holder=self._lease.holder)
        except Stopped:
            pass
        finally:
            self._git.stop()
            self._cluster.stop()
            self._findings.stop()

    def _persistently(self, write: Callable[[], Result]) -> Result:
        return persistently(write, self._stopping)

    # --- one round

    def _round(self) -> None:
        for change in self.inbox.take(self._wait_s(), gather_s=GATHER_S):
            self.picture.apply(change)
        self._touch_what_time_changes()
        self._touch_what_became_known()
        # Tenants first: a service whose tenant has no members yet is nobody's to see.
        if self.picture.tenants_touched:
            self._write_tenants()
        if self.picture.touched or self.picture.diagnosed:
            self._write_services()
        if self.picture.suspects:
            self._look_again(self.picture.suspects)
            self.picture.suspects = set()
        self._findings.start_due()
        if monotonic() >= self._lease_due:
            self._persistently(self._lease.hold)
            self._lease_due = monotonic() + settings.OBSERVER_LEASE_S / 3
        if monotonic() >= self._sources_due:
            self._write_sources()

    def _wait_s(self) -> float:
        due = min(self._sources_due, self._lease_due) - monotonic()
        return max(0.0, min(due, self._findings.next_in_s(), LONGEST_WAIT_S))

    def _touch_what_time_changes(self) -> None:
        moment = now()
        if (moment - self._grace_checked_at).total_seconds() < SOURCES_EVERY_S:
            return
        self.picture.touched |= self.picture.leaving_grace(self._grace_checked_at, moment)
        self._grace_checked_at = moment

    def _touch_what_became_known(self) -> None:
        """Once a source is complete for the first time, rows that it does not confirm are looked at too."""
        self.picture.without_applications = self._cluster.has_no_applications()
        known = self.picture.known_sources()
        # At first the sources of a row are written together, so that one change is not told three times.
        settled = self._was_settled or all(source in known or self._cluster.is_away(source) for source in OF_ROWS)
        if not settled:
            known &= {"git"}
        if (known, settled) != (self._was_known, self._was_settled):
            self.picture.touched |= self.picture.services() | self.services.keys() | self.hosts.keys()
            self.picture.tenants_touched |= self.tenants.names()
            self._was_known, self._was_settled = known, settled
            # The first reads leave much behind for good: collections need not look at it again.
            gc.collect()
            gc.freeze()

    # --- what follows from changes

    def _write_services(self) -> None:
        touched, diagnosed, settled = self.picture.touched, self.picture.diagnosed, self._was_settled
        if not settled and not self.picture.git.is_known:
            return
        if self.picture.git.is_known:
            # May touch others: a service that shares a host with one of these.
            self._persistently(lambda: self.hosts.write(touched))
        if settled:
            self._drop_outlived_findings(touched | diagnosed)
            self._look_again(touched)
        changed = self._persistently(lambda: self.services.write(touched | diagnosed, cluster_is_settled=settled))
        self.picture.touched, self.picture.diagnosed = set(), set()
        # A tenant that left git goes with its last service.
        self.picture.tenants_touched |= {tenant for tenant, _ in changed} - self.picture.git.tenants.keys()
        self._persistently(lambda: poke_operations(touched))
        self._ask_git_for_unknown(touched)

    def _write_tenants(self) -> None:
        if not self.picture.git.is_known:
            return
        touched = self.picture.tenants_touched
        self._persistently(lambda: self.tenants.write(touched))
        self.picture.tenants_touched = set()

    def _look_again(self, services: set[ServiceKey]) -> None:
        """Has those diagnosed that look unhealthy; a finding itself is no reason to look for the next one."""
        self._findings.want(service for service in services if self._looks_unhealthy(service))

    def _drop_outlived_findings(self, services: set[ServiceKey]) -> None:
        """A diagnosis may end after its service became well: the row must not keep it."""
        for service in services:
            if is_judged(self.picture.observed(service)) and not self._looks_unhealthy(service):
                self._findings.forget(service)
                self.picture.findings.pop(service, None)

    def _looks_unhealthy(self, service: ServiceKey) -> bool:
        return self.picture.exists(service) and looks_unhealthy(self.picture.observed(service), now())

    def _ask_git_for_unknown(self, services: set[ServiceKey]) -> None:
        """An Application at a commit we have not seen means that git has moved on."""
        seen = {row.revision for service in services for row in self.picture.applications.of(service)}
        unknown = seen - {"", self.picture.git.revision} - self._asked_for
        if unknown:
            self._asked_for = unknown
            self._git.nudge()

    def _write_sources(self) -> None:
        git, *clusters = self._git.contact(), *self._cluster.contacts()
        contacts = [with_unwritten(contact, self._unwritten(contact.name)) for contact in (git, *clusters)]
        self._persistently(lambda: write_sources(contacts, self.picture.counts()))
        if self.picture.git.is_known and not git.error:
            self._persistently(self.tenants.confirm_members)
            self._release_hosts(git)
        self._sources_due = monotonic() + SOURCES_EVERY_S

    def _release_hosts(self, git: Contact) -> None:
        """Only once the rows of what git was last read to have are written."""
        read_at = git.last_contact_at
        if read_at and git.revision == self.picture.git.revision:
            self._persistently(lambda: release_hosts(read_at))

    def _unwritten(self, source: str) -> dict[str, str]:
        """Rows that cannot be written, by name, where this source brought them."""
        in_git = self.picture.git.services
        unwritten = self.services.unwritten | self.hosts.unwritten
        services = {key: why for key, why in unwritten.items()
                    if source == (GIT if key in in_git else OF_THE_CLUSTER)}  # fmt: skip
        tenants = self.tenants.unwritten if source == GIT else {}
        return {f"{tenant}/{name}": why for (tenant, name), why in services.items()} | tenants
