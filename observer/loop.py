"""The observer as a whole: waits for the lease, then reads, remembers, writes and tells, until told to stop."""

import gc
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from time import monotonic
from typing import TypeVar

import structlog
from django.conf import settings

from core.clock import now
from integrations.kubernetes import MirroredTable
from integrations.kubernetes.instances import ServiceKey
from observer.changes import Inbox
from observer.cluster_reader import ClusterReader
from observer.diagnosis_queue import DiagnosisQueue
from observer.git_reader import GitReader
from observer.git_rows import SOURCE as GIT
from observer.host_mirror import HostMirror
from observer.kinds import SERVICE_KINDS, mirrored_kinds
from observer.kinds.applications import APPLICATIONS
from observer.lease import Lease, LeaseLost
from observer.object_mirror import ObjectMirror
from observer.persistence import Stopped, persistently
from observer.publish import poke_operations
from observer.service_mirror import ServiceMirror
from observer.sources import Contact, with_unwritten, write_sources
from observer.state import ClusterState
from observer.status import is_judged, looks_unhealthy
from observer.tenant_mirror import TenantMirror
from tenants.actions import release_hosts

log = structlog.get_logger(__name__)

# Long enough that one rollout's burst is one write, short enough that nobody sees it.
GATHER_S = 0.03
SOURCES_EVERY_S = 2.0
# The source of a service that git does not have.
OF_THE_CLUSTER = APPLICATIONS.name
# What fills the services' table.
OF_SERVICES = frozenset({GIT, *(kind.source for kind in SERVICE_KINDS)})
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
    """The active observer. One thread, this one, owns the state and does all the writing."""

    def __init__(self, lease: Lease, stopping: threading.Event) -> None:
        self._lease, self._stopping = lease, stopping
        self.inbox = Inbox()
        kinds = mirrored_kinds()
        self.state = ClusterState(kinds)
        self.services = ServiceMirror(lease, self.state)
        self.tenants = TenantMirror(lease, self.state)
        self.hosts = HostMirror(lease, self.state)
        self.objects = [ObjectMirror(lease, self.state, kind) for kind in kinds if isinstance(kind, MirroredTable)]
        self._cluster = ClusterReader(self.inbox, kinds)
        self._git = GitReader(self.inbox)
        self._diagnoses = DiagnosisQueue(self.inbox)
        self._asked_for: set[str] = set()
        self._was_known: frozenset[str] = frozenset()
        self._sources_due = self._lease_due = monotonic()
        self._grace_checked_at: datetime = now()

    def run(self) -> None:
        try:
            for load in (
                self.services.load,
                self.tenants.load,
                self.hosts.load,
                *(table.load for table in self.objects),
            ):
                self._persistently(load)
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
            self._diagnoses.stop()

    def _persistently(self, write: Callable[[], Result]) -> Result:
        return persistently(write, self._stopping)

    # --- one round

    def _round(self) -> None:
        for change in self.inbox.take(self._wait_s(), gather_s=GATHER_S):
            self.state.apply(change)
        self._touch_what_time_changes()
        self._touch_what_became_known()
        # Tenants first: a service whose tenant has no members yet is nobody's to see.
        if self.state.tenants_touched:
            self._write_tenants()
        if self.state.touched or self.state.diagnosed:
            self._write_services()
        for mirror in self.objects:
            self._write_objects(mirror)
        if self.state.suspects:
            self._diagnose(self.state.suspects)
            self.state.suspects = set()
        self._diagnoses.start_due()
        if monotonic() >= self._lease_due:
            self._persistently(self._lease.hold)
            self._lease_due = monotonic() + settings.OBSERVER_LEASE_S / 3
        if monotonic() >= self._sources_due:
            self._write_sources()

    def _wait_s(self) -> float:
        due = min(self._sources_due, self._lease_due) - monotonic()
        return max(0.0, min(due, self._diagnoses.next_in_s(), LONGEST_WAIT_S))

    def _touch_what_time_changes(self) -> None:
        moment = now()
        if (moment - self._grace_checked_at).total_seconds() < SOURCES_EVERY_S:
            return
        self.state.touched |= self.state.leaving_grace(self._grace_checked_at, moment)
        self._grace_checked_at = moment

    def _touch_what_became_known(self) -> None:
        """Once a source is complete for the first time, rows that it does not confirm are looked at too."""
        state = self.state
        state.missing = self._cluster.missing()
        known = state.known_sources()
        # At first the sources of a service are written together, so that one change is not told three times.
        settled = state.is_settled or all(
            kind.source in known or self._cluster.is_away(kind.source) for kind in SERVICE_KINDS
        )
        if not settled:
            known -= OF_SERVICES - {GIT}
        if (known, settled) == (self._was_known, state.is_settled):
            return
        fresh = known - self._was_known
        if (known ^ self._was_known) & OF_SERVICES or settled != state.is_settled:
            state.touched |= state.services() | self.services.keys() | self.hosts.keys()
        state.tenants_touched |= self.tenants.keys()
        for mirror in self.objects:
            if mirror.table.source in fresh:
                mirror.touch_all()
        self._was_known, state.is_settled = known, settled
        # The first reads leave much behind for good: collections need not look at it again.
        gc.collect()
        gc.freeze()

    # --- what follows from changes

    def _write_services(self) -> None:
        touched, diagnosed, settled = self.state.touched, self.state.diagnosed, self.state.is_settled
        if not settled and not self.state.git.is_known:
            return
        if self.state.git.is_known:
            # May touch others: a service that shares a host with one of these.
            self._persistently(lambda: self.hosts.write(touched))
        if settled:
            self._diagnose_or_discard(touched, touched | diagnosed)
        changed = self._persistently(lambda: self.services.write(touched | diagnosed))
        self.state.touched, self.state.diagnosed = set(), set()
        # A tenant that left git goes with its last service.
        self.state.tenants_touched |= {tenant for tenant, _ in changed} - self.state.git.tenants.keys()
        self._persistently(lambda: poke_operations(touched))
        self._ask_git_for_unknown(touched)

    def _write_tenants(self) -> None:
        if not self.state.git.is_known:
            return
        touched = self.state.tenants_touched
        self._persistently(lambda: self.tenants.write(touched))
        self.state.tenants_touched = set()
        self._persistently(lambda: poke_operations({(tenant, "") for tenant in touched}))

    def _write_objects(self, mirror: ObjectMirror) -> None:
        touched = self.state.objects_touched.pop(mirror.table.source, None)
        if touched:
            self._persistently(lambda: mirror.write({key for key, _ in touched}))
            self._persistently(lambda: poke_operations({target for _, target in touched}))

    def _diagnose(self, services: Iterable[ServiceKey]) -> None:
        """Diagnoses those that look unhealthy. A finding itself is no reason to look for the next one."""
        moment = now()
        self._diagnoses.add(
            service
            for service in services
            if self.state.exists(service) and looks_unhealthy(self.state.observed(service), moment)
        )

    def _diagnose_or_discard(self, touched: set[ServiceKey], services: set[ServiceKey]) -> None:
        """A diagnosis may end after its service became well: the row must not keep it."""
        moment = now()
        for service in services:
            seen = self.state.observed(service)
            if self.state.exists(service) and looks_unhealthy(seen, moment):
                if service in touched:
                    self._diagnoses.add([service])
            elif is_judged(seen):
                self._diagnoses.discard(service)
                self.state.findings.pop(service, None)

    def _ask_git_for_unknown(self, services: set[ServiceKey]) -> None:
        """An Application at a commit we have not seen means that git has moved on."""
        seen = {row.revision for service in services for row in self.state.rows(APPLICATIONS).of(service)}
        unknown = seen - {"", self.state.git.revision} - self._asked_for
        if unknown:
            self._asked_for = unknown
            self._git.nudge()

    def _write_sources(self) -> None:
        git, *clusters = self._git.contact(), *self._cluster.contacts()
        contacts = [with_unwritten(contact, self._unwritten(contact.name)) for contact in (git, *clusters)]
        self._persistently(lambda: write_sources(contacts, self.state.counts()))
        if self.state.git.is_known and not git.error:
            self._persistently(self.tenants.confirm_members)
            self._release_hosts(git)
        self._sources_due = monotonic() + SOURCES_EVERY_S

    def _release_hosts(self, git: Contact) -> None:
        """Only once the rows of what git was last read to have are written."""
        read_at = git.last_contact_at
        if read_at and git.revision == self.state.git.revision:
            self._persistently(lambda: release_hosts(read_at))

    def _unwritten(self, source: str) -> dict[str, str]:
        """Rows that cannot be made or written, by name, where this source brought them."""
        unreadable = {"/".join(key): why for key, why in self.state.unreadable_of(source).items()}
        for mirror in self.objects:
            if source == mirror.table.name:
                return {"/".join(key): why for key, why in mirror.unwritten.items()} | unreadable
        in_git = self.state.git.services
        unwritten = self.services.unwritten | self.hosts.unwritten
        services = {key: why for key, why in unwritten.items()
                    if source == (GIT if key in in_git else OF_THE_CLUSTER)}  # fmt: skip
        tenants = self.tenants.unwritten if source == GIT else {}
        return {f"{tenant}/{name}": why for (tenant, name), why in services.items()} | tenants | unreadable
