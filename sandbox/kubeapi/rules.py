"""Rules of the built-in kinds that no schema states: names, selectors, immutable fields, references between members."""

import re
from typing import Any

from sandbox.kubeapi import quantities
from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.errors import (
    Cause,
    duplicate_value,
    forbidden_field,
    invalid,
    invalid_value,
    required,
    unsupported_value,
)
from sandbox.kubeapi.resources import Resource
from sandbox.kubeapi.selectors import matches_labels

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
SUBDOMAIN_REFUSAL = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL_REFUSAL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
LABEL_1035_REFUSAL = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_LABEL_VALUE_REFUSAL = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_FREE_NAMES = ("rbac.authorization.k8s.io",)
_WITH_TEMPLATE = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")
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


def check_object(resource: Resource, obj: Object, before: Object | None) -> None:
    """Raises ApiError 422 naming every field that cannot be taken."""
    metadata = obj["metadata"]
    causes = check_name(resource, metadata["name"]) if before is None else []
    causes += _check_labels(metadata.get("labels"), "metadata.labels")
    causes += _check_owners(metadata.get("ownerReferences") or ())
    spec = obj.get("spec") if isinstance(obj.get("spec"), dict) else {}
    if resource.kind in _WITH_TEMPLATE and not resource.custom:
        causes += _check_workload(spec)
    checker = _CHECKS.get(resource.kind) if not resource.custom else None
    if checker:
        causes += checker(obj)
    if before is not None and not resource.custom:
        causes += _check_change(resource, obj, before)
    if causes:
        raise invalid(resource, metadata["name"], causes)


def check_name(resource: Resource, name: str) -> list[Cause]:
    field = "metadata.name"
    if resource.group in _FREE_NAMES:
        wrong = "/" in name or "%" in name or name in (".", "..")
        return [invalid_value(field, name, "may not contain '/' or '%'")] if wrong else []
    if resource.kind == "Service":
        shape, refusal, longest = _LABEL_1035, LABEL_1035_REFUSAL, 63
    elif resource.kind == "Namespace":
        shape, refusal, longest = _LABEL, LABEL_REFUSAL, 63
    else:
        shape, refusal, longest = _SUBDOMAIN, SUBDOMAIN_REFUSAL, 253
    if len(name) > longest:
        return [invalid_value(field, name, f"must be no more than {longest} characters")]
    return [] if re.fullmatch(shape, name) else [invalid_value(field, name, refusal)]


def _check_labels(labels: Any, field: str) -> list[Cause]:
    causes = []
    for key, value in (labels or {}).items():
        if not _LABEL_KEY.fullmatch(key):
            causes.append(
                invalid_value(field, key, "name part must consist of alphanumeric characters, '-', '_' or '.'")
            )
        if len(str(value)) > 63:
            causes.append(invalid_value(field, value, "must be no more than 63 bytes"))
        elif not _LABEL_VALUE.fullmatch(str(value)):
            causes.append(invalid_value(field, value, _LABEL_VALUE_REFUSAL))
    return causes


def _check_owners(owners: Any) -> list[Cause]:
    causes = []
    for index, owner in enumerate(owners):
        for name in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(name):
                causes.append(required(f"metadata.ownerReferences[{index}].{name}", f"{name} must not be empty"))
    if sum(bool(owner.get("controller")) for owner in owners) > 1:
        why = "Only one reference can have Controller set to true"
        causes.append(invalid_value("metadata.ownerReferences", len(owners), why))
    return causes


def _check_workload(spec: dict[str, Any]) -> list[Cause]:
    causes = []
    selector = spec.get("selector")
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    if not selector:
        causes.append(required("spec.selector"))
    elif not matches_labels(selector, labels):
        why = "`selector` does not match template `labels`"
        causes.append(invalid_value("spec.template.metadata.labels", labels, why))
    causes += _negative(spec, "replicas", "spec.replicas")
    pod = template.get("spec") or {}
    causes += check_pod_spec(pod, "spec.template.spec")
    if pod.get("restartPolicy", "Always") != "Always":
        causes.append(unsupported_value("spec.template.spec.restartPolicy", pod["restartPolicy"], ["Always"]))
    return causes


def _negative(spec: dict[str, Any], name: str, field: str) -> list[Cause]:
    value = spec.get(name)
    if isinstance(value, int) and value < 0:
        return [invalid_value(field, value, "must be greater than or equal to 0")]
    return []


def check_pod_spec(spec: dict[str, Any], field: str) -> list[Cause]:
    causes = []
    if not spec.get("containers"):
        causes.append(required(f"{field}.containers"))
    volumes = {volume.get("name") for volume in spec.get("volumes") or ()}
    seen: set[str] = set()
    for group in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(group) or ()):
            here = f"{field}.{group}[{index}]"
            causes += _check_container(container, here, volumes)
            if container.get("name") in seen:
                causes.append(duplicate_value(f"{here}.name", container["name"]))
            seen.add(container.get("name", ""))
    return causes


def _check_container(container: dict[str, Any], field: str, volumes: set[str | None]) -> list[Cause]:
    causes = []
    name = container.get("name", "")
    if name and not re.fullmatch(_LABEL, name):
        causes.append(invalid_value(f"{field}.name", name, LABEL_REFUSAL))
    if not container.get("image"):
        causes.append(required(f"{field}.image"))
    elif container["image"] != container["image"].strip():
        causes.append(
            invalid_value(f"{field}.image", container["image"], "must not have leading or trailing whitespace")
        )
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("name") not in volumes:
            causes.append(
                Cause(f"{field}.volumeMounts[{index}].name", "FieldValueNotFound", f'Not found: "{mount.get("name")}"')
            )
    for index, port in enumerate(container.get("ports") or ()):
        causes += check_port(port.get("containerPort"), f"{field}.ports[{index}].containerPort")
    return causes + _check_resources(container.get("resources") or {}, f"{field}.resources")


def _check_resources(resources: dict[str, Any], field: str) -> list[Cause]:
    causes = []
    limits = resources.get("limits") or {}
    for name, request in (resources.get("requests") or {}).items():
        if name in limits and quantities.parse(request) > quantities.parse(limits[name]):
            why = f"must be less than or equal to {name} limit of {limits[name]}"
            causes.append(invalid_value(f"{field}.requests", request, why))
    return causes


def check_port(value: Any, field: str) -> list[Cause]:
    if isinstance(value, int) and not 0 < value < 65536:
        return [invalid_value(field, value, "must be between 1 and 65535, inclusive")]
    return []


def _check_pod(obj: Object) -> list[Cause]:
    return check_pod_spec(obj.get("spec") or {}, "spec")


def _check_job(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    pod = (spec.get("template") or {}).get("spec") or {}
    causes = check_pod_spec(pod, "spec.template.spec")
    if pod.get("restartPolicy") not in ("Never", "OnFailure"):
        value = pod.get("restartPolicy", "")
        causes.append(unsupported_value("spec.template.spec.restartPolicy", value, ["OnFailure", "Never"]))
    return causes


def _check_service(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = []
    if spec.get("type") not in ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"):
        allowed = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
        causes.append(unsupported_value("spec.type", spec.get("type"), allowed))
    ports = spec.get("ports") or []
    if not ports and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
        causes.append(required("spec.ports"))
    for index, port in enumerate(ports):
        causes += check_port(port.get("port"), f"spec.ports[{index}].port")
        if len(ports) > 1 and not port.get("name"):
            causes.append(required(f"spec.ports[{index}].name"))
    return causes


def _check_ingress(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = []
    if not spec.get("rules") and not spec.get("defaultBackend"):
        causes.append(invalid_value("spec", {}, "either `defaultBackend` or `rules` must be specified"))
    for index, rule in enumerate(spec.get("rules") or ()):
        for at, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            field = f"spec.rules[{index}].http.paths[{at}]"
            if path.get("pathType") not in ("Exact", "Prefix", "ImplementationSpecific"):
                allowed = ["Exact", "ImplementationSpecific", "Prefix"]
                causes.append(unsupported_value(f"{field}.pathType", path.get("pathType"), allowed))
            elif path["pathType"] != "ImplementationSpecific" and not str(path.get("path", "")).startswith("/"):
                causes.append(invalid_value(f"{field}.path", path.get("path", ""), "must be an absolute path"))
    return causes


def _check_config(obj: Object) -> list[Cause]:
    return [
        invalid_value(
            f"data[{key}]", key, "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        )
        for key in obj.get("data") or {}
        if not re.fullmatch(r"[-._a-zA-Z0-9]+", key)
    ]


_CHECKS = {
    "Pod": _check_pod,
    "Job": _check_job,
    "Service": _check_service,
    "Ingress": _check_ingress,
    "ConfigMap": _check_config,
    "Secret": _check_config,
}


def _check_change(resource: Resource, obj: Object, before: Object) -> list[Cause]:
    """Fields that stand once they are written."""
    spec, old = obj.get("spec") or {}, before.get("spec") or {}
    kind = resource.kind
    if kind in ("Deployment", "ReplicaSet", "DaemonSet", "Job") and spec.get("selector") != old.get("selector"):
        return [invalid_value("spec.selector", spec.get("selector"), "field is immutable")]
    if kind == "Job" and spec.get("template") != old.get("template"):
        return [invalid_value("spec.template", spec.get("template"), "field is immutable")]
    if kind == "StatefulSet" and _without(spec, _STATEFUL_MUTABLE) != _without(old, _STATEFUL_MUTABLE):
        return [forbidden_field("spec", _STATEFUL_REFUSAL)]
    if kind == "Pod" and _pod_fixed(spec) != _pod_fixed(old):
        return [forbidden_field("spec", _POD_REFUSAL)]
    sealed = kind in ("ConfigMap", "Secret") and before.get("immutable")
    if sealed and any(obj.get(name) != before.get(name) for name in ("data", "binaryData", "immutable")):
        return [forbidden_field("data", "field is immutable when `immutable` is set")]
    if kind == "Secret" and obj.get("type") != before.get("type"):
        return [invalid_value("type", obj.get("type"), "field is immutable")]
    if kind in ("RoleBinding", "ClusterRoleBinding") and obj.get("roleRef") != before.get("roleRef"):
        return [invalid_value("roleRef", obj.get("roleRef"), "cannot change roleRef")]
    if kind == "PersistentVolumeClaim" and _claim_fixed(spec, old) != _claim_fixed(old, old):
        why = (
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
        )
        return [forbidden_field("spec", why)]
    return []


def _without(spec: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key not in names}


def _claim_fixed(spec: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """A claim without a class may be given one later."""
    given = () if "storageClassName" in old else ("storageClassName",)
    return _without(spec, ("resources", "volumeName", *given))


def _pod_fixed(spec: dict[str, Any]) -> dict[str, Any]:
    fixed = _without(spec, _POD_MUTABLE)
    for group in ("containers", "initContainers"):
        if group in fixed:
            fixed[group] = [_without(one, ("image", "imagePullPolicy", "resources")) for one in fixed[group]]
    fixed.pop("ephemeralContainers", None)
    return fixed
