"""ConfigMaps, Secrets, claims of volumes, leases, roles and endpoints: what they hold."""

import base64
import binascii
import json
from typing import Any

from sandbox.kubeapi import quantities
from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.errors import Cause, duplicate_value, invalid_value, required, unsupported_value
from sandbox.kubeapi.rules import names
from sandbox.kubeapi.rules.containers import PROTOCOLS
from sandbox.kubeapi.rules.names import refuse

_RBAC = "rbac.authorization.k8s.io"
_ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
_LARGEST_DATA = 1024 * 1024
_ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_ACCOUNT_NOTE = "kubernetes.io/service-account.name"
_CONFIG_FILES = {"kubernetes.io/dockercfg": ".dockercfg", "kubernetes.io/dockerconfigjson": ".dockerconfigjson"}


def check_config_map(obj: Object) -> list[Cause]:
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    causes = []
    for key in data:
        causes += refuse(f"data[{key}]", key, names.config_key)
        if key in binary:
            causes.append(invalid_value(f"data[{key}]", key, "duplicate of key present in binaryData"))
    for key in binary:
        causes += refuse(f"binaryData[{key}]", key, names.config_key)
    size = sum(len((value or "").encode()) for value in data.values()) + _size(binary)
    return causes + _too_large(size, "[]")


def _size(encoded: dict[str, Any]) -> int:
    return sum(len(value or "") * 3 // 4 for value in encoded.values())


def _too_large(size: int, field: str) -> list[Cause]:
    if size <= _LARGEST_DATA:
        return []
    return [Cause(field, "FieldValueTooLong", f"Too long: may not be more than {_LARGEST_DATA} bytes")]


def check_secret(obj: Object) -> list[Cause]:
    data, kind = obj.get("data") or {}, obj.get("type", "")
    causes = []
    for key in data:
        causes += refuse(f"data[{key}]", key, names.config_key)
    causes += _too_large(_size(data), "data")
    if kind in _CONFIG_FILES:
        return causes + _check_config_file(data, _CONFIG_FILES[kind])
    needed: tuple[str, ...] = ()
    if kind == "kubernetes.io/tls":
        needed = ("tls.crt", "tls.key")
    elif kind == "kubernetes.io/basic-auth" and not {"username", "password"} & data.keys():
        needed = ("username", "password")
    elif kind == "kubernetes.io/ssh-auth" and not data.get("ssh-privatekey"):
        return [*causes, required("data[ssh-privatekey]")]
    elif kind == "kubernetes.io/service-account-token":
        noted = (obj["metadata"].get("annotations") or {}).get(_ACCOUNT_NOTE)
        return causes + ([] if noted else [required(f"metadata.annotations[{_ACCOUNT_NOTE}]")])
    return causes + [required(f"data[{key}]") for key in needed if key not in data]


def _check_config_file(data: dict[str, Any], key: str) -> list[Cause]:
    field = f"data[{key}]"
    if key not in data:
        return [required(field)]
    try:
        read = json.loads(base64.b64decode(data[key]))
    except (ValueError, binascii.Error):
        read = None
    if isinstance(read, dict):
        return []
    why = "invalid character 'a' looking for beginning of value"
    return [invalid_value(field, "<secret contents redacted>", why)]


def check_claim(obj: Object) -> list[Cause]:
    return check_claim_spec(obj.get("spec") or {}, "spec")


def check_claim_spec(spec: dict[str, Any], field: str) -> list[Cause]:
    causes = []
    modes = spec.get("accessModes") or ()
    if not modes:
        causes.append(required(f"{field}.accessModes", "at least 1 access mode is required"))
    causes += [
        unsupported_value(f"{field}.accessModes", mode, _ACCESS_MODES) for mode in modes if mode not in _ACCESS_MODES
    ]
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if size is None:
        causes.append(required(f"{field}.resources[storage]"))
    elif quantities.parse(size) <= 0:
        causes.append(invalid_value(f"{field}.resources[storage]", size, "must be greater than zero"))
    if spec.get("storageClassName"):
        causes += refuse(f"{field}.storageClassName", spec["storageClassName"], names.subdomain)
    mode = spec.get("volumeMode", "Filesystem")
    if mode not in ("Block", "Filesystem"):
        causes.append(unsupported_value(f"{field}.volumeMode", mode, ["Block", "Filesystem"]))
    return causes


def check_lease(obj: Object) -> list[Cause]:
    duration = (obj.get("spec") or {}).get("leaseDurationSeconds")
    if duration is not None and duration <= 0:
        return [invalid_value("spec.leaseDurationSeconds", duration, "must be greater than 0")]
    return []


def check_role(obj: Object) -> list[Cause]:
    causes = []
    for index, rule in enumerate(obj.get("rules") or ()):
        field = f"rules[{index}]"
        if not rule.get("verbs"):
            causes.append(required(f"{field}.verbs", "verbs must contain at least one value"))
        if rule.get("nonResourceURLs"):
            if obj["kind"] == "Role":
                why = "namespaced rules cannot apply to non-resource URLs"
                causes.append(invalid_value(f"{field}.nonResourceURLs", rule["nonResourceURLs"], why))
            continue
        if not rule.get("apiGroups"):
            causes.append(required(f"{field}.apiGroups", "resource rules must supply at least one api group"))
        if not rule.get("resources"):
            causes.append(required(f"{field}.resources", "resource rules must supply at least one resource"))
    return causes


def check_binding(obj: Object) -> list[Cause]:
    reference = obj.get("roleRef") or {}
    allowed = ["Role", "ClusterRole"] if obj["kind"] == "RoleBinding" else ["ClusterRole"]
    causes = []
    if reference.get("apiGroup") != _RBAC:
        causes.append(unsupported_value("roleRef.apiGroup", reference.get("apiGroup", ""), [_RBAC]))
    if reference.get("kind") not in allowed:
        causes.append(unsupported_value("roleRef.kind", reference.get("kind", ""), allowed))
    if not reference.get("name"):
        causes.append(required("roleRef.name"))
    for index, subject in enumerate(obj.get("subjects") or ()):
        field, kind = f"subjects[{index}]", subject.get("kind", "")
        if not subject.get("name"):
            causes.append(required(f"{field}.name"))
        if kind == "ServiceAccount":
            causes += refuse(f"{field}.name", subject.get("name", ""), names.subdomain)
            if obj["kind"] == "ClusterRoleBinding" and not subject.get("namespace"):
                causes.append(required(f"{field}.namespace"))
            if subject.get("apiGroup"):
                causes.append(unsupported_value(f"{field}.apiGroup", subject["apiGroup"], [""]))
        elif kind in ("User", "Group"):
            if subject.get("apiGroup") != _RBAC:
                causes.append(unsupported_value(f"{field}.apiGroup", subject.get("apiGroup", ""), [_RBAC]))
        else:
            causes.append(unsupported_value(f"{field}.kind", kind, ["ServiceAccount", "User", "Group"]))
    return causes


def check_endpoint_slice(obj: Object) -> list[Cause]:
    causes = []
    if not obj.get("addressType"):
        causes.append(required("addressType"))
    elif obj["addressType"] not in _ADDRESS_TYPES:
        causes.append(unsupported_value("addressType", obj["addressType"], _ADDRESS_TYPES))
    seen = set()
    for index, port in enumerate(obj.get("ports") or ()):
        name = port.get("name", "")
        if name in seen:
            causes.append(duplicate_value(f"ports[{index}].name", name))
        seen.add(name)
        if port.get("protocol", "TCP") not in PROTOCOLS:
            causes.append(unsupported_value(f"ports[{index}].protocol", port["protocol"], PROTOCOLS))
    for index, endpoint in enumerate(obj.get("endpoints") or ()):
        if not endpoint.get("addresses"):
            causes.append(required(f"endpoints[{index}].addresses", "must contain at least 1 address"))
        if endpoint.get("nodeName"):
            causes += refuse(f"endpoints[{index}].nodeName", endpoint["nodeName"], names.subdomain)
        for at, address in enumerate(endpoint.get("addresses") or ()):
            causes += refuse(f"endpoints[{index}].addresses[{at}]", address, names.address)
    return causes
