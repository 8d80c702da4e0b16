"""The step that waits until a Deployment runs what its operation committed."""

from typing import Any

from django.conf import settings

from core.errors import Problem
from core.text import of_counted
from integrations.errors import Missing
from integrations.kubernetes import Right, cluster, kinds, label_selector
from operations.registry import Done, StepContext, Wait, diagnosis_of
from operations.runners.sync import FOLLOWING, NotHealthy, commit_named

# A confirmed cause this long after the sync will not mend itself; a pull or a first crash may.
PATIENCE_WITH_A_CONFIRMED_CAUSE_S = 20
REVISION = "deployment.kubernetes.io/revision"
RIGHTS = (
    Right(kinds.DEPLOYMENTS, ("get",), FOLLOWING),
    Right(kinds.REPLICA_SETS, ("list",), FOLLOWING),
)


def roll_out(step: StepContext, *, namespace: str, deployment: str) -> Done | Wait:
    """Waits until the Deployment runs what was committed. Ends early, with the diagnosis, when a cause is certain."""
    with commit_named(step):
        return look_for_the_rollout(step, namespace, deployment)


def look_for_the_rollout(step: StepContext, namespace: str, name: str) -> Done | Wait:
    try:
        deployment = cluster().get("deployments", name, namespace)
    except Missing:
        return Wait(settings.OPERATION_POLL_S, "the Deployment does not exist yet")
    wanted = deployment["spec"].get("replicas", 1)
    if not is_current(deployment):
        return Wait(settings.OPERATION_POLL_S, "the rollout has not begun yet")
    if is_rolled_out(deployment, wanted):
        ready = (deployment.get("status") or {}).get("availableReplicas", 0)
        return Done(f"{of_counted(ready, wanted, 'pod')} ready" if wanted else "scaled to 0", {"replicas": wanted})
    selector = label_selector(deployment["spec"]["selector"].get("matchLabels") or {})
    newest = newest_replica_set(deployment, cluster().list("replicasets", namespace=namespace, label_selector=selector))
    said = f"{of_counted(ready_pods(newest), wanted, 'pod')} ready in this version"
    cause = cause_in_the_way(step, newest["metadata"]["name"] if newest else "")
    if cause and step.waited_s >= PATIENCE_WITH_A_CONFIRMED_CAUSE_S:
        raise NotHealthy(
            f"{cause['title']}: {cause['detail']}" if cause.get("detail") else str(cause["title"]),
            remedy="See the finding below for what to do; git keeps this commit until another one replaces it.",
            cause=cause["cause"],
        )
    return Wait(settings.OPERATION_POLL_S, f"{said}; {cause['title']}" if cause else said)


def is_current(deployment: dict[str, Any]) -> bool:
    """Whether its controller has seen the newest spec: until then the newest ReplicaSet is the one before."""
    seen = (deployment.get("status") or {}).get("observedGeneration", 0)
    return bool(seen >= deployment["metadata"].get("generation", 0))


def is_rolled_out(deployment: dict[str, Any], wanted: int) -> bool:
    """All pods are of this version and answer, and none of another is left."""
    status = deployment.get("status") or {}
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    return bool(updated >= wanted and available >= wanted and status.get("replicas", 0) == wanted)


def newest_replica_set(deployment: dict[str, Any], replica_sets: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The ReplicaSet that runs what the Deployment asks for now; None before there is one."""
    uid = deployment["metadata"].get("uid")
    owned = [
        item
        for item in replica_sets
        if any(owner.get("uid") == uid for owner in item["metadata"].get("ownerReferences") or [])
    ]
    return max(owned, key=revision_of, default=None)


def ready_pods(replica_set: dict[str, Any] | None) -> int:
    """Of this ReplicaSet alone: those of the version before answer too while it is replaced."""
    return int(((replica_set or {}).get("status") or {}).get("readyReplicas", 0))


def revision_of(replica_set: dict[str, Any]) -> int:
    return int((replica_set["metadata"].get("annotations") or {}).get(REVISION, 0))


def cause_in_the_way(step: StepContext, replica_set: str) -> dict[str, Any] | None:
    """A confirmed cause that keeps the new pods from running. What ails the old ones, or only the Ingress, does not
    end a deploy that is about to mend it."""
    try:
        findings = diagnosis_of(step.tenant, step.service).get("findings", [])
    except Problem as problem:
        step.log(f"no diagnosis now: {problem.sentence}")
        return None
    confirmed = [item for item in findings if item["verdict"] == "confirmed" and item["severity"] == "problem"]
    return next((item for item in confirmed if replica_set and is_about(item, replica_set)), None)


def is_about(finding: dict[str, Any], replica_set: str) -> bool:
    objects = [evidence.get("object") or {} for evidence in finding.get("evidence", [])]
    return any(
        (item.get("kind") == "ReplicaSet" and item.get("name") == replica_set)
        or (item.get("kind") == "Pod" and str(item.get("name")).startswith(f"{replica_set}-"))
        for item in objects
    )
