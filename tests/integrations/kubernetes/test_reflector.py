"""A reflector tells what is there and goes on telling, whatever happens to the connection or the server."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.clock import now
from integrations.kubernetes import Cluster, Key, Reflector, kinds, label_selector
from tests.integrations.kubernetes.objects import OURS, config_map, create, delete, make_namespace
from tests.integrations.kubernetes.old_server import OldServer
from tests.integrations.kubernetes.servers import Emulator, Relay
from tests.processes import wait_until

MAPS = kinds.CONFIG_MAPS
SOON_S = 8.0


class Notebook:
    """Keeps what a reflector tells: the state as it stands, and how often it was told whole."""

    def __init__(self) -> None:
        self.names: dict[Key, str] = {}
        self.odd: dict[Key, str] = {}
        self.told_whole = 0

    def replaced(self, rows: dict[Key, str], unreadable: Mapping[Key, str]) -> None:
        self.names, self.odd = dict(rows), dict(unreadable)
        self.told_whole += 1

    def upserted(self, key: Key, row: str) -> None:
        self.names[key] = row

    def unreadable(self, key: Key, reason: str) -> None:
        self.odd[key] = reason

    def deleted(self, key: Key) -> None:
        self.names.pop(key, None)

    def holds(self, *names: str) -> bool:
        return sorted(self.names.values()) == sorted(names)


class Pauses(threading.Event):
    """Stands in for the wait between attempts: keeps how long it would be, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_s: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked_s.append(timeout or 0.0)
        return True


Following = Callable[..., tuple[Reflector[str], Notebook]]


def name_of(item: dict[str, Any]) -> str:
    return str(item["metadata"]["name"])


@pytest.fixture
def follow() -> Iterator[Following]:
    """Starts a reflector on the ConfigMaps of a namespace, seen through a cluster or a kubeconfig."""
    running: list[Reflector[str]] = []

    def start(through: Cluster, namespace: str, slim: Callable[[dict[str, Any]], Any] = name_of, **more: float) -> Any:
        notebook = Notebook()
        where: dict[str, Any] = {"namespace": namespace, "label_selector": label_selector(OURS), **more}
        reflector = Reflector(lambda: through, MAPS, slim, notebook, **where)
        reflector.start()
        running.append(reflector)
        return reflector, notebook

    yield start
    for reflector in running:
        reflector.stop()


def soon(ready: Callable[[], bool], what: str) -> None:
    wait_until(ready, what, SOON_S)


def test_what_is_there_comes_whole_and_changes_follow(cluster: Cluster, namespace: str, follow: Following) -> None:
    create(cluster, MAPS, namespace, config_map("first"))
    reflector, notebook = follow(cluster, namespace)
    soon(lambda: notebook.holds("first"), "the first state")

    create(cluster, MAPS, namespace, config_map("second"))
    delete(cluster, MAPS, namespace, "first")

    soon(lambda: notebook.holds("second"), "both changes")
    assert notebook.told_whole == reflector.relists == 1
    assert reflector.failure is None


def test_a_dropped_watch_resumes_where_it_was(
    emulator: Emulator, cluster: Cluster, relay: Relay, namespace: str, follow: Following
) -> None:
    reflector, notebook = follow(Cluster(str(relay.kubeconfig(emulator.kubeconfig))), namespace)
    soon(lambda: notebook.told_whole == 1, "the first state")
    create(cluster, MAPS, namespace, config_map("seen"))
    soon(lambda: notebook.holds("seen"), "the watch runs")

    relay.open.clear()
    relay.cut()
    create(cluster, MAPS, namespace, config_map("missed"))
    relay.open.set()

    soon(lambda: notebook.holds("seen", "missed"), "what happened meanwhile")
    assert reflector.relists == 1


def test_a_line_that_went_dead_without_a_word_is_noticed_by_its_silence(
    emulator: Emulator, cluster: Cluster, relay: Relay, namespace: str, follow: Following
) -> None:
    through = Cluster(str(relay.kubeconfig(emulator.kubeconfig)))
    # The emulated server sends its bookmarks every two seconds.
    reflector, notebook = follow(through, namespace, longest_silence_s=2.5)
    soon(lambda: notebook.told_whole == 1, "the first state")
    create(cluster, MAPS, namespace, config_map("seen"))
    soon(lambda: notebook.holds("seen"), "the watch runs")

    relay.strand()
    create(cluster, MAPS, namespace, config_map("missed"))

    soon(lambda: notebook.holds("seen", "missed"), "what happened meanwhile")
    assert reflector.relists == 1


def test_a_version_the_server_forgot_is_answered_by_a_new_list(
    own_emulator: Callable[[], Emulator], follow: Following
) -> None:
    server = own_emulator()
    relay = Relay(server.port)
    place = make_namespace(server.cluster(), "place")
    for number in range(20):
        create(server.cluster(), MAPS, place, config_map(f"before-{number}"))
    reflector, notebook = follow(Cluster(str(relay.kubeconfig(server.kubeconfig))), place)
    soon(lambda: len(notebook.names) == 20, "the first state")

    # The line breaks and is held until the server is back with an empty store: it answers 410 to the old version.
    relay.open.clear()
    relay.cut()
    server.stop()
    server.start()
    create(server.cluster(), MAPS, make_namespace(server.cluster(), "place"), config_map("after"))
    relay.open.set()

    soon(lambda: notebook.holds("after"), "a state without what is gone")
    assert reflector.relists == 2
    relay.close()


def test_an_outage_is_told_and_the_state_is_read_again_after_it(
    own_emulator: Callable[[], Emulator], follow: Following
) -> None:
    server = own_emulator()
    place = make_namespace(server.cluster(), "place")
    create(server.cluster(), MAPS, place, config_map("kept"))
    reflector, notebook = follow(server.cluster(), place)
    soon(lambda: notebook.holds("kept"), "the first state")

    server.stop()
    soon(lambda: reflector.failure is not None, "the outage is known")
    assert notebook.holds("kept")
    server.start()
    create(server.cluster(), MAPS, make_namespace(server.cluster(), "place"), config_map("new"))

    soon(lambda: notebook.holds("new") and reflector.failure is None, "the new state")


def test_bookmarks_carry_a_quiet_watch_past_the_changes_of_others(
    emulator: Emulator, cluster: Cluster, namespace: str, follow: Following
) -> None:
    server = OldServer(emulator, "passes")
    reflector, _ = follow(Cluster(server.kubeconfig()), namespace)
    soon(lambda: len(watches(server)) == 1, "the watch")
    create(cluster, MAPS, make_namespace(cluster, f"{namespace}-b"), config_map("not-ours"))
    # Later than the answer to the watch itself can be.
    after_answer = now() + timedelta(seconds=0.5)
    soon(lambda: (reflector.last_contact_at or after_answer) > after_answer, "a bookmark")

    reflector.reconnect()

    soon(lambda: len(watches(server)) == 2, "the next watch")
    before, after = (int(watch["resourceVersion"]) for watch in watches(server))
    assert after > before
    server.shutdown()


def watches(server: OldServer) -> list[dict[str, str]]:
    return [query for query in server.asked if "resourceVersion" in query]


@pytest.mark.parametrize("way", ["restored", "restored and says so"])
def test_a_server_that_went_back_to_a_backup_is_listed_again(
    own_emulator: Callable[[], Emulator], follow: Following, way: str
) -> None:
    backup = own_emulator()
    place = make_namespace(backup.cluster(), "place")
    create(backup.cluster(), MAPS, place, config_map("of-the-backup"))
    current = own_emulator()
    create(current.cluster(), MAPS, make_namespace(current.cluster(), "place"), config_map("lost"))
    server = OldServer(current, "passes")
    relay = Relay(server.server_port)
    reflector, notebook = follow(Cluster(str(relay.kubeconfig(Path(server.kubeconfig())))), place)
    soon(lambda: notebook.holds("lost") and len(watches(server)) == 1, "the first state")

    server.restore(backup, way)
    relay.cut()

    soon(lambda: notebook.holds("of-the-backup"), "the restored state")
    create(backup.cluster(), MAPS, place, config_map("later"))
    soon(lambda: notebook.holds("of-the-backup", "later"), "what followed")
    assert reflector.failure is None
    relay.close()
    server.shutdown()


def test_a_refusal_of_a_server_that_has_just_started_is_not_believed(
    emulator: Emulator, cluster: Cluster, namespace: str, follow: Following
) -> None:
    server = OldServer(emulator, "wakes")
    create(cluster, MAPS, namespace, config_map("there"))
    reflector, notebook = follow(Cluster(server.kubeconfig()), namespace)
    soon(lambda: len(server.asked) >= 4, "two attempts, each a stream and a page")
    assert reflector.failure is None
    server.way = "passes"

    soon(lambda: notebook.holds("there"), "the state")
    server.shutdown()


def test_a_refusal_that_lasts_is_believed(emulator: Emulator, namespace: str, follow: Following) -> None:
    server = OldServer(emulator, "wakes")
    reflector, _ = follow(Cluster(server.kubeconfig()), namespace)

    wait_until(lambda: reflector.failure is not None, "the refusal is told")
    assert reflector.failure is not None
    assert "does not allow us to list configmaps" in reflector.failure.sentence
    server.shutdown()


def test_without_the_right_to_watch_the_state_is_listed_once_and_the_right_is_named(
    emulator: Emulator, cluster: Cluster, namespace: str, follow: Following
) -> None:
    server = OldServer(emulator, "lists")
    create(cluster, MAPS, namespace, config_map("there"))
    reflector, notebook = follow(Cluster(server.kubeconfig()), namespace)
    wait_until(lambda: reflector.failure is not None, "the refusal is told")
    assert reflector.failure is not None
    assert "does not allow us to watch configmaps" in reflector.failure.sentence
    read_at, told_after = reflector.last_contact_at, len(watches(server))

    for _ in range(6):
        more = len(watches(server))
        reflector.reconnect()
        soon(lambda more=more: len(watches(server)) > more, "another attempt")

    assert len(watches(server)) - told_after >= 6
    assert (reflector.relists, reflector.last_contact_at) == (1, read_at)
    assert notebook.holds("there")
    server.way = "passes"
    create(cluster, MAPS, namespace, config_map("later"))
    reflector.reconnect()
    soon(lambda: notebook.holds("there", "later") and reflector.failure is None, "the watch goes on")
    assert reflector.relists == 1
    server.shutdown()


def test_a_server_that_breaks_every_watch_is_asked_ever_more_rarely(emulator: Emulator, namespace: str) -> None:
    server = OldServer(emulator, "shaky")
    through, pauses = Cluster(server.kubeconfig()), Pauses()
    reflector = Reflector(lambda: through, MAPS, name_of, Notebook(), namespace=namespace)
    reflector._hurried = pauses
    reflector.start()

    soon(lambda: reflector.relists >= 4, "it is listed again after every third watch")

    reflector.stop()
    # Each pause is twice the one before, give or take a third.
    assert all(later > earlier for earlier, later in zip(pauses.asked_s[:5], pauses.asked_s[2:7], strict=True))
    server.shutdown()


def test_a_watch_that_only_ever_breaks_is_told_and_the_state_is_read_again(
    emulator: Emulator, cluster: Cluster, namespace: str, follow: Following
) -> None:
    server = OldServer(emulator, "shaky")
    reflector, notebook = follow(Cluster(server.kubeconfig()), namespace)
    soon(lambda: notebook.told_whole == 1, "the first state")
    create(cluster, MAPS, namespace, config_map("missed"))

    soon(lambda: notebook.holds("missed"), "the state is read again")
    assert reflector.relists > 1
    server.shutdown()


@pytest.mark.parametrize("way", ["refuses", "breaks"])
def test_a_server_without_streaming_lists_is_listed_in_pages(
    emulator: Emulator, cluster: Cluster, namespace: str, follow: Following, way: str
) -> None:
    server = OldServer(emulator, way)
    create(cluster, MAPS, namespace, config_map("first"))
    reflector, notebook = follow(Cluster(server.kubeconfig()), namespace)
    soon(lambda: notebook.holds("first"), "the list")
    create(cluster, MAPS, namespace, config_map("second"))

    soon(lambda: notebook.holds("first", "second"), "the watch after it")
    assert reflector.failure is None
    assert [query.get("limit") for query in server.asked[:3]] == [None, "100", None]
    server.shutdown()


def test_a_server_that_only_fails_is_not_stormed(emulator: Emulator, namespace: str, follow: Following) -> None:
    server = OldServer(emulator, "fails")
    reflector, _ = follow(Cluster(server.kubeconfig()), namespace)
    began = time.monotonic()

    soon(lambda: len(server.asked) >= 6, "three attempts, each a stream and a page")

    # Without a back-off these six take a few milliseconds.
    assert time.monotonic() - began > 0.3
    assert reflector.failure is not None
    assert "HTTP 500" in reflector.failure.sentence
    server.shutdown()


@pytest.mark.parametrize("way", ["passes", "refuses"])
def test_one_odd_object_hides_no_other_and_is_told(
    emulator: Emulator, cluster: Cluster, namespace: str, follow: Following, way: str
) -> None:
    server = OldServer(emulator, way)
    create(cluster, MAPS, namespace, config_map("odd"))
    create(cluster, MAPS, namespace, config_map("plain"))

    def picky(item: dict[str, Any]) -> str:
        return {"plain": "plain"}[name_of(item)]

    _, notebook = follow(Cluster(server.kubeconfig()), namespace, picky)

    soon(lambda: notebook.holds("plain"), "the plain one")
    assert notebook.odd == {(namespace, "odd"): "it could not be read (KeyError)"}
    create(cluster, MAPS, namespace, config_map("later"))
    soon(lambda: (namespace, "later") in notebook.odd, "the odd one that came later")
    assert notebook.holds("plain")
    server.shutdown()


def test_a_quiet_reflector_stops_at_once(cluster: Cluster, namespace: str, follow: Following) -> None:
    reflector, notebook = follow(cluster, namespace)
    soon(lambda: notebook.told_whole == 1, "the first state")

    began = time.monotonic()
    reflector.stop(within_s=5.0)

    assert time.monotonic() - began < 0.5
