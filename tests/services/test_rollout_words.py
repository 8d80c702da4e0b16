"""While a version rolls out, only its own pods count: those of the version before answer too."""

from typing import Any

import pytest

from core.text import counted, cut, of_counted
from operations.runners.rollout import is_current, is_rolled_out, newest_replica_set, ready_pods

UID = "4f1c"


def deployment(generation: int = 2, **status: int) -> dict[str, Any]:
    return {"metadata": {"uid": UID, "generation": generation}, "spec": {"replicas": 2}, "status": status}


def replica_set(name: str, revision: int, ready: int, owner: str = UID) -> dict[str, Any]:
    annotations = {"deployment.kubernetes.io/revision": str(revision)}
    about = {"name": name, "annotations": annotations, "ownerReferences": [{"uid": owner}]}
    return {"metadata": about, "status": {"readyReplicas": ready} if ready else {}}


def test_pods_of_the_version_before_are_not_counted() -> None:
    sets = [replica_set("web-old", 1, ready=2), replica_set("web-new", 2, ready=0)]
    newest = newest_replica_set(deployment(), sets)
    assert newest is not None
    assert (newest["metadata"]["name"], ready_pods(newest)) == ("web-new", 0)


def test_a_version_that_comes_back_is_the_newest_again() -> None:
    """Rolling back reuses the old ReplicaSet and gives it the highest revision; names and ages say nothing."""
    newest = newest_replica_set(deployment(), [replica_set("web-old", 10, ready=1), replica_set("web-new", 9, ready=0)])
    assert ready_pods(newest) == 1


def test_replica_sets_of_others_with_the_same_labels_do_not_count() -> None:
    sets = [replica_set("web", 1, ready=1), replica_set("stranger", 7, ready=5, owner="other")]
    assert ready_pods(newest_replica_set(deployment(), sets)) == 1


def test_before_there_is_one_nothing_is_ready() -> None:
    assert ready_pods(newest_replica_set(deployment(), [])) == 0


def test_until_the_controller_has_seen_the_change_the_newest_is_still_the_old_one() -> None:
    assert not is_current(deployment(generation=3, observedGeneration=2))
    assert is_current(deployment(generation=3, observedGeneration=3))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, True),
        ({"replicas": 3, "updatedReplicas": 1, "availableReplicas": 2}, False),
        ({"replicas": 3, "updatedReplicas": 2, "availableReplicas": 2}, False),
        ({}, False),
    ],
)
def test_it_is_rolled_out_when_all_pods_are_new_and_no_old_one_is_left(status: dict[str, int], expected: bool) -> None:
    assert is_rolled_out(deployment(**status), 2) is expected


def test_shares_are_said_in_the_right_number() -> None:
    assert of_counted(1, 1, "pod") == "1 of 1 pod is"
    assert of_counted(1, 2, "pod") == "1 of 2 pods are"
    assert (counted(1, "pod"), counted(0, "pod"), counted(1200, "service")) == ("1 pod", "0 pods", "1,200 services")


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("short enough", 12, "short enough"),
        ("one or more objects failed to apply", 20, "one or more objects…"),
        ("one or more objects failed to apply", 21, "one or more objects…"),
        ("reason: it, because", 12, "reason: it…"),
        ("https://registry.example/very/long", 12, "https://reg…"),
    ],
)
def test_what_is_too_long_ends_with_a_whole_word(text: str, most: int, expected: str) -> None:
    assert cut(text, most) == expected
    assert len(cut(text, most)) <= most
