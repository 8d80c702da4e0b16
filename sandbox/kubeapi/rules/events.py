"""Events, whose rules depend on the group through which they come."""

from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.errors import Cause, invalid_value, required
from sandbox.kubeapi.rules import names
from sandbox.kubeapi.rules.names import refuse

_LONGEST = {"reportingInstance": 128, "action": 128, "reason": 128, "message": 1024}
_OLD_FIELDS = ("firstTimestamp", "lastTimestamp", "count", "source")
_LASTING = ("involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "type",
            "eventTime", "action", "related", "reportingComponent", "reportingInstance")  # fmt: skip
_SHARED_NAMESPACES = ("default", "kube-system")


def check_event(obj: Object, before: Object | None, *, strict: bool) -> list[Cause]:
    """Both in the form of the core group; `strict` for one that comes through events.k8s.io."""
    about = (obj.get("involvedObject") or {}).get("namespace", "")
    namespace = obj["metadata"]["namespace"]
    wrong = invalid_value("involvedObject.namespace", about, "does not match event.namespace")
    if not obj.get("eventTime"):
        agrees = about == namespace or (not about and namespace == "default")
        causes = [] if agrees else [wrong]
    else:
        causes = [wrong] if not about and namespace not in _SHARED_NAMESPACES else []
        causes += _check_new_form(obj, "reportingController" if strict else "reportingComponent")
    if strict:
        causes += _check_strictly(obj) if before is None else _check_change(obj, before)
    return causes


def _check_new_form(obj: Object, controller_field: str) -> list[Cause]:
    controller = obj.get("reportingComponent", "")
    causes = [] if controller else [required(controller_field)]
    causes += refuse(controller_field, controller, names.qualified_name)
    for name, longest in _LONGEST.items():
        text = obj.get(name, "")
        if not text and name != "message":
            causes.append(required(name))
        if len(text) > longest:
            causes.append(invalid_value(name, "", f"can have at most {longest} characters"))
    return causes


def _check_strictly(obj: Object) -> list[Cause]:
    causes = _check_series(obj)
    if not obj.get("eventTime"):
        causes.append(required("eventTime"))
    if obj.get("type") not in ("Normal", "Warning"):
        causes.append(invalid_value("type", "", f"has invalid value: {obj.get('type', '')}"))
    return causes + [invalid_value(name, "", "needs to be unset") for name in _OLD_FIELDS if obj.get(name)]


def _check_series(obj: Object) -> list[Cause]:
    series = obj.get("series")
    if not series:
        return []
    causes = [invalid_value("series.count", "", "should be at least 2")] if series.get("count", 0) < 2 else []
    return causes + ([] if series.get("lastObservedTime") else [required("series.lastObservedTime")])


def _check_change(obj: Object, before: Object) -> list[Cause]:
    causes = _check_series(obj) if obj.get("series") != before.get("series") else []
    for name in _LASTING:
        if obj.get(name) != before.get(name):
            field = "reportingController" if name == "reportingComponent" else name
            causes.append(invalid_value(field, obj.get(name), "field is immutable"))
    return causes
