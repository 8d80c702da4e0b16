"""Writes which hosts services have in git, and finds those that two of them have."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import structlog
from django.db import transaction

from integrations.gitops import FILE_SOURCES, Route
from observer.lease import Lease
from observer.mirror import BATCH, UNWRITABLE, batches
from observer.picture import Picture
from observer.rows import ServiceKey
from tenants.models import HostClaim

log = structlog.get_logger(__name__)

Routes = tuple[Route, ...]
# A service with its path at one host.
ServiceAtPath = tuple[ServiceKey, str]


class HostMirror:
    """The rows of `tenants.HostClaim` that values files make. Reservations of operations are not touched.

    `unwritten` says of each service whose hosts cannot be written why not.
    """

    def __init__(self, lease: Lease, picture: Picture) -> None:
        self._lease, self._picture = lease, picture
        self._written: dict[ServiceKey, Routes] = {}
        self._places: dict[str, set[ServiceAtPath]] = {}
        self._clashing: dict[str, set[ServiceKey]] = {}
        self.unwritten: dict[ServiceKey, str] = {}

    def load(self) -> None:
        """What the table holds now, so that only differences are written."""
        found: dict[ServiceKey, list[Route]] = defaultdict(list)
        claims = HostClaim.objects.in_git().filter(source__in=FILE_SOURCES)
        for tenant, service, *route in claims.values_list("tenant", "service", "host", "path", "source").iterator():
            found[tenant, service].append(Route(*route))
        self._written, self._places, self._clashing = {}, {}, {}
        self._remember({key: tuple(routes) for key, routes in found.items()})

    def keys(self) -> set[ServiceKey]:
        return set(self._written)

    def write(self, services: Iterable[ServiceKey]) -> None:
        """Brings the rows of these services up to date, and touches the services that clash now and did not, or no
        longer do. Call only once git is known. Raises LeaseLost."""
        wanted = {key: self._wanted(key) for key in services}
        pending = {key: routes for key, routes in wanted.items() if self._written.get(key, ()) != routes}
        self.unwritten = {key: why for key, why in self.unwritten.items() if key in pending or key not in wanted}
        for batch in batches(sorted(pending), BATCH):
            written = {key: pending[key] for key in batch}
            try:
                self._store(written)
            except UNWRITABLE:
                # One of them spoils the batch.
                for key in batch:
                    self._store_alone(key, pending[key])
            else:
                self._remember(written)
                self.unwritten = {key: why for key, why in self.unwritten.items() if key not in written}

    def _store(self, wanted: Mapping[ServiceKey, Routes]) -> None:
        with transaction.atomic():
            self._lease.hold()
            self._replace(wanted)

    def _store_alone(self, key: ServiceKey, routes: Routes) -> None:
        """Where it fails, the service keeps the hosts it had, and is tried again when it is touched."""
        try:
            self._store({key: routes})
        except UNWRITABLE as error:
            log.warning("hosts_unwritable", service="/".join(key), exc_info=error)
            self.unwritten[key] = f"a host of it does not fit into the mirror ({type(error).__name__})"
        else:
            self._remember({key: routes})
            self.unwritten.pop(key, None)

    def _wanted(self, key: ServiceKey) -> Routes:
        """A file that cannot be read for now keeps the hosts it had: nobody else may take them meanwhile."""
        service = self._picture.git.services.get(key)
        if service is None:
            return ()
        return self._written.get(key, ()) if service.values is None else service.routes

    def _replace(self, wanted: Mapping[ServiceKey, Routes]) -> None:
        old: dict[str, list[str]] = defaultdict(list)
        for tenant, service in wanted.keys() & self._written.keys():
            old[tenant].append(service)
        for tenant, names in old.items():
            claims = HostClaim.objects.in_git().filter(source__in=FILE_SOURCES)
            claims.filter(tenant=tenant, service__in=names).delete()
        HostClaim.objects.bulk_create(
            HostClaim(tenant=tenant, service=service, **route._asdict())
            for (tenant, service), routes in wanted.items()
            for route in routes
        )

    # --- clashes

    def _remember(self, written: Mapping[ServiceKey, Routes]) -> None:
        hosts = set()
        for key, routes in written.items():
            for route in self._written.pop(key, ()):
                self._places[route.host].discard((key, route.path))
                hosts.add(route.host)
            for route in routes:
                self._places.setdefault(route.host, set()).add((key, route.path))
                hosts.add(route.host)
            if routes:
                self._written[key] = routes
        self._judge(hosts)

    def _judge(self, hosts: Iterable[str]) -> None:
        concerned: set[ServiceKey] = set()
        for host in hosts:
            before, after = self._clashing.pop(host, set()), clashing(self._places[host])
            concerned |= before ^ after
            if after:
                self._clashing[host] = after
            if not self._places[host]:
                del self._places[host]
        for key in concerned:
            self._tell(key)

    def _tell(self, key: ServiceKey) -> None:
        """The first host that the service shares with another is what its row says."""
        hosts = sorted({route.host for route in self._written.get(key, ())})
        host = next((host for host in hosts if key in self._clashing.get(host, ())), "")
        if self._picture.shared_hosts.pop(key, "") != host:
            self._picture.touched.add(key)
        if host:
            self._picture.shared_hosts[key] = host


def clashing(places: set[ServiceAtPath]) -> set[ServiceKey]:
    """All at a host that two tenants have; of one tenant, those at the same path of it."""
    services = {key for key, _ in places}
    if len({tenant for tenant, _ in services}) > 1:
        return services
    crowded = Counter(path for _, path in places)
    return {key for key, path in places if crowded[path] > 1}
