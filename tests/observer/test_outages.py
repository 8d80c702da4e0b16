"""What was known stays and is marked as old while a source is away; nothing is ever read as zero."""

import signal
from collections.abc import Callable

from core.clock import now
from observer.models import ObserverLease
from services.models import Service
from tenants.models import Source
from tenants.queries import source_state
from tests.integrations.kubernetes.objects import make_namespace
from tests.integrations.kubernetes.servers import Emulator, Relay
from tests.observer.world import GitHost, World, row, row_soon, soon, source
from tests.processes import LONGEST_WAIT_S


def test_rows_outlive_a_cluster_that_is_down_and_follow_it_when_it_is_back(
    own_emulator: Emulator, git_host: GitHost, world_on: Callable[[Emulator, GitHost], World]
) -> None:
    world = world_on(own_emulator, git_host)
    world.git.tenant("orchard").service("orchard", "apples").commit()
    world.service("orchard", "apples")
    world.observe()
    row_soon("orchard", "apples", health="Healthy", replicas_ready=1)
    soon(Source.objects.filter(name="kubernetes:pods").exists, "its sources are written")

    own_emulator.stop()
    soon(lambda: bool(source("kubernetes:pods").error), "the source says that it is away")
    away, kept = source("kubernetes:pods"), row("orchard", "apples")
    assert kept is not None
    assert (kept.health, kept.replicas_ready) == ("Healthy", 1)
    assert "does not answer" in away.error
    assert away.error_since is not None
    assert not source("gitops").error
    assert not source_state(away, now())["ok"]

    own_emulator.start()
    make_namespace(world.cluster, "argocd")
    world.service("orchard", "apples", health="Degraded")
    row_soon("orchard", "apples", health="Degraded")
    soon(lambda: not source("kubernetes:pods").error, "the source is well again")


def test_rows_outlive_a_git_host_that_is_down(
    emulator: Emulator, own_git_host: GitHost, world_on: Callable[[Emulator, GitHost], World], tenant: str
) -> None:
    world = world_on(emulator, own_git_host)
    world.git.tenant(tenant).service(tenant, "apples").commit()
    world.service(tenant, "apples")
    world.observe()
    row_soon(tenant, "apples", health="Healthy", tag="1.4.2")

    own_git_host.stop()
    soon(lambda: bool(source("gitops").error), "the source says that it is away")
    world.change_application(tenant, "apples", health={"status": "Degraded"})
    assert row_soon(tenant, "apples", health="Degraded").tag == "1.4.2"

    world.git.service(tenant, "apples", tag="1.5").commit()
    own_git_host.start()
    row_soon(tenant, "apples", tag="1.5")
    soon(lambda: not source("gitops").error, "the source is well again")


def test_another_observer_takes_over_from_one_that_was_killed(world: World, tenant: str) -> None:
    world.git.tenant(tenant).service(tenant, "apples").commit()
    world.service(tenant, "apples")
    first = world.observe()
    row_soon(tenant, "apples", health="Healthy", in_git=True)
    holder = ObserverLease.objects.get().holder
    world.observe()
    soon(lambda: "observer_standing_by" in world.log(), "the second one stands by")

    first.send_signal(signal.SIGKILL)
    soon(lambda: ObserverLease.objects.get().holder != holder, "the lease has another holder")

    world.change_application(tenant, "apples", health={"status": "Degraded"})
    row_soon(tenant, "apples", health="Degraded")


def test_an_observer_that_is_told_to_stop_lets_the_next_one_begin_at_once(world: World, tenant: str) -> None:
    world.git.tenant(tenant).service(tenant, "apples").commit()
    observer = world.observe()
    row_soon(tenant, "apples", health="Missing")

    observer.send_signal(signal.SIGTERM)
    assert observer.wait(LONGEST_WAIT_S) == 0
    assert not ObserverLease.objects.exists()
    assert Service.objects.filter(tenant=tenant).exists()


def test_watches_that_hang_after_an_outage_of_the_line_are_taken_up_again(
    world: World, emulator: Emulator, tenant: str
) -> None:
    relay = Relay(emulator.port)
    world.environment |= {
        "MCTL_KUBECONFIG": str(relay.kubeconfig(emulator.product_kubeconfig)),
        "MCTL_KUBERNETES_TIMEOUT_S": "0.5",
    }
    world.git.tenant(tenant).service(tenant, "apples").commit()
    world.service(tenant, "apples")
    world.observe()
    row_soon(tenant, "apples", health="Healthy", in_git=True)

    relay.passing.clear()
    soon(lambda: bool(source("kubernetes:pods").error), "the heartbeat misses the server")
    relay.strand()
    relay.passing.set()
    world.change_application(tenant, "apples", health={"status": "Degraded"})

    row_soon(tenant, "apples", health="Degraded")
    soon(lambda: not source("kubernetes:pods").error, "the source is well again")
    relay.close()
