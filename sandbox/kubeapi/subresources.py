"""Subresources that are not the object itself: scale, eviction, binding, tokens, a namespace's finalizers."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.kubeapi import errors, jsonpaths, patches
from sandbox.kubeapi.calls import Call
from sandbox.kubeapi.clock import timestamp
from sandbox.kubeapi.entries import Entry, Object, at_path
from sandbox.kubeapi.selectors import matches_labels

if TYPE_CHECKING:
    from sandbox.kubeapi.cluster import Cluster

_SCALE_PATHS = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}


def success(code: int = 200, details: dict[str, Any] | None = None) -> Object:
    body: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    return body | ({"details": details} if details else {}) | ({"code": code} if code != 200 else {})


# -- scale --------------------------------------------------------------------------------------------------------


def _selector_text(obj: Object) -> str:
    selector = (obj.get("spec") or {}).get("selector") or {}
    labels = selector.get("matchLabels", selector) if isinstance(selector, dict) else {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()) if isinstance(value, str))


def scale_of(call: Call, obj: Object) -> Object:
    paths = _SCALE_PATHS | call.resource.scale_paths
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    selector = jsonpaths.find(obj, paths["labelSelectorPath"]) if call.resource.custom else _selector_text(obj)
    status = {"replicas": jsonpaths.find(obj, paths["statusReplicasPath"]) or 0}
    wanted = jsonpaths.find(obj, paths["specReplicasPath"]) or 0
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: value for key, value in obj["metadata"].items() if key in kept},
        "spec": {"replicas": wanted} if wanted else {},
        "status": status | ({"selector": selector} if selector else {}),
    }


def scale(cluster: "Cluster", call: Call, entry: Entry) -> Object:
    """Reads or writes the replica count. Raises ApiError 409 or 422."""
    live = entry.load()
    current = scale_of(call, live)
    if call.method == "GET":
        return current
    if call.method == "PUT":
        wanted = call.decoded_object()
    elif call.content_type == patches.JSON:
        current["spec"].setdefault("replicas", 0)
        wanted = patches.json_patch(current, call.decoded())
    else:
        wanted = patches.merge_patch(current, call.decoded_object())
    replicas = at_path(wanted, "spec.replicas") or 0
    if not isinstance(replicas, int) or replicas < 0:
        raise _wrong_replicas(entry.name, wanted, replicas)
    path = (_SCALE_PATHS | call.resource.scale_paths)["specReplicasPath"]
    jsonpaths.put(live, path, replicas)
    live["apiVersion"] = call.resource.group_version
    live["metadata"]["resourceVersion"] = at_path(wanted, "metadata.resourceVersion") or str(entry.version)
    return scale_of(call, cluster.writer.update(call, entry, live))


def _wrong_replicas(name: str, scale: Object, replicas: Any) -> errors.ApiError:
    if isinstance(replicas, int):
        cause = errors.invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
        return errors.invalid_options("Scale.autoscaling", [cause], name)
    kind = "string" if isinstance(replicas, str) else "object"
    why = f"json: cannot unmarshal {kind} into Go struct field ScaleSpec.spec.replicas of type int32"
    return errors.patch_unreadable(errors.shown(scale), why)


# -- pods ---------------------------------------------------------------------------------------------------------


def evict(cluster: "Cluster", call: Call, entry: Entry) -> Object:
    """Deletes a pod unless a PodDisruptionBudget stands against it. Raises ApiError 429."""
    budgets = cluster.registry.by_kind("policy", "PodDisruptionBudget")
    for held in cluster.store.entries(budgets.key, entry.namespace) if budgets else ():
        budget = held.load()
        selector = (budget.get("spec") or {}).get("selector") or {}
        allowed = (budget.get("status") or {}).get("disruptionsAllowed", 0)
        if matches_labels(selector, entry.labels) and allowed < 1:
            told = f"The disruption budget {held.name} needs more healthy pods than there are now"
            causes = [{"reason": "DisruptionBudget", "message": told}]
            message = "Cannot evict pod as it would violate the pod's disruption budget."
            raise errors.ApiError(429, "TooManyRequests", message, {"causes": causes})
    body = call.decoded_object()
    cluster.deleter.delete(call, entry, body.get("deleteOptions") or {})
    return success(201)


def bind(cluster: "Cluster", call: Call, entry: Entry) -> Object:
    """What a scheduler does: puts the pod on a node. Raises ApiError 409 for a pod that has one."""
    pod = entry.load()
    node = (call.decoded_object().get("target") or {}).get("name", "")
    if not node:
        raise errors.invalid(call.resource, entry.name, [errors.required("target.name")])
    if pod["spec"].get("nodeName"):
        why = f'pod {entry.name} is already assigned to node "{pod["spec"]["nodeName"]}"'
        raise errors.conflict(call.resource, entry.name, why)
    if entry.deleting:
        raise errors.conflict(
            call.resource, entry.name, f"pod {entry.name} is being deleted, cannot be assigned to a host"
        )
    pod["spec"]["nodeName"] = node
    conditions = pod.setdefault("status", {}).setdefault("conditions", [])
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": timestamp()}
    pod["status"]["conditions"] = [*(one for one in conditions if one["type"] != "PodScheduled"), scheduled]
    cluster.store.put(call.resource, pod)
    return success(201)


# -- service accounts and namespaces ------------------------------------------------------------------------------


def issue_token(cluster: "Cluster", call: Call, entry: Entry) -> Object:
    spec = call.decoded_object().get("spec") or {}
    token, ends_at = cluster.authenticator.issue(
        entry.namespace,
        entry.name,
        entry.uid,
        seconds=int(spec.get("expirationSeconds") or 0),
        audiences=spec.get("audiences") or [],
    )
    expires = datetime.fromtimestamp(ends_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": entry.name, "namespace": entry.namespace, "creationTimestamp": timestamp()},
        "spec": spec,
        "status": {"token": token, "expirationTimestamp": expires},
    }


def finalize_namespace(cluster: "Cluster", call: Call, entry: Entry) -> Object:
    """Replaces `spec.finalizers`, the only thing that keeps an empty namespace being deleted."""
    obj = entry.load()
    obj.setdefault("spec", {})["finalizers"] = (call.decoded_object().get("spec") or {}).get("finalizers") or []
    cluster.store.put(call.resource, obj)
    cluster.deleter.after_update(call.resource, obj)
    return obj
