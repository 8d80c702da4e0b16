"""Watches: nothing missed, nothing twice, and a plain word when a version is too old."""

from sandbox.kubeapi.entries import make_entry
from sandbox.kubeapi.eventlog import KEPT_CHANGES, Change, EventLog
from sandbox.kubeapi.resources import Registry
from sandbox.kubeapi.schemas import SchemaBook

ANNOTATION = "k8s.io/initial-events-end"


def test_changes_come_in_their_order(api, build):
    stream = api.watch("configmaps", resourceVersion=api.version())
    api.post("configmaps", build.config_map("w"))
    api.patch("configmaps", "w", {"data": {"b": "2"}})
    api.delete("configmaps", "w")

    assert stream.take(3) == [("ADDED", "w"), ("MODIFIED", "w"), ("DELETED", "w")]


def test_what_was_missed_is_replayed(api, build):
    version = api.version()
    api.post("configmaps", build.config_map("missed"))

    assert api.watch("configmaps", resourceVersion=version).take(1) == [("ADDED", "missed")]


def test_a_watch_without_a_version_begins_with_what_is_there(api, build):
    api.post("configmaps", build.config_map("there", labels={"only": ""}))

    assert api.watch("configmaps", labelSelector="only").take(1) == [("ADDED", "there")]


def test_other_namespaces_are_not_seen(api, build):
    stream = api.watch("configmaps", resourceVersion=api.version())
    api.send("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"generateName": "elsewhere-"}})
    api.post("configmaps", build.config_map("here"))

    assert stream.take(1) == [("ADDED", "here")]


def test_leaving_a_selection_is_a_deletion_and_entering_it_an_addition(api, build):
    api.post("configmaps", build.config_map("moves", labels={"in": "1"}))
    stream = api.watch("configmaps", labelSelector="in=1", resourceVersion=api.version())

    api.patch("configmaps", "moves", {"metadata": {"labels": {"in": "0"}}})
    changed = api.patch("configmaps", "moves", {"metadata": {"labels": {"in": "1"}}}).body

    left, entered = next(stream), next(stream)
    stream.close()
    assert (left["type"], left["object"]["metadata"]["labels"]) == ("DELETED", {"in": "1"})
    assert entered["type"] == "ADDED"
    assert entered["object"]["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"]


def test_a_version_too_old_has_expired(api):
    event = next(api.watch("configmaps", resourceVersion=1))

    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
    assert event["object"]["message"].startswith("too old resource version: 1 (")


def test_a_version_that_is_not_reached_yet_is_waited_for_in_silence(api, build):
    events = api.watch("configmaps", resourceVersion=int(api.version()) + 2, timeoutSeconds=1)
    for name in ("one", "two", "three"):
        api.post("configmaps", build.config_map(name))

    assert [event["object"]["metadata"]["name"] for event in events] == ["three"]


def test_the_log_owns_up_to_what_it_has_forgotten(build):
    resource = Registry(SchemaBook()).core("configmaps")
    entry = make_entry(resource, build.config_map(), 1)
    log = EventLog(compacted_at=100)
    for version in range(101, 101 + 2 * KEPT_CHANGES):
        log.append(Change(version, "MODIFIED", entry, entry))

    newest = 100 + 2 * KEPT_CHANGES
    assert log.position_after(100) is None
    assert log.since(0) is None
    assert [change.version for change in log.since(log.position_after(newest - 2))] == [newest - 1, newest]
    assert len(log.changes) == KEPT_CHANGES


def test_the_server_closes_a_watch_when_its_time_is_over(api):
    stream = api.watch("configmaps", resourceVersion=api.version(), timeoutSeconds=1)

    assert list(stream) == []


def test_a_quiet_watch_sends_bookmarks(api, build):
    stream = api.watch("configmaps", resourceVersion=api.version(), allowWatchBookmarks="true")
    # A change of another kind moves the server's version on, which only a bookmark tells this watch.
    moved = api.post("secrets", {"metadata": {"name": "other"}}).body["metadata"]["resourceVersion"]

    event = next(stream)
    stream.close()
    assert (event["type"], event["object"]["kind"]) == ("BOOKMARK", "ConfigMap")
    assert int(event["object"]["metadata"]["resourceVersion"]) >= int(moved)


def test_a_list_can_be_streamed(api, build):
    for name in ("one", "two"):
        api.post("configmaps", build.config_map(name, labels={"streamed": ""}))
    wish = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    stream = api.watch("configmaps", labelSelector="streamed", **wish)

    events = [next(stream) for _ in range(3)]
    api.post("configmaps", build.config_map("three", labels={"streamed": ""}))
    last = next(stream)
    stream.close()

    assert [event["type"] for event in events] == ["ADDED", "ADDED", "BOOKMARK"]
    assert events[2]["object"]["metadata"]["annotations"] == {ANNOTATION: "true"}
    assert last["object"]["metadata"]["name"] == "three"


def test_a_deletion_shows_the_object_as_it_last_was_under_a_new_version(api, build):
    made = api.post("configmaps", build.config_map("last")).body
    stream = api.watch("configmaps", resourceVersion=made["metadata"]["resourceVersion"])
    api.delete("configmaps", "last")

    gone = next(stream)["object"]
    stream.close()
    assert gone["data"] == made["data"]
    assert int(gone["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
