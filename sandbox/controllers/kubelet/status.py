"""A pod's status as the kubelet reports it. Pure functions over the containers' states."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.controllers.client import Thing

QUIET = {"waiting": {"reason": "ContainerCreating"}}


@dataclass
class ContainerState:
    """What `containerStatuses` says of one container. `state` and `last` hold one of waiting, running, terminated."""

    name: str
    image: str
    image_id: str = ""
    container_id: str = ""
    restarts: int = 0
    ready: bool = False
    started: bool = False
    state: dict[str, Any] = field(default_factory=lambda: dict(QUIET))
    last: dict[str, Any] = field(default_factory=dict)

    @property
    def waiting(self) -> str:
        return str((self.state.get("waiting") or {}).get("reason", ""))

    @property
    def terminated(self) -> dict[str, Any] | None:
        return self.state.get("terminated")

    def as_dict(self) -> dict[str, Any]:
        found = {
            "name": self.name,
            "image": self.image,
            "imageID": self.image_id,
            "ready": self.ready,
            "started": self.started,
            "restartCount": self.restarts,
            "state": self.state,
            "lastState": self.last,
        }
        return {**found, "containerID": self.container_id} if self.container_id else found


@dataclass
class Standing:
    """The pod as a whole, beside its containers."""

    pod_ip: str
    host_ip: str
    started_at: str
    initialized: bool = False


def phase(pod: Thing, containers: Sequence[ContainerState], *, initialized: bool) -> str:
    if not initialized:
        return "Pending"
    if any(one.state.get("running") for one in containers):
        return "Running"
    if any("waiting" in one.state and not one.last.get("terminated") for one in containers):
        return "Pending"
    ended = [one.terminated for one in containers]
    policy = pod["spec"].get("restartPolicy", "Always")
    if policy == "Always" or not all(ended):
        return "Running"
    failed = any(one and one["exitCode"] != 0 for one in ended)
    if failed:
        return "Running" if policy == "OnFailure" else "Failed"
    return "Succeeded"


def pod_status(
    pod: Thing, standing: Standing, containers: Sequence[ContainerState], inits: Sequence[ContainerState], *, now: str
) -> dict[str, Any]:
    """The whole status. Conditions keep their transition time while their status stays."""
    reached = phase(pod, containers, initialized=standing.initialized)
    status: dict[str, Any] = {
        "phase": reached,
        "hostIP": standing.host_ip,
        "hostIPs": [{"ip": standing.host_ip}],
        "podIP": standing.pod_ip,
        "podIPs": [{"ip": standing.pod_ip}],
        "startTime": standing.started_at,
        "qosClass": quality(pod["spec"]),
        "conditions": _conditions(pod, standing, containers, inits, reached, now),
        "containerStatuses": [one.as_dict() for one in containers],
    }
    if inits:
        status["initContainerStatuses"] = [one.as_dict() for one in inits]
    return {name: value for name, value in status.items() if value not in ("", [{"ip": ""}])}


def quality(spec: dict[str, Any]) -> str:
    """The QoS class: Guaranteed, Burstable or BestEffort."""
    every = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    asked = [(one.get("resources") or {}) for one in every]
    if not any(one.get("requests") or one.get("limits") for one in asked):
        return "BestEffort"
    for one in asked:
        limits, requests = one.get("limits") or {}, {**(one.get("limits") or {}), **(one.get("requests") or {})}
        if set(limits) < {"cpu", "memory"} or any(requests.get(name) != limits[name] for name in ("cpu", "memory")):
            return "Burstable"
    return "Guaranteed"


def _conditions(
    pod: Thing,
    standing: Standing,
    containers: Sequence[ContainerState],
    inits: Sequence[ContainerState],
    reached: str,
    now: str,
) -> list[dict[str, Any]]:
    known = {one["type"]: one for one in (pod.get("status") or {}).get("conditions") or []}
    unready = [one.name for one in containers if not one.ready]
    over = reached in ("Succeeded", "Failed")
    because = (
        ("PodCompleted", "")
        if reached == "Succeeded"
        else (("PodFailed", "") if over else ("ContainersNotReady", _names("containers with unready status", unready)))
    )
    incomplete = [one.name for one in inits if not (one.terminated and one.terminated["exitCode"] == 0)]
    not_initialized = ("ContainersNotInitialized", _names("containers with incomplete status", incomplete))
    wanted = [
        ("PodReadyToStartContainers", bool(standing.pod_ip), ("", "")),
        ("Initialized", standing.initialized, not_initialized),
        ("Ready", standing.initialized and not unready and not over, because),
        ("ContainersReady", standing.initialized and not unready and not over, because),
        ("PodScheduled", True, ("", "")),
    ]
    ours = [_condition(known.get(kind), kind, holds, reason, now) for kind, holds, reason in wanted]
    # Such as DisruptionTarget, which the node controller writes.
    return [*ours, *(one for kind, one in known.items() if kind not in {entry[0] for entry in wanted})]


def _condition(
    known: dict[str, Any] | None, kind: str, holds: bool, because: tuple[str, str], now: str
) -> dict[str, Any]:
    status = "True" if holds else "False"
    since = known["lastTransitionTime"] if known and known["status"] == status else now
    condition = {"type": kind, "status": status, "lastProbeTime": None, "lastTransitionTime": since}
    if not holds and because[0]:
        condition["reason"] = because[0]
        if because[1]:
            condition["message"] = because[1]
    return condition


def _names(words: str, names: Sequence[str]) -> str:
    return f"{words}: [{' '.join(names)}]"
