"""A pod's state is said in the words of `kubectl get pods`, with a tone for the eye."""

from typing import Any

import pytest

from core.words import Tone
from integrations.kubernetes import pod_row


def pod(status: dict[str, Any], **spec: Any) -> dict[str, Any]:
    metadata = {"name": "p", "namespace": "orchard", "creationTimestamp": "2026-11-22T08:00:00Z"}
    return {"metadata": metadata, "spec": {"containers": [{"name": "c", "image": "i:1"}], **spec}, "status": status}


def one(state: dict[str, Any], *, ready: bool = False, restarts: int = 0) -> dict[str, Any]:
    container = {"name": "c", "ready": ready, "restartCount": restarts, "state": state}
    return {"phase": "Running", "containerStatuses": [container]}


RUNNING: dict[str, Any] = {"running": {"startedAt": "2026-11-22T08:00:00Z"}}
INIT = [{"name": "i"}]
SIDECAR = [{"name": "i", "restartPolicy": "Always"}]


def initial(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"phase": "Pending", "initContainerStatuses": [{"name": "i", "restartCount": 0, "state": state, **more}]}


@pytest.mark.parametrize(
    ("status", "spec", "word", "tone"),
    [
        (one(RUNNING, ready=True), {}, "Running", Tone.OK),
        (one(RUNNING), {}, "Running", Tone.WARN),
        (one({"waiting": {"reason": "ContainerCreating"}}), {}, "ContainerCreating", Tone.BUSY),
        (one({"waiting": {"reason": "CrashLoopBackOff"}}, restarts=4), {}, "CrashLoopBackOff", Tone.BAD),
        (one({"waiting": {"reason": "ImagePullBackOff"}}), {}, "ImagePullBackOff", Tone.BAD),
        (one({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}), {}, "OOMKilled", Tone.BAD),
        (one({"terminated": {"exitCode": 3}}), {}, "ExitCode:3", Tone.BAD),
        (one({"terminated": {"exitCode": 0, "signal": 9}}), {}, "Signal:9", Tone.BAD),
        (one({"terminated": {"exitCode": 0, "reason": "Completed"}}), {}, "Completed", Tone.IDLE),
        (initial(RUNNING), {"initContainers": INIT}, "Init:0/1", Tone.BUSY),
        (
            initial({"waiting": {"reason": "CrashLoopBackOff"}}),
            {"initContainers": INIT},
            "Init:CrashLoopBackOff",
            Tone.BAD,
        ),
        (initial({"terminated": {"exitCode": 1, "reason": "Error"}}), {"initContainers": INIT}, "Init:Error", Tone.BAD),
        ({"phase": "Pending"}, {}, "Pending", Tone.BUSY),
        ({"phase": "Failed", "reason": "Evicted"}, {}, "Evicted", Tone.BAD),
        ({}, {}, "Unknown", Tone.UNKNOWN),
    ],
)
def test_the_word_is_kubectls(status: dict[str, Any], spec: dict[str, Any], word: str, tone: Tone) -> None:
    row = pod_row(pod(status, **spec))

    assert (row.status, row.tone) == (word, tone)


def test_a_pod_on_its_way_out_is_terminating_and_not_ready() -> None:
    leaving = pod(one(RUNNING, ready=True))
    leaving["metadata"]["deletionTimestamp"] = "2026-11-22T08:05:00Z"

    row = pod_row(leaving)

    assert (row.status, row.tone, row.is_ready) == ("Terminating", Tone.IDLE, False)


def test_a_sidecar_counts_as_a_container_and_a_restart() -> None:
    status = one(RUNNING, ready=True, restarts=1)
    status["initContainerStatuses"] = [
        {"name": "i", "ready": True, "started": True, "restartCount": 2, "state": RUNNING}
    ]

    row = pod_row(pod(status, initContainers=SIDECAR))

    assert (row.status, row.ready, row.containers, row.restarts) == ("Running", 2, 2, 3)
