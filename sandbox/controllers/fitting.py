"""Which node a pod fits on, and the scheduler's words for why not. Pure: nodes and pods in, names and words out."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.controllers.client import Thing
from sandbox.controllers.quantity import mebibytes, millicores, pod_requests


@dataclass(frozen=True, slots=True)
class Placed:
    """What a pod takes of its node. CPU in millicores, memory in MiB."""

    node: str
    cpu: int
    memory: int
    ports: frozenset[int]

    @classmethod
    def on(cls, node: str, pod: Thing) -> "Placed":
        return cls(node, *pod_requests(pod["spec"]), host_ports(pod))


@dataclass
class Room:
    """What a node has and what is taken. CPU in millicores, memory in MiB."""

    node: Thing
    cpu: int
    memory: int
    pods: int
    taken_cpu: int = 0
    taken_memory: int = 0
    taken_pods: int = 0
    ports: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, node: Thing) -> "Room":
        can = node["status"]["allocatable"]
        return cls(node, millicores(can["cpu"]), mebibytes(can["memory"]), int(can["pods"]))

    def put(self, placed: Placed) -> None:
        self.taken_cpu += placed.cpu
        self.taken_memory += placed.memory
        self.taken_pods += 1
        self.ports |= placed.ports

    def free_cpu(self) -> int:
        return self.cpu - self.taken_cpu

    def free_memory(self) -> int:
        return self.memory - self.taken_memory


def reasons_against(room: Room, pod: Thing) -> list[str]:
    """Empty when the pod fits on the node."""
    spec, node = pod["spec"], room.node
    if node["spec"].get("unschedulable"):
        return ["node(s) were unschedulable"]
    taint = next((one for one in node["spec"].get("taints") or [] if not _tolerated(one, spec)), None)
    if taint is not None:
        return [f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"]
    if not _selected(node, spec):
        return ["node(s) didn't match Pod's node affinity/selector"]
    if host_ports(pod) & room.ports:
        return ["node(s) didn't have free ports for the requested pod ports"]
    cpu, memory = pod_requests(spec)
    full = {
        "Too many pods": room.taken_pods >= room.pods,
        "Insufficient cpu": cpu > 0 and cpu > room.free_cpu(),
        "Insufficient memory": memory > 0 and memory > room.free_memory(),
    }
    return [reason for reason, holds in full.items() if holds]


def best(rooms: Iterable[Room], pod: Thing) -> Room | None:
    """The node that fits and has the largest share free; siblings are spread."""
    fitting = [room for room in rooms if not reasons_against(room, pod)]
    return max(fitting, key=_freedom, default=None)


def verdict(rooms: list[Room], pod: Thing) -> str:
    """The message of FailedScheduling, as kube-scheduler 1.31 words it."""
    counted: Counter[str] = Counter()
    helpless = 0
    for room in rooms:
        reasons = reasons_against(room, pod)
        counted.update(reasons)
        helpless += any(not reason.startswith(("Insufficient", "Too many")) for reason in reasons)
    listed = ", ".join(sorted(f"{count} {reason}" for reason, count in counted.items()))
    head = f"0/{len(rooms)} nodes are available"
    stuck = []
    if len(rooms) - helpless:
        stuck.append(f"{len(rooms) - helpless} No preemption victims found for incoming pod")
    if helpless:
        stuck.append(f"{helpless} Preemption is not helpful for scheduling")
    return f"{head}: {listed}. preemption: {head}: {', '.join(stuck)}."


def host_ports(pod: Thing) -> frozenset[int]:
    return frozenset(
        int(port["hostPort"])
        for container in pod["spec"].get("containers") or []
        for port in container.get("ports") or []
        if port.get("hostPort")
    )


def _freedom(room: Room) -> float:
    return min(room.free_cpu() / room.cpu, room.free_memory() / room.memory, 1 - room.taken_pods / room.pods)


def _selected(node: Thing, spec: dict[str, Any]) -> bool:
    labels = node["metadata"].get("labels") or {}
    return all(labels.get(name) == value for name, value in (spec.get("nodeSelector") or {}).items())


def _tolerated(taint: dict[str, Any], spec: dict[str, Any]) -> bool:
    if taint.get("effect") == "PreferNoSchedule":
        return True
    for one in spec.get("tolerations") or []:
        if one.get("effect") not in (None, "", taint.get("effect")):
            continue
        if one.get("operator") == "Exists" and one.get("key") in (None, "", taint["key"]):
            return True
        if one.get("key") == taint["key"] and one.get("value", "") == taint.get("value", ""):
            return True
    return False
