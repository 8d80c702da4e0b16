"""Writes: one holder at a time, only what differs, and again when the database is busy."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from core.clock import now
from core.words import Tone
from integrations.kubernetes import Key, PodRow
from observer.changes import GitRead, Replaced
from observer.git_rows import GitService, GitTenant, GitWorld
from observer.kinds.applications import APPLICATIONS, ApplicationRow
from observer.kinds.deployments import WorkloadRow
from observer.lease import Lease, LeaseLost
from observer.models import ObserverLease
from observer.persistence import Stopped, persistently
from observer.service_mirror import ServiceMirror
from observer.state import ClusterState
from services.models import Service

MANY = 60


@pytest.fixture
def lease(db: None) -> Lease:
    ours = Lease(length_s=30)
    assert ours.take()
    return ours


@pytest.fixture
def mirror(lease: Lease) -> Iterator[tuple[ClusterState, ServiceMirror]]:
    """A mirror that has written MANY healthy services of one tenant."""
    state = ClusterState()
    names = [f"apple-{number:02}" for number in range(MANY)]
    values = ("base-service", "i", "1", "", 8080, {}, False, "p", "b", "s", "deploy", "dev", now())
    services = {("orchard", name): GitService(values, 1, values[-1]) for name in names}
    state.apply(GitRead(GitWorld("r1", now(), services, {"orchard": GitTenant(None, ())})))
    for source, rows in cluster_of(names).items():
        state.apply(Replaced(source, rows))
    state.is_settled = True
    mirror = ServiceMirror(lease, state)
    mirror.load()
    mirror.write(state.touched)
    return state, mirror


def cluster_of(names: Iterable[str]) -> dict[str, dict[Key, Any]]:
    """Each source's rows while all of these services are well."""
    return {
        "applications": {("argocd", f"orchard-{name}"): healthy(name) for name in names},
        "deployments": {("orchard", name): running(name) for name in names},
        "pods": {("orchard", name): pod(name) for name in names},
    }


def running(name: str) -> WorkloadRow:
    return WorkloadRow(("orchard", name), 1, 1, 1, "i:1", is_current=True, stalled=False, message="")


def pod(name: str) -> PodRow:
    return PodRow("orchard", name, f"orchard-{name}", "", "Running", Tone.OK, 1, 1, 0, "n", "i:1", "", "", False)


def healthy(name: str, health: str = "Healthy") -> ApplicationRow:
    return ApplicationRow(("orchard", name), health, "Synced", "r1", "Succeeded", "")


def test_a_change_of_one_service_writes_one_row(
    mirror: tuple[ClusterState, ServiceMirror], django_assert_max_num_queries: Callable[..., Any]
) -> None:
    state, table = mirror
    everything = state.services()
    state.rows(APPLICATIONS).put(("argocd", "orchard-apple-07"), healthy("apple-07", "Degraded"))

    # Hold the lease, write the row, and the two statements around them.
    with django_assert_max_num_queries(4):
        changed = table.write(everything)

    assert changed == {("orchard", "apple-07")}
    assert list(Service.objects.filter(health="Degraded").values_list("name", flat=True)) == ["apple-07"]


@pytest.mark.parametrize("unread", ["applications", "deployments", "pods"])
def test_a_source_that_cannot_be_read_after_a_restart_writes_no_row_again(
    mirror: tuple[ClusterState, ServiceMirror], lease: Lease, django_assert_num_queries: Callable[..., Any], unread: str
) -> None:
    before, _ = mirror
    services = before.services()
    state = ClusterState()
    state.apply(GitRead(GitWorld("r1", now(), before.git.services, before.git.tenants)))
    cluster = cluster_of([name for _, name in services])
    for source, rows in cluster.items():
        if source != unread:
            state.apply(Replaced(source, rows))
    state.is_settled = True
    restarted = ServiceMirror(lease, state)
    restarted.load()

    with django_assert_num_queries(0):
        assert restarted.write(services) == set()

    state.apply(
        Replaced(
            "applications", {**cluster["applications"], ("argocd", "orchard-apple-07"): healthy("apple-07", "Missing")}
        )
    )
    restarted.write(services)
    assert list(Service.objects.filter(health="Missing").values_list("name", flat=True)) == ["apple-07"]


def test_a_values_file_that_cannot_be_read_writes_no_row_again_after_a_restart(
    mirror: tuple[ClusterState, ServiceMirror], lease: Lease, django_assert_num_queries: Callable[..., Any]
) -> None:
    state, table = mirror
    services = {**state.git.services, ("orchard", "apple-07"): GitService(None, 1, None, "line 3")}
    state.apply(GitRead(GitWorld("r2", now(), services, state.git.tenants)))
    assert table.write(state.services()) == {("orchard", "apple-07")}
    restarted = ServiceMirror(lease, state)
    restarted.load()

    with django_assert_num_queries(0):
        assert restarted.write(state.services()) == set()


def test_a_service_that_went_while_nobody_observed_leaves_the_table(
    mirror: tuple[ClusterState, ServiceMirror], lease: Lease
) -> None:
    state, _ = mirror
    gone = ("orchard", "apple-07")
    services = {key: service for key, service in state.git.services.items() if key != gone}
    restarted = ServiceMirror(lease, state)
    restarted.load()
    state.apply(GitRead(GitWorld("r2", now(), services, state.git.tenants)))
    state.apply(Replaced("applications", {}))
    state.apply(Replaced("deployments", {}))
    state.apply(Replaced("pods", {}))

    restarted.write(restarted.keys())

    assert not Service.objects.filter(name="apple-07").exists()
    assert gone not in set(restarted.keys())


def test_nothing_new_writes_nothing_even_after_a_restart(
    mirror: tuple[ClusterState, ServiceMirror], lease: Lease, django_assert_num_queries: Callable[..., Any]
) -> None:
    state, _ = mirror
    restarted = ServiceMirror(lease, state)
    restarted.load()

    with django_assert_num_queries(0):
        assert restarted.write(state.services()) == set()


def test_a_cluster_not_yet_known_changes_no_status(mirror: tuple[ClusterState, ServiceMirror]) -> None:
    state, table = mirror
    empty = ClusterState()
    empty.apply(GitRead(GitWorld("r1", now(), state.git.services, state.git.tenants)))
    fresh = ServiceMirror(table._lease, empty)
    fresh.load()

    fresh.write(empty.touched)

    assert Service.objects.filter(health="Healthy").count() == MANY


def test_whoever_lost_the_lease_writes_nothing(mirror: tuple[ClusterState, ServiceMirror]) -> None:
    state, table = mirror
    state.rows(APPLICATIONS).put(("argocd", "orchard-apple-07"), healthy("apple-07", "Degraded"))
    ObserverLease.objects.update(holder="another")

    with pytest.raises(LeaseLost):
        table.write(state.services())

    assert not Service.objects.filter(health="Degraded").exists()


def test_a_lease_is_taken_only_when_free_or_run_out(lease: Lease) -> None:
    other = Lease(length_s=30)
    assert not other.take()

    ObserverLease.objects.update(until=now() - timedelta(seconds=1))

    assert other.take()
    with pytest.raises(LeaseLost):
        lease.hold()


def test_a_locked_database_is_tried_again_until_it_is_free(tmp_path: Path) -> None:
    holder = sqlite3.connect(tmp_path / "database", isolation_level=None, check_same_thread=False)
    holder.execute("CREATE TABLE notes (text)")
    holder.execute("BEGIN EXCLUSIVE")
    tried = threading.Event()

    def write() -> str:
        writer = sqlite3.connect(tmp_path / "database", timeout=0)
        try:
            writer.execute("INSERT INTO notes VALUES ('kept')")
            writer.commit()
        except sqlite3.OperationalError as locked:
            tried.set()
            raise OperationalError(*locked.args) from locked
        return "written"

    threading.Thread(target=lambda: tried.wait(5) and holder.execute("COMMIT")).start()

    assert persistently(write, threading.Event()) == "written"
    assert holder.execute("SELECT text FROM notes").fetchall() == [("kept",)]


def test_a_stop_ends_the_waiting_for_a_database() -> None:
    stopping = threading.Event()

    def write() -> None:
        stopping.set()
        raise OperationalError("database is locked")

    with pytest.raises(Stopped):
        persistently(write, stopping)
