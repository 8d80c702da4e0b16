"""Options of requests: what may be asked for, and which of them exclude one another."""

from typing import Any

from sandbox.kubeapi.bodies import is_time
from sandbox.kubeapi.calls import Call
from sandbox.kubeapi.errors import (
    Cause,
    bad_request,
    forbidden_field,
    invalid_options,
    invalid_value,
    plain_failure,
    too_new,
    unsupported_value,
)

_MATCH = "resourceVersionMatch"
_NOT_OLDER = "NotOlderThan"
_LONGEST_MANAGER = 128
_VALIDATIONS = ("", "Ignore", "Strict", "Warn")
_PROPAGATIONS = ("Foreground", "Background", "Orphan")


def check_list(call: Call, current: int) -> None:
    """Raises ApiError 400, 422, or 504 for a version that is not reached yet."""
    query = call.query
    causes = _check_match(query)
    if "sendInitialEvents" in query:
        causes.append(forbidden_field("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    if causes:
        raise invalid_options("ListOptions.meta.k8s.io", causes)
    version = query.get("resourceVersion", "")
    if query.get("continue") and version not in ("", "0"):
        raise bad_request("specifying resource version is not allowed when using continue")
    if version and not version.isdecimal():
        told = f'strconv.ParseUint: parsing "{version}": invalid syntax'
        wrong = invalid_value("resourceVersion", version, told)
        raise bad_request(f"invalid resource version: {wrong.sentence()}")
    check_version(version, current)


def check_version(version: str, current: int) -> None:
    if version.isdecimal() and int(version) > current:
        raise too_new(version, current)


def _check_match(query: Any) -> list[Cause]:
    match, version = query.get(_MATCH, ""), query.get("resourceVersion", "")
    if not match:
        return []
    causes = []
    if not version:
        causes.append(forbidden_field(_MATCH, f"{_MATCH} is forbidden unless resourceVersion is provided"))
    if query.get("continue"):
        causes.append(forbidden_field(_MATCH, f"{_MATCH} is forbidden when continue is provided"))
    if match not in ("Exact", _NOT_OLDER):
        causes.append(unsupported_value(_MATCH, match, ["Exact", _NOT_OLDER, ""]))
    elif match == "Exact" and version == "0":
        causes.append(forbidden_field(_MATCH, f'{_MATCH} "exact" is forbidden for resourceVersion "0"'))
    return causes


def check_watch(call: Call) -> None:
    """Raises ApiError 422, or a plain 500 for a version that is no number."""
    query = call.query
    match, version = query.get(_MATCH, ""), query.get("resourceVersion", "")
    causes = []
    if "sendInitialEvents" in query:
        if match != _NOT_OLDER:
            why = f"sendInitialEvents requires setting {_MATCH} to {_NOT_OLDER}"
            causes.append(forbidden_field(_MATCH, why))
        if match and match != _NOT_OLDER:
            causes.append(unsupported_value(_MATCH, match, [_NOT_OLDER]))
    elif match:
        why = f"{_MATCH} is forbidden for watch unless sendInitialEvents is provided"
        causes.append(forbidden_field(_MATCH, why))
    if causes:
        raise invalid_options("ListOptions.meta.k8s.io", causes)
    if version and not version.isdecimal():
        told = f'strconv.ParseUint: parsing "{version}": invalid syntax'
        raise plain_failure(invalid_value("resourceVersion", version, told).sentence())


def check_write(call: Call, kind: str) -> None:
    """`kind` is CreateOptions, UpdateOptions or PatchOptions. Raises ApiError 422."""
    query = call.query
    causes = []
    dry_run = query.get("dryRun", "All")
    if dry_run not in ("All", ""):
        causes.append(unsupported_value("dryRun", [dry_run], ["All"]))
    manager = query.get("fieldManager", "")
    if len(manager.encode()) > _LONGEST_MANAGER:
        told = f"Too long: may not be more than {_LONGEST_MANAGER} bytes"
        causes.append(Cause("fieldManager", "FieldValueTooLong", told))
    validation = query.get("fieldValidation", "")
    if validation not in _VALIDATIONS:
        causes.append(unsupported_value("fieldValidation", validation, _VALIDATIONS))
    if causes:
        raise invalid_options(f"{kind}.meta.k8s.io", causes)


def check_delete(options: dict[str, Any]) -> None:
    policy = options.get("propagationPolicy")
    causes = []
    if policy and options.get("orphanDependents") is not None:
        why = "orphanDependents and deletionPropagation cannot be both set"
        causes.append(invalid_value("propagationPolicy", policy, why))
    elif policy and policy not in _PROPAGATIONS:
        causes.append(unsupported_value("propagationPolicy", policy, [*_PROPAGATIONS, "nil"]))
    if causes:
        raise invalid_options("DeleteOptions.meta.k8s.io", causes)


def check_log(call: Call) -> None:
    """Raises ApiError 400 for what is no number or time, 422 for what makes no sense."""
    query = call.query
    lines, size, seconds = (call.optional_number(name) for name in ("tailLines", "limitBytes", "sinceSeconds"))
    since = query.get("sinceTime", "")
    if since and not is_time(since):
        told = f'parsing time "{since}" as "2006-01-02T15:04:05Z07:00": cannot parse "{since}" as "2006"'
        raise bad_request(told)
    causes = []
    if lines is not None and lines < 0:
        causes.append(invalid_value("tailLines", lines, "must be greater than or equal to 0"))
    if size is not None and size < 1:
        causes.append(invalid_value("limitBytes", size, "must be greater than 0"))
    if seconds is not None and since:
        causes.append(forbidden_field("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    elif seconds is not None and seconds < 1:
        causes.append(invalid_value("sinceSeconds", seconds, "must be greater than 0"))
    if "stream" in query:
        causes.append(forbidden_field("stream", "may not be specified"))
    if causes:
        raise invalid_options("PodLogOptions", causes, call.name)
