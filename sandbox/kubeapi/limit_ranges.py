"""LimitRanges: defaults for containers that say nothing, and the refusal of what is too small or too large."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from sandbox.kubeapi import quantities
from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.usage import containers_of, pod_resources

Amounts = dict[str, Any]
_NOTE = "kubernetes.io/limit-ranger"


def fill_defaults(limit_range: Object, pod: Object) -> None:
    """Sets requests and limits that containers leave out, and notes it as an annotation of the pod."""
    defaults: Amounts = {}
    default_requests: Amounts = {}
    for limit in limit_range["spec"].get("limits") or ():
        if limit.get("type") == "Container":
            defaults |= limit.get("default") or {}
            default_requests |= limit.get("defaultRequest") or {}
    notes = []
    for label, container in containers_of(pod["spec"]):
        resources = container.setdefault("resources", {})
        for kind, given in (("requests", default_requests), ("limits", defaults)):
            missing = {name: value for name, value in given.items() if name not in (resources.get(kind) or {})}
            if missing:
                resources.setdefault(kind, {}).update(missing)
                notes.append(f"{', '.join(sorted(missing))} {kind[:-1]} for {label} {container['name']}")
    if notes:
        pod["metadata"].setdefault("annotations", {})[_NOTE] = "LimitRanger plugin set: " + "; ".join(notes)


def refusals(limit_range: Object, kind: str, obj: Object) -> list[str]:
    """What the limits have against a Pod or a PersistentVolumeClaim, in the real server's words."""
    told: list[str] = []
    for limit in limit_range["spec"].get("limits") or ():
        for requests, limits in _measured(limit.get("type", ""), kind, obj):
            told += _against(limit, requests, limits)
    return told


def _measured(limit_type: str, kind: str, obj: Object) -> Iterator[tuple[Amounts, Amounts]]:
    if kind == "Pod" and limit_type == "Container":
        for _, container in containers_of(obj["spec"]):
            resources = container.get("resources") or {}
            yield resources.get("requests") or {}, resources.get("limits") or {}
    elif kind == "Pod" and limit_type == "Pod":
        yield _whole(obj, "requests"), _whole(obj, "limits")
    elif kind == limit_type == "PersistentVolumeClaim":
        yield (obj["spec"].get("resources") or {}).get("requests") or {}, {}


def _whole(pod: Object, kind: str) -> Amounts:
    spelled = {}
    for name, value in pod_resources(pod["spec"], kind).items():
        spelled[name] = quantities.spell(value, "binary" if name in ("memory", "ephemeral-storage") else "decimal")
    return spelled


def _against(limit: Object, requests: Amounts, limits: Amounts) -> list[str]:
    kind = limit["type"]
    told = [_too_small(name, kind, bound, requests, limits) for name, bound in (limit.get("min") or {}).items()]
    told += [_too_large(name, kind, bound, requests, limits) for name, bound in (limit.get("max") or {}).items()]
    ratios = limit.get("maxLimitRequestRatio") or {}
    told += [_too_wide(name, kind, bound, requests, limits) for name, bound in ratios.items()]
    return [sentence for sentence in told if sentence]


def _value(amounts: Amounts, name: str) -> Fraction | None:
    return quantities.parse(amounts[name]) if name in amounts else None


def _too_small(name: str, kind: str, bound: Any, requests: Amounts, limits: Amounts) -> str:
    said = f"minimum {name} usage per {kind} is {bound}"
    least, request, limit = quantities.parse(bound), _value(requests, name), _value(limits, name)
    if request is None:
        return f"{said}.  No request is specified"
    if request < least:
        return f"{said}, but request is {requests[name]}"
    return f"{said}, but limit is {limits[name]}" if limit is not None and limit < least else ""


def _too_large(name: str, kind: str, bound: Any, requests: Amounts, limits: Amounts) -> str:
    said = f"maximum {name} usage per {kind} is {bound}"
    most, request, limit = quantities.parse(bound), _value(requests, name), _value(limits, name)
    if kind == "PersistentVolumeClaim":
        return f"{said}, but request is {requests[name]}" if request is not None and request > most else ""
    if limit is None:
        return f"{said}.  No limit is specified"
    if limit > most:
        return f"{said}, but limit is {limits[name]}"
    return f"{said}, but request is {requests[name]}" if request is not None and request > most else ""


def _too_wide(name: str, kind: str, bound: Any, requests: Amounts, limits: Amounts) -> str:
    said = f"{name} max limit to request ratio per {kind} is {bound}"
    request, limit = _value(requests, name), _value(limits, name)
    if not request:
        return f"{said}, but no request is specified or request is 0"
    if not limit:
        return f"{said}, but no limit is specified or limit is 0"
    ratio = limit / request
    return f"{said}, but provided ratio is {float(ratio):f}" if ratio > quantities.parse(bound) else ""
