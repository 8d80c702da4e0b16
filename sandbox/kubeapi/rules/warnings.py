"""What is taken but warned of: twins that hide one another, names too long for a host name."""

from typing import Any

from sandbox.kubeapi import quantities
from sandbox.kubeapi.entries import Object, at_path
from sandbox.kubeapi.resources import Resource
from sandbox.kubeapi.rules import names
from sandbox.kubeapi.rules.metadata import is_plain

_TEMPLATES = {"Deployment": "spec.template", "ReplicaSet": "spec.template", "StatefulSet": "spec.template",
              "DaemonSet": "spec.template", "Job": "spec.template", "CronJob": "spec.jobTemplate.spec.template",
              "Pod": ""}  # fmt: skip
_WHERE_NAMES_GO = {"Deployment": "in Pod names and hostnames", "ReplicaSet": "in Pod names and hostnames",
                   "Job": "in Pod names and hostnames", "CronJob": "in Pod names and hostnames",
                   "Pod": "in the Pod's hostname"}  # fmt: skip
_GROUPS = ("initContainers", "containers")


def warnings_of(resource: Resource, obj: Object, before: Object | None) -> list[str]:
    if resource.custom:
        held = (before or {"metadata": {}})["metadata"].get("finalizers") or ()
        why = "prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other"
        new = [one for one in obj["metadata"].get("finalizers") or () if one not in held and is_plain(one)]
        return [f'metadata.finalizers: "{one}": {why} finalizer writers' for one in new]
    told = []
    if before is None and resource.kind in _WHERE_NAMES_GO and (wrong := names.label(obj["metadata"]["name"])):
        why = "which can result in surprising behavior; a DNS label is recommended"
        told.append(f"metadata.name: this is used {_WHERE_NAMES_GO[resource.kind]}, {why}: [{' '.join(wrong)}]")
    path = _TEMPLATES.get(resource.kind)
    spec = at_path(obj, f"{path}.spec".removeprefix(".")) if path is not None else None
    if isinstance(spec, dict):
        told += _of_pod(spec, f"{path}.spec".removeprefix("."))
    return told + _of_certificate(obj)


def _of_pod(spec: dict[str, Any], field: str) -> list[str]:
    told = [
        f'{field}.imagePullSecrets[{index}].name: invalid empty name ""'
        for index, secret in enumerate(spec.get("imagePullSecrets") or ())
        if not secret.get("name")
    ]
    containers = [(f"{field}.{group}[{index}]", container) for group in _GROUPS
                  for index, container in enumerate(spec.get(group) or ())]  # fmt: skip
    for here, container in containers:
        told += _fractions(container.get("resources") or {}, f"{here}.resources")
        told += _hidden_variables(container.get("env") or (), f"{here}.env")
    told += _ports_twice(containers)
    return told


def _fractions(resources: dict[str, Any], field: str) -> list[str]:
    return [
        f'{field}.{kind}[{name}]: fractional byte value "{amounts[name]}" is invalid, must be an integer'
        for name in ("memory", "ephemeral-storage")
        for kind in ("limits", "requests")
        if name in (amounts := resources.get(kind) or {}) and quantities.parse(amounts[name]).denominator > 1
    ]


def _hidden_variables(variables: Any, field: str) -> list[str]:
    told = []
    seen = set()
    for index, variable in enumerate(variables):
        name, value = variable.get("name", ""), variable.get("value", "")
        own = f"$({name})"
        builds_on_it = not variable.get("valueFrom") and own in value and value != own
        if name in seen and not builds_on_it:
            told.append(
                f'{field}[{index}]: hides previous definition of "{name}", which may be dropped when using apply'
            )
        seen.add(name)
    return told


def _ports_twice(containers: list[tuple[str, dict[str, Any]]]) -> list[str]:
    numbers: list[str] = []
    named: list[str] = []
    seen: dict[Any, str] = {}
    for here, container in containers:
        for index, port in enumerate(container.get("ports") or ()):
            field, name = f"{here}.ports[{index}]", port.get("name")
            key = (port.get("containerPort"), port.get("protocol", "TCP"), port.get("hostPort"), port.get("hostIP"))
            if key in seen:
                numbers.append(f"{field}: duplicate port definition with {seen[key]}")
            if name and name in seen:
                other = seen[name]
                told = f'duplicate port name "{name}" with {other}, services and probes that select ports by name will'
                named.append(f"{field}: {told} use {other}")
            seen.setdefault(key, field)
            if name:
                seen.setdefault(name, field)
    return numbers + named


def _of_certificate(obj: Object) -> list[str]:
    data = obj.get("data") or {}
    if obj.get("kind") != "Secret" or obj.get("type") != "kubernetes.io/tls" or data.get("tls.crt"):
        return []
    return ["tls: failed to find any PEM data in certificate input"]
