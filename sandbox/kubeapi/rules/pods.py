"""Specifications of pods, in pods and in the templates of workloads."""

from typing import Any

from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.errors import Cause, invalid_value, required, unsupported_value
from sandbox.kubeapi.rules import names
from sandbox.kubeapi.rules.containers import check_containers, check_images, check_profile, check_user_ids
from sandbox.kubeapi.rules.metadata import check_annotations, check_labels, check_selector
from sandbox.kubeapi.rules.names import refuse
from sandbox.kubeapi.rules.volumes import check_volumes

Spec = dict[str, Any]
_RESTARTS = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_ANSWERS = ("DoNotSchedule", "ScheduleAnyway")
_LONGEST_DEADLINE_S = 2**31 - 1


def check_pod(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    return check_pod_spec(spec, "spec") + check_images(spec, "spec")


def check_template(template: Spec, field: str) -> list[Cause]:
    metadata = template.get("metadata") or {}
    causes = check_labels(metadata.get("labels"), f"{field}.labels")
    causes += check_annotations(metadata.get("annotations"), f"{field}.annotations")
    return causes + check_pod_spec(template.get("spec") or {}, f"{field}.spec")


def check_pod_spec(spec: Spec, field: str) -> list[Cause]:
    volumes, causes = check_volumes(spec.get("volumes") or (), f"{field}.volumes")
    causes += check_containers(spec, volumes, field)
    restart = spec.get("restartPolicy", "Always")
    if restart not in _RESTARTS:
        causes.append(unsupported_value(f"{field}.restartPolicy", restart, _RESTARTS))
    if spec.get("dnsPolicy", "ClusterFirst") not in _DNS_POLICIES:
        causes.append(unsupported_value(f"{field}.dnsPolicy", spec["dnsPolicy"], _DNS_POLICIES))
    causes += check_labels(spec.get("nodeSelector"), f"{field}.nodeSelector")
    context = spec.get("securityContext") or {}
    causes += check_user_ids(context, f"{field}.securityContext") + check_profile(context, f"{field}.securityContext")
    causes += _check_spreads(spec.get("topologySpreadConstraints") or (), f"{field}.topologySpreadConstraints")
    causes += _check_names(spec, field) + _check_resolving(spec, field)
    return causes + _check_tolerations(spec.get("tolerations") or (), f"{field}.tolerations")


def _check_names(spec: Spec, field: str) -> list[Cause]:
    causes = []
    for name in ("serviceAccountName", "nodeName"):
        if spec.get(name):
            causes += refuse(f"{field}.{name}", spec[name], names.subdomain)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _LONGEST_DEADLINE_S:
        why = f"must be between 1 and {_LONGEST_DEADLINE_S}, inclusive"
        causes.append(invalid_value(f"{field}.activeDeadlineSeconds", deadline, why))
    for name in ("hostname", "subdomain"):
        if spec.get(name):
            causes += refuse(f"{field}.{name}", spec[name], names.label)
    return causes


def _check_resolving(spec: Spec, field: str) -> list[Cause]:
    """Hosts and name servers of the pod's own."""
    causes = []
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        here = f"{field}.hostAliases[{index}]"
        causes += refuse(f"{here}.ip", alias.get("ip", ""), names.address)
        for at, host in enumerate(alias.get("hostnames") or ()):
            causes += refuse(f"{here}.hostnames[{at}]", host, names.subdomain)
    config = spec.get("dnsConfig") or {}
    for index, server in enumerate(config.get("nameservers") or ()):
        causes += refuse(f"{field}.dnsConfig.nameservers[{index}]", server, names.address)
    return causes


def _check_spreads(spreads: Any, field: str) -> list[Cause]:
    causes = []
    for index, spread in enumerate(spreads):
        here = f"{field}[{index}]"
        if spread.get("maxSkew", 0) <= 0:
            causes.append(invalid_value(f"{here}.maxSkew", spread.get("maxSkew", 0), "must be greater than zero"))
        if not spread.get("topologyKey"):
            causes.append(required(f"{here}.topologyKey", "can not be empty"))
        answer = spread.get("whenUnsatisfiable", "")
        if answer not in _ANSWERS:
            causes.append(unsupported_value(f"{here}.whenUnsatisfiable", answer, _ANSWERS))
        causes += check_selector(spread.get("labelSelector"), f"{here}.labelSelector")
    return causes


def _check_tolerations(tolerations: Any, field: str) -> list[Cause]:
    causes = []
    for index, one in enumerate(tolerations):
        here, operator = f"{field}[{index}]", one.get("operator", "")
        value, effect = one.get("value", ""), one.get("effect", "")
        if one.get("key"):
            causes += refuse(f"{here}.key", one["key"], names.qualified_name)
        elif operator != "Exists":
            why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            causes.append(invalid_value(f"{here}.operator", operator, why))
        if one.get("tolerationSeconds") is not None and effect != "NoExecute":
            why = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            causes.append(invalid_value(f"{here}.effect", effect, why))
        if operator in ("Equal", ""):
            causes += refuse(f"{here}.operator", value, names.label_value)
        elif operator != "Exists":
            causes.append(unsupported_value(f"{here}.operator", operator, ["Equal", "Exists"]))
        elif value:
            why = "value must be empty when `operator` is 'Exists'"
            causes.append(invalid_value(f"{here}.operator", value, why))
        if effect and effect not in _EFFECTS:
            causes.append(unsupported_value(f"{here}.effect", effect, _EFFECTS))
    return causes
