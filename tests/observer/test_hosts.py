"""The table of hosts follows git: only what differs is written, and a host that two services have shows at both."""

from collections.abc import Callable
from typing import Any

import pytest

from core.clock import now
from integrations.gitops import Route
from observer.changes import GitRead
from observer.git_rows import GitService, GitWorld
from observer.host_mirror import HostMirror
from observer.lease import Lease, LeaseLost
from observer.models import ObserverLease
from observer.state import ClusterState
from services.models import URGENCY_QUIET, URGENCY_WARNING
from tenants.models import HostClaim
from tests import builders
from tests.observer.world import World, row_soon, soon

MANY = 2_000
PEAR = ("orchard", "pear")


@pytest.fixture
def lease(db: None) -> Lease:
    ours = Lease(length_s=30)
    assert ours.take()
    return ours


class Hosts:
    """A mirror, and the services git has."""

    def __init__(self, lease: Lease) -> None:
        self.state = ClusterState()
        self.mirror = HostMirror(lease, self.state)
        self.in_git: dict[tuple[str, str], GitService | None] = {
            ("orchard", f"apple-{number:04}"): service(f"{number}.dev") for number in range(MANY)
        }
        self.read()

    def read(self, **services: GitService | None) -> set[tuple[str, str]]:
        """Git has this now. Returns the services that are to be looked at because their clashes changed."""
        for key, found in services.items():
            tenant, _, name = key.partition("_")
            self.in_git[tenant, name] = found
        known = {key: found for key, found in self.in_git.items() if found is not None}
        self.state.apply(GitRead(GitWorld("r", now(), known, {})))
        touched, self.state.touched = self.state.touched, set()
        self.mirror.write(touched)
        return self.state.touched


def service(host: str, path: str = "/", *, readable: bool = True) -> GitService:
    values: Any = (host,) if readable else None
    return GitService(values, 1, None, routes=(Route(host, path, "ingress"),) if readable else ())


@pytest.fixture
def hosts(lease: Lease) -> Hosts:
    return Hosts(lease)


def test_one_changed_service_costs_the_same_few_statements_beside_thousands(
    hosts: Hosts, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    # Hold the lease, find and delete the old row, write the new one, and the two statements around them.
    with django_assert_max_num_queries(6):
        hosts.read(**{"orchard_apple-0007": service("seven.dev")})

    assert HostClaim.objects.count() == MANY
    assert HostClaim.objects.get(service="apple-0007").host == "seven.dev"


def test_nothing_new_writes_nothing_even_after_a_restart(
    hosts: Hosts, lease: Lease, django_assert_num_queries: Callable[..., Any]
) -> None:
    restarted = HostMirror(lease, hosts.state)
    restarted.load()
    with django_assert_num_queries(0):
        restarted.write(hosts.in_git)


def test_whoever_lost_the_lease_writes_nothing(hosts: Hosts) -> None:
    ObserverLease.objects.update(holder="another")
    with pytest.raises(LeaseLost):
        hosts.read(orchard_pear=service("pear.dev"))
    assert not HostClaim.objects.filter(service="pear").exists()


def test_what_leaves_git_gives_its_host_up_and_what_cannot_be_read_keeps_it(hosts: Hosts) -> None:
    hosts.read(orchard_pear=service("pear.dev"), garden_plum=service("plum.dev"))
    hosts.read(orchard_pear=None, garden_plum=service("", readable=False))
    assert list(HostClaim.objects.exclude(service__startswith="apple").values_list("host")) == [("plum.dev",)]


def test_hosts_that_cannot_be_written_keep_no_others_back(hosts: Hosts) -> None:
    hosts.read(orchard_pear=service("pear.dev"))
    odd = GitService(("x",), 1, None, routes=(Route(None, "/", "ingress"),))  # type: ignore[arg-type]
    hosts.read(orchard_pear=odd, garden_plum=service("plum.dev"))

    rows = HostClaim.objects.exclude(service__startswith="apple").values_list("host", flat=True)
    assert set(rows) == {"pear.dev", "plum.dev"}
    assert list(hosts.mirror.unwritten) == [PEAR]

    hosts.read(orchard_pear=service("pear.dev"))
    assert hosts.mirror.unwritten == {}


def test_reservations_of_operations_and_claims_of_other_apps_are_left_alone(hosts: Hosts) -> None:
    hosts.read(orchard_pear=service("pear.dev"))
    own = {"tenant": "orchard", "service": "pear", "path": "/"}
    HostClaim.objects.create(host="new.dev", source="ingress", operation="deploy-service-aaaaa", **own)
    HostClaim.objects.create(host="my.dev", source="custom-domain", **own)
    hosts.read(orchard_pear=service("other.dev"))
    assert set(HostClaim.objects.filter(service="pear").values_list("host", flat=True)) == {
        "new.dev", "my.dev", "other.dev",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("second", "path", "clash"),
    [("garden_plum", "/x", True), ("orchard_plum", "/", True), ("orchard_plum", "/x", False)],
)
def test_services_clash_over_a_host_of_two_tenants_or_over_a_path_of_one(
    hosts: Hosts, second: str, path: str, clash: bool
) -> None:
    assert hosts.read(orchard_pear=service("fruit.dev")) == set()
    both = {PEAR, tuple(second.split("_"))} if clash else set()

    assert hosts.read(**{second: service("fruit.dev", path)}) == both
    assert hosts.state.shared_hosts == dict.fromkeys(both, "fruit.dev")

    assert hosts.read(**{second: service("elsewhere.dev")}) == both
    assert hosts.state.shared_hosts == {}


def test_a_clash_is_a_warning_at_both_rows_until_one_gives_way(world: World, tenant: str) -> None:
    other, host = f"{tenant}-b", f"{tenant}.apps.example.dev"
    text = f"image: {{repository: ghcr.io/acme/x, tag: '1'}}\ningress: {{enabled: true, host: {host}}}\n"
    for name in (tenant, other):
        world.git.tenant(name).write(f"services/{name}/apples/values.yaml", text)
        world.service(name, "apples")
    world.git.commit()

    world.observe()

    for name in (tenant, other):
        found = row_soon(name, "apples", cause_id="host-conflict", urgency=URGENCY_WARNING)
        assert (found.cause, found.health) == (f"Another service has {host} too", "Healthy")

    world.git.service(other, "apples").commit()
    row_soon(tenant, "apples", cause="", urgency=URGENCY_QUIET)
    row_soon(other, "apples", cause="", urgency=URGENCY_QUIET)


def test_what_an_ended_operation_reserved_is_given_back_once_git_is_read(world: World, tenant: str) -> None:
    builders.operation("deploy-service-aaaaa", tenant=tenant, state="failed", finished_at=now())
    HostClaim.objects.create(
        host="new.dev", path="/", tenant=tenant, service="x", source="ingress", operation="deploy-service-aaaaa"
    )
    world.git.tenant(tenant).commit()

    world.observe()

    soon(lambda: not HostClaim.objects.exists(), "the reservation is gone")
