"""Rules of the built-in kinds that no schema states: names, selectors, bounds, references between members."""

from collections.abc import Callable, Sequence

from sandbox.kubeapi.conversion import as_stored, is_new_event
from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.errors import Cause, invalid
from sandbox.kubeapi.resources import Resource
from sandbox.kubeapi.rules import events, limits, network, stored, workloads
from sandbox.kubeapi.rules.changes import check_change
from sandbox.kubeapi.rules.metadata import check_metadata
from sandbox.kubeapi.rules.pods import check_pod
from sandbox.kubeapi.rules.warnings import warnings_of

__all__ = ["check_object", "warnings_of"]

_CHECKS: dict[str, Callable[[Object], list[Cause]]] = {
    "Pod": check_pod,
    "Deployment": workloads.check_deployment,
    "ReplicaSet": workloads.check_replica_set,
    "StatefulSet": workloads.check_stateful_set,
    "DaemonSet": workloads.check_daemon_set,
    "Job": workloads.check_job,
    "CronJob": workloads.check_cron_job,
    "Service": network.check_service,
    "Ingress": network.check_ingress,
    "NetworkPolicy": network.check_network_policy,
    "HorizontalPodAutoscaler": limits.check_autoscaler,
    "PodDisruptionBudget": limits.check_budget,
    "LimitRange": limits.check_limit_range,
    "ResourceQuota": limits.check_quota,
    "ConfigMap": stored.check_config_map,
    "Secret": stored.check_secret,
    "PersistentVolumeClaim": stored.check_claim,
    "Lease": stored.check_lease,
    "Role": stored.check_role,
    "ClusterRole": stored.check_role,
    "RoleBinding": stored.check_binding,
    "ClusterRoleBinding": stored.check_binding,
    "EndpointSlice": stored.check_endpoint_slice,
}


# The real server never looks at the metadata of these.
_UNREAD_METADATA = (("", "events"), ("policy", "poddisruptionbudgets"))


def check_object(resource: Resource, obj: Object, before: Object | None, missing: Sequence[Cause] = ()) -> None:
    """Raises ApiError 422 naming every field that cannot be taken.

    `missing` is what the schema requires; it counts for kinds that have no rules of their own.
    """
    unread = resource.key in _UNREAD_METADATA and not is_new_event(resource)
    causes = [] if unread else check_metadata(resource, obj["metadata"], before)
    checker = None if resource.custom else _CHECKS.get(resource.kind)
    if resource.kind == "Event" and not resource.custom:
        held = as_stored(resource, before) if before else None
        causes += events.check_event(as_stored(resource, obj), held, strict=is_new_event(resource))
    else:
        causes += checker(obj) if checker else list(missing)
    if before is not None and not resource.custom:
        causes += check_change(resource, obj, before)
    if causes:
        raise invalid(resource, obj["metadata"]["name"], causes)
