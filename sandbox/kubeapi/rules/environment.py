"""Environment variables of containers and where their values come from."""

from typing import Any

from sandbox.kubeapi.errors import Cause, invalid_value, required, unsupported_value
from sandbox.kubeapi.rules import names
from sandbox.kubeapi.rules.names import refuse

_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
           "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs")  # fmt: skip
_SUBSCRIPTED = ("metadata.annotations[", "metadata.labels[")


def check_environment(variables: Any, field: str) -> list[Cause]:
    causes = []
    for index, variable in enumerate(variables):
        here, name = f"{field}[{index}]", variable.get("name", "")
        causes += refuse(f"{here}.name", name, names.environment_name) if name else [required(f"{here}.name")]
        if variable.get("valueFrom") is not None:
            causes += _check_source(variable, f"{here}.valueFrom")
    return causes


def _check_source(variable: dict[str, Any], field: str) -> list[Cause]:
    source = variable["valueFrom"]
    given = [name for name in _SOURCES if source.get(name) is not None]
    causes = []
    if "fieldRef" in given:
        causes += _check_field(source["fieldRef"].get("fieldPath", ""), f"{field}.fieldRef")
    for name in ("configMapKeyRef", "secretKeyRef"):
        if name in given:
            causes += _check_key(source[name], f"{field}.{name}")
    if not given:
        told = f"{', '.join(f'`{name}`' for name in _SOURCES[:-1])} or `{_SOURCES[-1]}`"
        causes.append(invalid_value(field, "", f"must specify one of: {told}"))
    elif variable.get("value"):
        causes.append(invalid_value(field, "", "may not be specified when `value` is not empty"))
    elif len(given) > 1:
        causes.append(invalid_value(field, "", "may not have more than one field specified at a time"))
    return causes


def _check_field(path: str, field: str) -> list[Cause]:
    if not path:
        return [required(f"{field}.fieldPath")]
    if path.startswith(_SUBSCRIPTED) and path.endswith("]"):
        return []
    if path in _FIELDS:
        return []
    if path.startswith(("metadata.", "spec.", "status.")) and path in ("spec.restartPolicy", "status.phase"):
        return [unsupported_value(f"{field}.fieldPath", path, _FIELDS)]
    why = f"error converting fieldPath: field label not supported: {path}"
    return [invalid_value(f"{field}.fieldPath", path, why)]


def _check_key(reference: dict[str, Any], field: str) -> list[Cause]:
    causes = refuse(f"{field}.name", reference.get("name", ""), names.subdomain)
    key = reference.get("key", "")
    return causes + (refuse(f"{field}.key", key, names.config_key) if key else [required(f"{field}.key")])


def check_environment_sources(sources: Any, field: str) -> list[Cause]:
    causes = []
    for index, source in enumerate(sources):
        here = f"{field}[{index}]"
        if source.get("prefix"):
            causes += refuse(f"{here}.prefix", source["prefix"], names.environment_name)
        given = [name for name in ("configMapRef", "secretRef") if source.get(name) is not None]
        for kind in given:
            name = source[kind].get("name", "")
            causes += (
                refuse(f"{here}.{kind}.name", name, names.subdomain) if name else [required(f"{here}.{kind}.name")]
            )
        # The real server leaves out the index here.
        if not given:
            causes.append(invalid_value(field, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(given) > 1:
            causes.append(invalid_value(field, "", "may not have more than one field specified at a time"))
    return causes
