"""What the server fills in: by schema for custom kinds, by hand for the built-in kinds (their schemas carry none)."""

import base64
import copy
from collections.abc import Callable
from typing import Any

from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.pod_defaults import default_pod, default_pod_spec, fill
from sandbox.kubeapi.resources import Resource
from sandbox.kubeapi.schemas import SchemaNode


def apply_defaults(resource: Resource, obj: Object, *, before: Object | None) -> None:
    """Fills defaults in place; `before` is the live object, None at creation."""
    if resource.custom:
        default_by_schema(resource.schema, obj)
        return
    filler = _FILLERS.get(resource.kind)
    if filler and (isinstance(obj.get("spec"), dict) or resource.kind in _WITHOUT_SPEC):
        filler(obj)
    if before is None:
        status = _FIRST_STATUS.get(resource.kind)
        if status is not None:
            obj["status"] = copy.deepcopy(status)


def default_by_schema(node: SchemaNode, value: Any) -> None:
    if isinstance(value, dict):
        for name, declared in node.properties.items():
            if name not in value and "default" in declared:
                value[name] = copy.deepcopy(declared["default"])
            if name in value and name != "metadata":
                child = node.child(name)
                if child:
                    default_by_schema(child, value[name])
        if node.additional:
            for member in value.values():
                default_by_schema(node.additional, member)
    elif isinstance(value, list):
        for member in value:
            default_by_schema(node.items, member)


def _template(spec: dict[str, Any]) -> None:
    template = spec.get("template")
    if isinstance(template, dict) and isinstance(template.get("spec"), dict):
        default_pod_spec(template["spec"])


def _deployment(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    if fill(strategy, "type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        fill(rolling, "maxUnavailable", "25%")
        fill(rolling, "maxSurge", "25%")
    _template(spec)


def _replica_set(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("replicas", 1)
    _template(spec)
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if labels and "selector" not in spec:
        spec["selector"] = labels if obj["kind"] == "ReplicationController" else {"matchLabels": labels}


def _stateful_set(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("replicas", 1)
    fill(spec, "podManagementPolicy", "OrderedReady")
    spec.setdefault("revisionHistoryLimit", 10)
    fill(spec, "serviceName", "")
    spec.setdefault("persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Retain", "whenScaled": "Retain"})
    strategy = spec.setdefault("updateStrategy", {})
    if fill(strategy, "type", "RollingUpdate") == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    for claim in spec.get("volumeClaimTemplates") or ():
        fill(claim, "apiVersion", "v1")
        fill(claim, "kind", "PersistentVolumeClaim")
        claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
        claim.setdefault("status", {"phase": "Pending"})
    _template(spec)


def _daemon_set(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = spec.setdefault("updateStrategy", {})
    if fill(strategy, "type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    _template(spec)


def _job_spec(spec: dict[str, Any]) -> None:
    spec.setdefault("backoffLimit", 6)
    fill(spec, "completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    fill(spec, "podReplacementPolicy", "TerminatingOrFailed")
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    _template(spec)


def _job(obj: Object) -> None:
    spec = obj["spec"]
    _job_spec(spec)
    spec.setdefault("manualSelector", False)
    if spec["manualSelector"] or "uid" not in obj["metadata"]:
        return
    # The job's pods are told from others by the job's uid, which exists only now.
    labels = {
        "batch.kubernetes.io/controller-uid": obj["metadata"]["uid"],
        "batch.kubernetes.io/job-name": obj["metadata"]["name"],
        "controller-uid": obj["metadata"]["uid"],
        "job-name": obj["metadata"]["name"],
    }
    template = spec.setdefault("template", {}).setdefault("metadata", {})
    template["labels"] = {**(template.get("labels") or {}), **labels}
    controller = "batch.kubernetes.io/controller-uid"
    spec.setdefault("selector", {"matchLabels": {controller: labels[controller]}})


def _cron_job(obj: Object) -> None:
    spec = obj["spec"]
    fill(spec, "concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    template = spec.get("jobTemplate")
    if isinstance(template, dict) and isinstance(template.get("spec"), dict):
        _template(template["spec"])


def _service(obj: Object) -> None:
    spec = obj["spec"]
    kind = fill(spec, "type", "ClusterIP")
    fill(spec, "sessionAffinity", "None")
    for port in spec.get("ports") or ():
        fill(port, "protocol", "TCP")
        if not port.get("targetPort"):
            port["targetPort"] = port.get("port", 0)
    if kind == "ExternalName":
        return
    fill(spec, "internalTrafficPolicy", "Cluster")
    spec.setdefault("ipFamilies", ["IPv4"])
    fill(spec, "ipFamilyPolicy", "SingleStack")
    if kind in ("NodePort", "LoadBalancer"):
        fill(spec, "externalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)


def _secret(obj: Object) -> None:
    fill(obj, "type", "Opaque")
    for key, text in (obj.pop("stringData", None) or {}).items():
        obj.setdefault("data", {})[key] = base64.b64encode(str(text).encode()).decode()


def _claim(obj: Object) -> None:
    fill(obj["spec"], "volumeMode", "Filesystem")


def _volume(obj: Object) -> None:
    fill(obj["spec"], "volumeMode", "Filesystem")
    fill(obj["spec"], "persistentVolumeReclaimPolicy", "Retain")


def _network_policy(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("podSelector", {})
    spec.setdefault("policyTypes", ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    for rule in [*(spec.get("ingress") or ()), *(spec.get("egress") or ())]:
        for port in rule.get("ports") or ():
            fill(port, "protocol", "TCP")


def _autoscaler(obj: Object) -> None:
    obj["spec"].setdefault("minReplicas", 1)
    if not obj["spec"].get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        obj["spec"]["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def _namespace(obj: Object) -> None:
    obj.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
    obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"]["name"]


def _binding(obj: Object) -> None:
    if isinstance(obj.get("roleRef"), dict):
        fill(obj["roleRef"], "apiGroup", "rbac.authorization.k8s.io")
    for subject in obj.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            fill(subject, "apiGroup", "rbac.authorization.k8s.io")


def _storage_class(obj: Object) -> None:
    fill(obj, "reclaimPolicy", "Delete")
    fill(obj, "volumeBindingMode", "Immediate")


def _limit_range(obj: Object) -> None:
    """A maximum alone is the default limit too; a default limit alone is the default request too."""
    for limit in obj["spec"].get("limits") or ():
        if limit.get("type") != "Container":
            continue
        for source, target in (("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")):
            for name, value in (limit.get(source) or {}).items():
                limit.setdefault(target, {}).setdefault(name, value)


def _custom_definition(obj: Object) -> None:
    spec = obj["spec"]
    names = spec.get("names") or {}
    if names.get("kind"):
        names.setdefault("singular", names["kind"].lower())
        names.setdefault("listKind", f"{names['kind']}List")
    spec.setdefault("conversion", {"strategy": "None"})


def _endpoint_slice(obj: Object) -> None:
    for port in obj.get("ports") or ():
        fill(port, "name", "")
        fill(port, "protocol", "TCP")


_FILLERS: dict[str, Callable[[Object], None]] = {
    "Pod": default_pod,
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "ReplicationController": _replica_set,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
    "Service": _service,
    "Secret": _secret,
    "PersistentVolumeClaim": _claim,
    "PersistentVolume": _volume,
    "NetworkPolicy": _network_policy,
    "HorizontalPodAutoscaler": _autoscaler,
    "Namespace": _namespace,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
    "StorageClass": _storage_class,
    "LimitRange": _limit_range,
    "CustomResourceDefinition": _custom_definition,
    "EndpointSlice": _endpoint_slice,
}
_WITHOUT_SPEC = ("Secret", "Namespace", "RoleBinding", "ClusterRoleBinding", "StorageClass", "EndpointSlice")
_FIRST_STATUS: dict[str, dict[str, Any]] = {
    "Pod": {"phase": "Pending"},
    "Deployment": {},
    "ReplicaSet": {"replicas": 0},
    "ReplicationController": {"replicas": 0},
    "StatefulSet": {"replicas": 0, "availableReplicas": 0},
    "DaemonSet": {
        "currentNumberScheduled": 0,
        "desiredNumberScheduled": 0,
        "numberMisscheduled": 0,
        "numberReady": 0,
    },
    "Job": {},
    "CronJob": {},
    "Service": {"loadBalancer": {}},
    "Ingress": {"loadBalancer": {}},
    "PersistentVolumeClaim": {"phase": "Pending"},
    "PersistentVolume": {"phase": "Pending"},
    "Namespace": {"phase": "Active"},
    "ResourceQuota": {},
    "HorizontalPodAutoscaler": {"currentMetrics": None, "desiredReplicas": 0},
    "PodDisruptionBudget": {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0},
}
