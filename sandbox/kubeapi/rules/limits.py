"""Autoscalers, disruption budgets, LimitRanges and quotas."""

from typing import Any

from sandbox.kubeapi import quantities
from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.errors import (
    Cause,
    duplicate_value,
    forbidden_field,
    invalid_value,
    required,
    unsupported_value,
)
from sandbox.kubeapi.rules import names
from sandbox.kubeapi.rules.containers import check_amount, check_resource_name
from sandbox.kubeapi.rules.metadata import check_selector
from sandbox.kubeapi.rules.names import refuse
from sandbox.kubeapi.rules.numbers import check_at_most_all, check_count_or_share

Spec = dict[str, Any]
_METRICS = {"ContainerResource": "containerResource", "External": "external", "Object": "object", "Pods": "pods",
            "Resource": "resource"}  # fmt: skip
_LONGEST_WINDOW_S = 3600
_LONGEST_PERIOD_S = 1800
_LIMIT_TYPES = ("Pod", "Container", "PersistentVolumeClaim")
_COMPUTE = ("cpu", "memory", "ephemeral-storage", "storage")
_QUOTA_NAMES = {
    "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage",
    "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods", "resourcequotas",
    "services", "replicationcontrollers", "secrets", "persistentvolumeclaims", "configmaps", "services.nodeports",
    "services.loadbalancers",
}  # fmt: skip
_STANDARD_NAMES = _QUOTA_NAMES | {"storage"}
_POD_NAMES = {"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory", "pods"}
_SCOPES = {"Terminating": _POD_NAMES, "NotTerminating": _POD_NAMES, "NotBestEffort": _POD_NAMES,
           "BestEffort": {"pods"}, "PriorityClass": _POD_NAMES, "CrossNamespacePodAffinity": _POD_NAMES,
           "VolumeAttributesClass": {"persistentvolumeclaims", "requests.storage"}}  # fmt: skip
_EXCLUSIVE_SCOPES = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})


def check_autoscaler(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    causes = []
    if least < 1:
        causes.append(invalid_value("spec.minReplicas", least, "must be greater than or equal to 1"))
    if most == 0:
        causes.append(required("spec.maxReplicas", "must be set and greater than 0"))
    elif most < 0:
        causes.append(invalid_value("spec.maxReplicas", most, "must be greater than or equal to 1"))
    if most < least:
        causes.append(invalid_value("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"))
    target = spec.get("scaleTargetRef") or {}
    causes += [required(f"spec.scaleTargetRef.{name}") for name in ("kind", "name") if not target.get(name)]
    version = target.get("apiVersion", "")
    if "/" not in version and target.get("kind") != "ReplicationController":
        causes.append(invalid_value("spec.scaleTargetRef.apiVersion", version, "apiVersion must specify API group"))
    for index, metric in enumerate(spec.get("metrics") or ()):
        causes += _check_metric(metric, f"spec.metrics[{index}]")
    if least == 0 and not any(metric.get("type") in ("Object", "External") for metric in spec.get("metrics") or ()):
        why = "must specify at least one Object or External metric to support scaling to zero replicas"
        causes.append(forbidden_field("spec.metrics", why))
    for name, rules in (spec.get("behavior") or {}).items():
        causes += _check_scaling(rules or {}, f"spec.behavior.{name}")
    return causes


def _check_scaling(rules: Spec, field: str) -> list[Cause]:
    window, here = rules.get("stabilizationWindowSeconds", 0), f"{field}.stabilizationWindowSeconds"
    causes = []
    if window < 0:
        causes.append(invalid_value(here, window, "must be greater than or equal to zero"))
    elif window > _LONGEST_WINDOW_S:
        causes.append(invalid_value(here, window, f"must be less than or equal to {_LONGEST_WINDOW_S}"))
    chosen = rules.get("selectPolicy", "Max")
    if chosen not in ("Disabled", "Max", "Min"):
        causes.append(unsupported_value(f"{field}.selectPolicy", chosen, ["Disabled", "Max", "Min"]))
    if "policies" in rules and not rules["policies"]:
        causes.append(required(f"{field}.policies", "must specify at least one Policy"))
    for index, policy in enumerate(rules.get("policies") or ()):
        here, kind = f"{field}.policies[{index}]", policy.get("type", "")
        if kind not in ("Percent", "Pods"):
            causes.append(unsupported_value(f"{here}.type", kind, ["Percent", "Pods"]))
        for name in ("value", "periodSeconds"):
            if policy.get(name, 0) <= 0:
                causes.append(invalid_value(f"{here}.{name}", policy.get(name, 0), "must be greater than zero"))
        if policy.get("periodSeconds", 0) > _LONGEST_PERIOD_S:
            why = f"must be less than or equal to {_LONGEST_PERIOD_S}"
            causes.append(invalid_value(f"{here}.periodSeconds", policy["periodSeconds"], why))
    return causes


def _check_metric(metric: Spec, field: str) -> list[Cause]:
    kind = metric.get("type", "")
    if kind not in _METRICS:
        return [unsupported_value(f"{field}.type", kind, list(_METRICS))]
    source = metric.get(_METRICS[kind])
    if source is None:
        return [required(f"{field}.{_METRICS[kind]}", "must populate information for the given metric source")]
    if kind != "Resource":
        return []
    here, target = f"{field}.resource.target", source.get("target") or {}
    causes = []
    if not source.get("name"):
        causes.append(required(f"{field}.resource.name", "must specify a resource name"))
    if not target.get("type"):
        causes.append(required(f"{here}.type", "must specify a metric target type"))
    if target.get("type") not in ("Utilization", "Value", "AverageValue"):
        why = "must be either Utilization, Value, or AverageValue"
        causes.append(invalid_value(f"{here}.type", target.get("type", ""), why))
    share = target.get("averageUtilization")
    if share is not None and share < 1:
        causes.append(invalid_value(f"{here}.averageUtilization", share, "must be greater than 0"))
    if share is None and target.get("averageValue") is None:
        why = "must set either a target raw value or a target utilization"
        causes.append(required(f"{here}.averageUtilization", why))
    return causes


def check_budget(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = []
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        causes.append(invalid_value("spec", spec, "minAvailable and maxUnavailable cannot be both set"))
    for name in ("minAvailable", "maxUnavailable"):
        if spec.get(name) is not None:
            causes += check_count_or_share(spec[name], f"spec.{name}")
            causes += check_at_most_all(spec[name], f"spec.{name}")
    return causes + check_selector(spec.get("selector"), "spec.selector")


def check_limit_range(obj: Object) -> list[Cause]:
    causes = []
    seen = set()
    for index, limit in enumerate((obj.get("spec") or {}).get("limits") or ()):
        field, kind = f"spec.limits[{index}]", limit.get("type", "")
        if kind not in _LIMIT_TYPES and "/" not in kind:
            why = "must be a standard limit type or fully qualified"
            causes.append(invalid_value(f"{field}.type", kind, why))
        if kind in seen:
            causes.append(duplicate_value(f"{field}.type", kind))
        seen.add(kind)
        causes += _check_limit(limit, kind, field)
    return causes


def _check_limit(limit: Spec, kind: str, field: str) -> list[Cause]:
    causes = []
    for bound in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"):
        if kind == "Pod" and bound.startswith("default"):
            if limit.get(bound):
                causes.append(forbidden_field(f"{field}.{bound}", "may not be specified when `type` is 'Pod'"))
            continue
        for name in limit.get(bound) or ():
            here = f"{field}.{bound}[{name}]"
            causes += check_resource_name(name, here) if kind in ("Pod", "Container") else _standard(name, here)
    bounded = any("storage" in (limit.get(bound) or {}) for bound in ("min", "max"))
    if kind == "PersistentVolumeClaim" and not bounded:
        why = "either minimum or maximum storage value is required, but neither was provided"
        causes.append(required(f"{field}.limits", why))
    every = [name for bound in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
             for name in limit.get(bound) or ()]  # fmt: skip
    for name in dict.fromkeys(every):
        causes += _check_bounds(limit, name, field)
    return causes


def _standard(name: str, field: str) -> list[Cause]:
    causes = refuse(field, name, names.qualified_name)
    if not causes and "/" not in name and name not in _STANDARD_NAMES:
        causes.append(invalid_value(field, name, "must be a standard resource type or fully qualified"))
    return causes


# Which bound must not be above which, the member that is blamed, the value that is shown, and the words.
_ORDERS = (
    ("min", "max", "min", "min", "min value {} is greater than max value {}"),
    ("min", "defaultRequest", "defaultRequest", "defaultRequest",
     "min value {} is greater than default request value {}"),
    ("defaultRequest", "max", "defaultRequest", "defaultRequest",
     "default request value {} is greater than max value {}"),
    ("defaultRequest", "default", "defaultRequest", "defaultRequest",
     "default request value {} is greater than default limit value {}"),
    ("min", "default", "default", "min", "min value {} is greater than default value {}"),
    ("default", "max", "default", "max", "default value {} is greater than max value {}"),
)  # fmt: skip


def _check_bounds(limit: Spec, name: str, field: str) -> list[Cause]:
    causes = []
    amounts = {bound: limit[bound][name] for bound in ("min", "max", "default", "defaultRequest")
               if name in (limit.get(bound) or {})}  # fmt: skip
    for low, high, blamed, shown, words in _ORDERS:
        if low in amounts and high in amounts and quantities.parse(amounts[low]) > quantities.parse(amounts[high]):
            why = words.format(amounts[low], amounts[high])
            causes.append(invalid_value(f"{field}.{blamed}[{name}]", amounts[shown], why))
    ratio = (limit.get("maxLimitRequestRatio") or {}).get(name)
    if ratio is None:
        return causes
    here = f"{field}.maxLimitRequestRatio[{name}]"
    if quantities.parse(ratio) < 1:
        causes.append(invalid_value(here, ratio, f"ratio {ratio} is less than 1"))
    if "min" in amounts and "max" in amounts and quantities.parse(amounts["min"]):
        most = quantities.parse(amounts["max"]) / quantities.parse(amounts["min"])
        if quantities.parse(ratio) > most:
            causes.append(invalid_value(here, ratio, f"ratio {ratio} is greater than max/min = {float(most):f}"))
    return causes


def check_quota(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = []
    hard = spec.get("hard") or {}
    for name, amount in hard.items():
        field = f"spec.hard[{name}]"
        causes += _check_quota_name(name, field) + check_amount(name, amount, field)
    scopes, field = spec.get("scopes") or [], "spec.scopes"
    for scope in scopes:
        if scope not in _SCOPES:
            causes.append(invalid_value(field, scopes, "unsupported scope"))
        for name in sorted(hard):
            if name in _QUOTA_NAMES and name not in _SCOPES.get(scope, _QUOTA_NAMES):
                causes.append(invalid_value(field, scopes, "unsupported scope applied to resource"))
    causes += [invalid_value(field, scopes, "conflicting scopes") for pair in _EXCLUSIVE_SCOPES if pair <= set(scopes)]
    return causes


def _check_quota_name(name: str, field: str) -> list[Cause]:
    causes = refuse(field, name, names.qualified_name)
    if causes or "/" in name or name in _QUOTA_NAMES or name.startswith(("hugepages-", "requests.hugepages-")):
        return causes
    if name not in _STANDARD_NAMES:
        causes.append(invalid_value(field, name, "must be a standard resource type or fully qualified"))
    return [*causes, invalid_value(field, name, "must be a standard resource for quota")]
