"""A pod in one slim row: what a list needs to know, in the words kubectl prints."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.words import Tone
from integrations.kubernetes.instances import INSTANCE

WAITS_WELL = {"ContainerCreating", "PodInitializing", "Pending", "SchedulingGated"}


@dataclass(frozen=True, slots=True)
class PodRow:
    """`status` is kubectl's STATUS column. `ready` of `containers` are ready. Times as the API writes them.

    `image` is the first container's; `instance` the label app.kubernetes.io/instance, empty where absent.
    """

    namespace: str
    name: str
    instance: str
    owner: str
    status: str
    tone: Tone
    ready: int
    containers: int
    restarts: int
    node: str
    image: str
    created: str
    started: str
    terminating: bool

    @property
    def is_ready(self) -> bool:
        return self.ready == self.containers and not self.terminating


def pod_row(pod: Mapping[str, Any]) -> PodRow:
    """Reads defensively: an empty status or a null list is a young pod, not an error."""
    metadata, spec, status = pod["metadata"], pod.get("spec") or {}, pod.get("status") or {}
    main = status.get("containerStatuses") or []
    sidecars = [state for state in status.get("initContainerStatuses") or [] if _is_sidecar(spec, state)]
    containers = spec.get("containers") or []
    word = status_word(pod)
    ready = sum(bool(state.get("ready")) for state in [*main, *sidecars])
    number = len(containers) + len(sidecars)
    owners = metadata.get("ownerReferences") or [{}]
    return PodRow(
        namespace=sys.intern(metadata["namespace"]),
        name=metadata["name"],
        instance=sys.intern((metadata.get("labels") or {}).get(INSTANCE, "")),
        owner=sys.intern(owners[0].get("name", "")),
        status=sys.intern(word),
        tone=tone_of(word, all_ready=ready == number),
        ready=ready,
        containers=number,
        restarts=sum(state.get("restartCount") or 0 for state in [*main, *sidecars]),
        node=sys.intern(spec.get("nodeName") or ""),
        image=sys.intern(containers[0].get("image", "") if containers else ""),
        created=sys.intern(metadata.get("creationTimestamp") or ""),
        started=sys.intern(status.get("startTime") or ""),
        terminating=bool(metadata.get("deletionTimestamp")),
    )


def tone_of(word: str, *, all_ready: bool) -> Tone:
    """How a pod's word looks: running but not ready is a warning, waiting in good order is busy, the rest is bad."""
    if word == "Running":
        return Tone.OK if all_ready else Tone.WARN
    if word == "NotReady":
        return Tone.WARN
    if word == "Completed":
        return Tone.IDLE
    if word == "Terminating":
        return Tone.IDLE
    if word in {"Unknown", "NodeLost"}:
        return Tone.UNKNOWN
    # Init:0/2 is progress; Init:CrashLoopBackOff is not.
    if word in WAITS_WELL or (word.startswith("Init:") and word[5:6].isdigit()):
        return Tone.BUSY
    return Tone.BAD


def status_word(pod: Mapping[str, Any]) -> str:
    """The STATUS column of `kubectl get pods`, by the rules of its pod printer."""
    status = pod.get("status") or {}
    word = status.get("reason") or status.get("phase") or "Unknown"
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "SchedulingGated":
            word = "SchedulingGated"
    initial = _initial_word(pod.get("spec") or {}, status)
    if initial:
        word = initial
    if not initial or _has_initialized(status):
        word = _main_word(word, status)
    if pod["metadata"].get("deletionTimestamp"):
        return "Unknown" if status.get("reason") == "NodeLost" else _while_deleted(word, status)
    return str(word)


def _while_deleted(word: str, status: Mapping[str, Any]) -> str:
    return word if status.get("phase") in {"Succeeded", "Failed"} else "Terminating"


def _initial_word(spec: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    """`Init:...` while an init container is not done; empty once all are."""
    total = len(spec.get("initContainers") or [])
    for number, container in enumerate(status.get("initContainerStatuses") or []):
        state = container.get("state") or {}
        ended = state.get("terminated")
        if ended and not ended.get("exitCode"):
            continue
        if _is_sidecar(spec, container) and container.get("started"):
            continue
        if ended:
            return f"Init:{_ended_word(ended)}"
        reason = (state.get("waiting") or {}).get("reason", "")
        return f"Init:{reason}" if reason and reason != "PodInitializing" else f"Init:{number}/{total}"
    return ""


def _main_word(word: str, status: Mapping[str, Any]) -> str:
    """The last container with something to say, seen from the first: as kubectl walks them."""
    some_running = False
    for container in reversed(status.get("containerStatuses") or []):
        state = container.get("state") or {}
        if (reason := (state.get("waiting") or {}).get("reason")) is not None and reason:
            word = reason
        elif state.get("terminated") is not None:
            word = _ended_word(state["terminated"])
        elif container.get("ready") and state.get("running") is not None:
            some_running = True
    if word == "Completed" and some_running:
        return "Running" if _condition(status, "Ready") else "NotReady"
    return word


def _ended_word(ended: Mapping[str, Any]) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def _is_sidecar(spec: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    declared: Iterable[Mapping[str, Any]] = spec.get("initContainers") or []
    return any(item.get("name") == status.get("name") and item.get("restartPolicy") == "Always" for item in declared)


def _has_initialized(status: Mapping[str, Any]) -> bool:
    return _condition(status, "Initialized")


def _condition(status: Mapping[str, Any], name: str) -> bool:
    return any(
        condition.get("type") == name and condition.get("status") == "True"
        for condition in status.get("conditions") or []
    )
