"""Pieces shared by the workload controllers."""

from datetime import datetime
from typing import Any

from sandbox.controllers.client import Thing
from sandbox.controllers.clock import Clock, parse

Condition = dict[str, Any]
REVISION = "deployment.kubernetes.io/revision"


def controller_uid(thing: Thing) -> str:
    """The uid of the object that controls this one, or an empty string."""
    for owner in thing["metadata"].get("ownerReferences") or []:
        if owner.get("controller"):
            return str(owner["uid"])
    return ""


def owned_by(owner: Thing) -> list[dict[str, Any]]:
    return [
        {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def condition_of(thing: Thing, kind: str) -> Condition | None:
    for condition in (thing.get("status") or {}).get("conditions") or []:
        if condition["type"] == kind:
            found: Condition = condition
            return found
    return None


def pod_is_ready(pod: Thing) -> bool:
    ready = condition_of(pod, "Ready")
    return ready is not None and ready["status"] == "True"


def pod_is_active(pod: Thing) -> bool:
    """Counts towards the replicas: neither finished nor on its way out."""
    finished = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    return not finished and not pod["metadata"].get("deletionTimestamp")


def available_since(pod: Thing) -> datetime | None:
    ready = condition_of(pod, "Ready")
    return parse(ready["lastTransitionTime"]) if ready and ready["status"] == "True" else None


def pod_is_available(pod: Thing, clock: Clock, *, min_ready_s: float) -> bool:
    since = available_since(pod)
    return since is not None and (min_ready_s <= 0 or clock.elapsed(since) >= min_ready_s)


def without_zeros(status: dict[str, Any]) -> dict[str, Any]:
    """Counts of zero and empty lists are left out, as the API's own types do."""
    return {name: value for name, value in status.items() if value not in (0, None, [], {})}


def removals(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """A merge patch that turns the top level of `old` into `new`: what vanished becomes null."""
    return {**{name: None for name in old if name not in new}, **new}
