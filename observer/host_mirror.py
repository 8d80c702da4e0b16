"""Which hosts services have in git, and those that two of them have."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from django.db.models import QuerySet

from integrations.gitops import FILE_SOURCES, Route
from integrations.kubernetes.instances import ServiceKey
from observer.lease import Lease
from observer.mirror import Columns, Mirror, Part
from observer.state import ClusterState
from tenants.models import HostClaim

ROUTES = "routes"

Routes = tuple[Route, ...]
# A service with its path at one host.
ServiceAtPath = tuple[ServiceKey, str]


class HostMirror(Mirror[ServiceKey]):
    """The rows of `tenants.HostClaim` that values files make. Reservations of operations are not touched.

    A service may have several rows, so they are replaced together. Writing touches the services that clash now and did
    not, or no longer do.
    """

    model = HostClaim
    key_columns = ("tenant", "service")
    columns = ()
    parts = (ROUTES,)
    misfit = "a host of it does not fit into the mirror"

    def __init__(self, lease: Lease, state: ClusterState) -> None:
        super().__init__(lease)
        self._state = state
        self._routes: dict[ServiceKey, Routes] = {}
        self._places: dict[str, set[ServiceAtPath]] = {}
        self._clashing: dict[str, set[ServiceKey]] = {}

    def read_table(self) -> Iterator[tuple[ServiceKey, Columns]]:
        found: dict[ServiceKey, list[Route]] = defaultdict(list)
        for tenant, service, *route in claims_of_git().values_list("tenant", "service", "host", "path", "source"):
            found[tenant, service].append(Route(*route))
        self._routes, self._places, self._clashing = {}, {}, {}
        self._remember({key: tuple(routes) for key, routes in found.items()})
        for key, routes in self._routes.items():
            yield key, as_columns(routes)

    def is_wanted(self, key: ServiceKey) -> bool:
        return bool(self._wanted(key))

    def is_gone(self, key: ServiceKey) -> bool:
        return self._state.git.is_known

    def parts_of(self, key: ServiceKey, moment: datetime) -> Iterator[Part]:
        yield Part(ROUTES, as_columns(self._wanted(key)))

    def _wanted(self, key: ServiceKey) -> Routes:
        """A file that cannot be read for now keeps the hosts it had: nobody else may take them meanwhile."""
        service = self._state.git.services.get(key)
        if service is None:
            return ()
        return self._routes.get(key, ()) if service.values is None else service.routes

    def upsert(self, rows: Mapping[ServiceKey, Columns]) -> None:
        self.delete(rows.keys() & self._routes.keys())
        HostClaim.objects.bulk_create(
            HostClaim(tenant=tenant, service=service, host=host, path=path, source=source)
            for (tenant, service), columns in rows.items()
            for host, path, source in columns[ROUTES]
        )

    def delete(self, gone: Iterable[ServiceKey]) -> None:
        grouped: dict[str, list[str]] = defaultdict(list)
        for tenant, service in gone:
            grouped[tenant].append(service)
        for tenant, names in grouped.items():
            claims_of_git().filter(tenant=tenant, service__in=names).delete()

    def written(self, rows: Mapping[ServiceKey, Columns], gone: Iterable[ServiceKey]) -> None:
        kept = {key: tuple(Route(*route) for route in columns[ROUTES]) for key, columns in rows.items()}
        self._remember(kept | dict.fromkeys(gone, ()))

    def announce(self, changed: set[ServiceKey]) -> None:
        """Nothing: a page shows a host with its service, which is announced itself."""

    # --- clashes

    def _remember(self, written: Mapping[ServiceKey, Routes]) -> None:
        hosts = set()
        for key, routes in written.items():
            for route in self._routes.pop(key, ()):
                self._places[route.host].discard((key, route.path))
                hosts.add(route.host)
            for route in routes:
                self._places.setdefault(route.host, set()).add((key, route.path))
                hosts.add(route.host)
            if routes:
                self._routes[key] = routes
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
        hosts = sorted({route.host for route in self._routes.get(key, ())})
        host = next((host for host in hosts if key in self._clashing.get(host, ())), "")
        if self._state.shared_hosts.pop(key, "") != host:
            self._state.touched.add(key)
        if host:
            self._state.shared_hosts[key] = host


def claims_of_git() -> QuerySet[HostClaim]:
    return HostClaim.objects.in_git().filter(source__in=FILE_SOURCES)


def as_columns(routes: Routes) -> dict[str, list[list[str]]]:
    return {ROUTES: [list(route) for route in routes]}


def clashing(places: set[ServiceAtPath]) -> set[ServiceKey]:
    """All at a host that two tenants have; of one tenant, those at the same path of it."""
    services = {key for key, _ in places}
    if len({tenant for tenant, _ in services}) > 1:
        return services
    crowded = Counter(path for _, path in places)
    return {key for key, path in places if crowded[path] > 1}
