"""What stands once it is written."""

from typing import Any

from sandbox.kubeapi import quantities
from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.errors import Cause, forbidden_field, invalid_value
from sandbox.kubeapi.resources import Resource

Spec = dict[str, Any]
_POD_MUTABLE = ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates")
_POD_REFUSAL = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_STATEFUL_MUTABLE = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
)  # fmt: skip
_STATEFUL_REFUSAL = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_CLAIM_REFUSAL = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)
_IMMUTABLE = "field is immutable"
_SEALED = "field is immutable when `immutable` is set"


def check_change(resource: Resource, obj: Object, before: Object) -> list[Cause]:
    spec, old = obj.get("spec") or {}, before.get("spec") or {}
    kind = resource.kind
    if kind in ("Deployment", "ReplicaSet", "DaemonSet", "Job") and spec.get("selector") != old.get("selector"):
        return [invalid_value("spec.selector", spec.get("selector"), _IMMUTABLE)]
    if kind == "Job" and spec.get("template") != old.get("template"):
        return [invalid_value("spec.template", spec.get("template"), _IMMUTABLE)]
    if kind == "StatefulSet" and _without(spec, _STATEFUL_MUTABLE) != _without(old, _STATEFUL_MUTABLE):
        return [forbidden_field("spec", _STATEFUL_REFUSAL)]
    if kind == "Pod" and _pod_fixed(spec) != _pod_fixed(old):
        return [forbidden_field("spec", _POD_REFUSAL)]
    if kind in ("ConfigMap", "Secret"):
        return _check_stored(obj, before)
    if kind == "Service" and old.get("clusterIP") and spec.get("clusterIP") != old["clusterIP"]:
        unchanged = spec.get("type") == old.get("type") != "ExternalName"
        why = "may not change once set"
        return [invalid_value("spec.clusterIPs[0]", spec.get("clusterIP", ""), why)] if unchanged else []
    if kind in ("RoleBinding", "ClusterRoleBinding") and obj.get("roleRef") != before.get("roleRef"):
        return [invalid_value("roleRef", obj.get("roleRef"), "cannot change roleRef")]
    return _check_claim(obj, before) if kind == "PersistentVolumeClaim" else []


def _check_stored(obj: Object, before: Object) -> list[Cause]:
    causes = []
    if obj["kind"] == "Secret" and obj.get("type") != before.get("type"):
        causes.append(invalid_value("type", obj.get("type"), _IMMUTABLE))
    if before.get("immutable"):
        if not obj.get("immutable"):
            causes.append(forbidden_field("immutable", _SEALED))
        causes += [
            forbidden_field(name, _SEALED) for name in ("data", "binaryData") if obj.get(name) != before.get(name)
        ]
    return causes


def _check_claim(obj: Object, before: Object) -> list[Cause]:
    spec, old = obj["spec"], before["spec"]
    bound = (obj.get("status") or {}).get("phase") == "Bound"
    free: tuple[str, ...] = ("resources", "volumeName") if bound else ("volumeName",)
    # A class may be chosen as long as there is none, so that a default class can be set later.
    free += () if old.get("storageClassName") else ("storageClassName",)
    causes = []
    if _without(spec, free) != _without(old, free):
        causes.append(forbidden_field("spec", _CLAIM_REFUSAL))
    size, had = (one.get("resources", {}).get("requests", {}).get("storage", "0") for one in (spec, old))
    capacity = ((before.get("status") or {}).get("capacity") or {}).get("storage", "0")
    if quantities.parse(size) < quantities.parse(had) and quantities.parse(size) <= quantities.parse(capacity):
        why = "field can not be less than status.capacity"
        causes.append(forbidden_field("spec.resources.requests.storage", why))
    return causes


def _without(spec: Spec, members: tuple[str, ...]) -> Spec:
    return {key: value for key, value in spec.items() if key not in members}


def _pod_fixed(spec: Spec) -> Spec:
    fixed = _without(spec, _POD_MUTABLE)
    for group in ("containers", "initContainers"):
        if group in fixed:
            fixed[group] = [_without(one, ("image", "imagePullPolicy", "resources")) for one in fixed[group]]
    fixed.pop("ephemeralContainers", None)
    return fixed
