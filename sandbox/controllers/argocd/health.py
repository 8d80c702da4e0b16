"""Health of one object, by Argo CD's built-in rules. Pure: an object in, status and message out."""

from collections.abc import Callable, Iterable
from typing import Any

from sandbox.controllers.client import Thing
from sandbox.controllers.workloads.common import condition_of

HEALTHY, SUSPENDED, PROGRESSING, MISSING, DEGRADED, UNKNOWN = (
    "Healthy",
    "Suspended",
    "Progressing",
    "Missing",
    "Degraded",
    "Unknown",
)
BEST_TO_WORST = (HEALTHY, SUSPENDED, PROGRESSING, MISSING, DEGRADED, UNKNOWN)
ROLLOUT = "Waiting for rollout to finish:"
Health = tuple[str, str]


def health_of(thing: Thing) -> Health | None:
    """None for kinds that have no health of their own, such as a ConfigMap."""
    if thing["metadata"].get("deletionTimestamp"):
        return PROGRESSING, "Pending deletion"
    rule = RULES.get(thing["kind"])
    return rule(thing) if rule else None


def worst(statuses: Iterable[str]) -> str:
    """The health of an application is that of its least healthy resource."""
    return max(statuses, key=BEST_TO_WORST.index, default=HEALTHY)


def _deployment(thing: Thing) -> Health:
    spec, status = thing["spec"], thing.get("status") or {}
    if spec.get("paused"):
        return SUSPENDED, "Deployment is paused"
    if thing["metadata"].get("generation", 0) > status.get("observedGeneration", 0):
        return PROGRESSING, f"{ROLLOUT} observed deployment generation less than desired generation"
    progressing = condition_of(thing, "Progressing")
    if progressing and progressing.get("reason") == "ProgressDeadlineExceeded":
        return DEGRADED, f'Deployment "{thing["metadata"]["name"]}" exceeded its progress deadline'
    wanted, updated = spec.get("replicas", 1), status.get("updatedReplicas", 0)
    replicas, available = status.get("replicas", 0), status.get("availableReplicas", 0)
    if updated < wanted:
        return PROGRESSING, f"{ROLLOUT} {updated} out of {wanted} new replicas have been updated..."
    if replicas > updated:
        return PROGRESSING, f"{ROLLOUT} {replicas - updated} old replicas are pending termination..."
    if available < updated:
        return PROGRESSING, f"{ROLLOUT} {available} of {updated} updated replicas are available..."
    return HEALTHY, ""


def _replica_set(thing: Thing) -> Health:
    spec, status = thing["spec"], thing.get("status") or {}
    if thing["metadata"].get("generation", 0) > status.get("observedGeneration", 0):
        return PROGRESSING, f"{ROLLOUT} observed replica set generation less than desired generation"
    failure = condition_of(thing, "ReplicaFailure")
    if failure and failure["status"] == "True":
        return DEGRADED, failure.get("message", "")
    if status.get("availableReplicas", 0) < spec.get("replicas", 1):
        return PROGRESSING, (
            f"{ROLLOUT} {status.get('availableReplicas', 0)} out of "
            f"{spec.get('replicas', 1)} new replicas are available..."
        )
    return HEALTHY, ""


def _pod(thing: Thing) -> Health:
    status = thing.get("status") or {}
    for one in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        waiting = (one.get("state") or {}).get("waiting") or {}
        reason = waiting.get("reason", "")
        if reason.startswith("Err") or reason.endswith(("Error", "BackOff")):
            return DEGRADED, waiting.get("message", "")
    phase = status.get("phase")
    if phase == "Succeeded":
        return HEALTHY, ""
    if phase == "Failed":
        return DEGRADED, status.get("message", "")
    if phase == "Running":
        ready = condition_of(thing, "Ready")
        if ready and ready["status"] == "True":
            return HEALTHY, ""
        if any((one.get("lastState") or {}).get("terminated") for one in status.get("containerStatuses") or []):
            return DEGRADED, ""
        return PROGRESSING, ""
    return PROGRESSING, status.get("message", "")


def _service(thing: Thing) -> Health:
    if thing["spec"].get("type") == "LoadBalancer" and not _balanced(thing):
        return PROGRESSING, ""
    return HEALTHY, ""


def _ingress(thing: Thing) -> Health:
    return (HEALTHY, "") if _balanced(thing) else (PROGRESSING, "")


def _balanced(thing: Thing) -> bool:
    return bool(((thing.get("status") or {}).get("loadBalancer") or {}).get("ingress"))


def _claim(thing: Thing) -> Health:
    phase = (thing.get("status") or {}).get("phase", "")
    return {"Lost": DEGRADED, "Pending": PROGRESSING, "Bound": HEALTHY}.get(phase, UNKNOWN), ""


def _job(thing: Thing) -> Health:
    for kind, health in (("Failed", DEGRADED), ("Complete", HEALTHY), ("Suspended", SUSPENDED)):
        found = condition_of(thing, kind)
        if found and found["status"] == "True":
            return health, found.get("message", "")
    return PROGRESSING, ""


def _autoscaler(thing: Thing) -> Health:
    bad = {"FailedGetScale", "FailedUpdateScale", "FailedConvertHPA", "InvalidSelector"}
    for one in (thing.get("status") or {}).get("conditions") or []:
        if one.get("reason") in bad or (one.get("reason", "").startswith("FailedGet") and one["status"] == "False"):
            return DEGRADED, one.get("message", "")
    for one in (thing.get("status") or {}).get("conditions") or []:
        if one["status"] == "True" and one["type"] in ("AbleToScale", "ScalingLimited"):
            return HEALTHY, one.get("message", "")
    return PROGRESSING, "Waiting to Autoscale"


def _by_ready(waiting: str) -> Callable[[Thing], Health]:
    """Kinds with a Ready condition: true is healthy, false degraded, nothing yet progressing."""

    def rule(thing: Thing) -> Health:
        ready = condition_of(thing, "Ready")
        if ready is None:
            return PROGRESSING, waiting
        return (HEALTHY if ready["status"] == "True" else DEGRADED), ready.get("message", "")

    return rule


RULES: dict[str, Callable[[Thing], Any]] = {
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "Pod": _pod,
    "Service": _service,
    "Ingress": _ingress,
    "PersistentVolumeClaim": _claim,
    "Job": _job,
    "HorizontalPodAutoscaler": _autoscaler,
    "ExternalSecret": _by_ready("Waiting for ExternalSecret"),
    "SecretStore": _by_ready("Initializing SecretStore"),
    "ClusterSecretStore": _by_ready("Initializing ClusterSecretStore"),
    "Certificate": _by_ready("Waiting for certificate"),
}
