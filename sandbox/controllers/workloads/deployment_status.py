"""What a Deployment's status says: counts and the conditions Available, Progressing and ReplicaFailure. Pure."""

from typing import Any

from sandbox.controllers.client import Thing
from sandbox.controllers.clock import Clock, stamp
from sandbox.controllers.workloads.common import Condition, condition_of, without_zeros
from sandbox.controllers.workloads.rollout import limits_of

COMPLETE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"


def deployment_status(
    deployment: Thing, new: Thing | None, old: list[Thing], *, clock: Clock, created: bool
) -> dict[str, Any]:
    """The whole status, zero counts left out. `created`: the new ReplicaSet was made in this round."""
    every = [*old, *([new] if new else [])]
    counts = _counts(deployment, new, every)
    conditions = [
        _available(deployment, counts, clock),
        _progressing(deployment, new, counts, clock, created=created),
        _replica_failure(deployment, every),
    ]
    known = {
        name: value
        for name, value in (deployment.get("status") or {}).items()
        if name in ("collisionCount", "terminatingReplicas")
    }
    return without_zeros({**known, **counts, "conditions": [one for one in conditions if one]})


def seconds_to_deadline(deployment: Thing, clock: Clock) -> float | None:
    """How long until the rollout counts as stuck; None where nothing is under way."""
    condition = condition_of(deployment, "Progressing")
    if condition is None or condition.get("reason") in (COMPLETE, TIMED_OUT):
        return None
    deadline = deployment["spec"].get("progressDeadlineSeconds", 600)
    return max(0.0, deadline - clock.elapsed(condition["lastUpdateTime"]))


def _counts(deployment: Thing, new: Thing | None, every: list[Thing]) -> dict[str, int]:
    def total(field: str) -> int:
        return sum((one.get("status") or {}).get(field, 0) for one in every)

    wanted = sum(one["spec"].get("replicas", 0) for one in every)
    available = total("availableReplicas")
    return {
        "observedGeneration": deployment["metadata"].get("generation", 1),
        "replicas": total("replicas"),
        "updatedReplicas": ((new or {}).get("status") or {}).get("replicas", 0),
        "readyReplicas": total("readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, wanted - available),
    }


def _available(deployment: Thing, counts: dict[str, int], clock: Clock) -> Condition:
    replicas = deployment["spec"].get("replicas", 1)
    if counts["availableReplicas"] >= replicas - limits_of(deployment["spec"]).unavailable:
        reason, message, status = "MinimumReplicasAvailable", "Deployment has minimum availability.", "True"
    else:
        reason, message = "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
        status = "False"
    return _condition(deployment, "Available", status, reason, message, clock)


def _progressing(
    deployment: Thing, new: Thing | None, counts: dict[str, int], clock: Clock, *, created: bool
) -> Condition | None:
    known = condition_of(deployment, "Progressing")
    name = f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{deployment["metadata"]["name"]}"'
    if created:
        label = name.replace("ReplicaSet", "Created new replica set", 1)
        return _condition(deployment, "Progressing", "True", "NewReplicaSetCreated", label, clock, touch=True)
    if known is None:
        label = name.replace("ReplicaSet", "Found new replica set", 1)
        return _condition(deployment, "Progressing", "True", "FoundNewReplicaSet", label, clock)
    if known["reason"] == COMPLETE and counts["replicas"] == counts["updatedReplicas"]:
        return known
    if _is_complete(deployment, counts):
        message, touch = f"{name} has successfully progressed.", known["reason"] != COMPLETE
        return _condition(deployment, "Progressing", "True", COMPLETE, message, clock, touch=touch)
    if _moved(deployment, counts):
        message = f"{name} is progressing."
        return _condition(deployment, "Progressing", "True", "ReplicaSetUpdated", message, clock, touch=True)
    if _timed_out(deployment, known, clock):
        return _condition(deployment, "Progressing", "False", TIMED_OUT, f"{name} has timed out progressing.", clock)
    return known


def _is_complete(deployment: Thing, counts: dict[str, int]) -> bool:
    replicas = deployment["spec"].get("replicas", 1)
    return all(counts[field] == replicas for field in ("updatedReplicas", "replicas", "availableReplicas"))


def _moved(deployment: Thing, counts: dict[str, int]) -> bool:
    """More updated, ready or available pods than before, or fewer old ones."""
    before = deployment.get("status") or {}

    def was(field: str) -> int:
        return int(before.get(field, 0))

    if counts["replicas"] - counts["updatedReplicas"] < was("replicas") - was("updatedReplicas"):
        return True
    return any(counts[field] > was(field) for field in ("updatedReplicas", "readyReplicas", "availableReplicas"))


def _timed_out(deployment: Thing, known: Condition, clock: Clock) -> bool:
    if known["reason"] == TIMED_OUT:
        return True
    if known["reason"] == COMPLETE:
        return False
    deadline = deployment["spec"].get("progressDeadlineSeconds", 600)
    return clock.elapsed(known["lastUpdateTime"]) >= deadline


def _replica_failure(deployment: Thing, every: list[Thing]) -> Condition | None:
    for one in reversed(every):
        failure = condition_of(one, "ReplicaFailure")
        if failure is not None and one["spec"].get("replicas", 0) > 0:
            moment = failure["lastTransitionTime"]
            return {**failure, "lastUpdateTime": moment, "lastTransitionTime": moment}
    return None


def _condition(
    deployment: Thing, kind: str, status: str, reason: str, message: str, clock: Clock, *, touch: bool = False
) -> Condition:
    """Keeps the known one when nothing changed, unless touched; keeps the transition time while the status stays."""
    known = condition_of(deployment, kind)
    if known and not touch and (known["status"], known["reason"]) == (status, reason):
        return known
    moment = stamp(clock.now())
    since = known["lastTransitionTime"] if known and known["status"] == status else moment
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastUpdateTime": moment,
        "lastTransitionTime": since,
    }
