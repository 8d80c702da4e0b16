"""Containers: image, ports, environment, mounts, resources, probes and hooks."""

from typing import Any

from sandbox.kubeapi import quantities
from sandbox.kubeapi.errors import (
    Cause,
    duplicate_value,
    forbidden_field,
    invalid_value,
    required,
    unsupported_value,
)
from sandbox.kubeapi.rules import names
from sandbox.kubeapi.rules.environment import check_environment, check_environment_sources
from sandbox.kubeapi.rules.names import refuse
from sandbox.kubeapi.rules.volumes import check_mounts

Container = dict[str, Any]
PROTOCOLS = ("SCTP", "TCP", "UDP")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_RESOURCES = ("cpu", "memory", "ephemeral-storage")
_STANDARD_RESOURCES = (*_RESOURCES, "storage")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_LARGEST_ID = 2**31 - 1


def check_containers(spec: dict[str, Any], volumes: set[str], field: str) -> list[Cause]:
    containers = spec.get("containers") or []
    if not containers:
        return [required(f"{field}.containers")]
    causes = []
    seen: set[str] = set()
    for index, container in enumerate(containers):
        here = f"{field}.containers[{index}]"
        causes += _check_container(container, here, volumes)
        causes += _unique(container.get("name", ""), seen, here)
        causes += _check_running(container, here, spec.get("terminationGracePeriodSeconds"))
    causes += _host_port_conflicts(containers, f"{field}.containers")
    seen = {container.get("name", "") for container in containers}
    for index, container in enumerate(spec.get("initContainers") or ()):
        here = f"{field}.initContainers[{index}]"
        causes += _check_container(container, here, volumes)
        causes += _unique(container.get("name", ""), seen, here)
        if container.get("restartPolicy") == "Always":
            causes += _check_running(container, here, spec.get("terminationGracePeriodSeconds"))
        else:
            why = "may not be set for init containers without restartPolicy=Always"
            given = [name for name in ("lifecycle", *_PROBES) if name in container]
            causes += [forbidden_field(f"{here}.{name}", why) for name in given]
    return causes


def _unique(name: str, seen: set[str], field: str) -> list[Cause]:
    if name in seen:
        return [duplicate_value(f"{field}.name", name)]
    seen.add(name)
    return []


def _check_container(container: Container, field: str, volumes: set[str]) -> list[Cause]:
    name = container.get("name", "")
    causes = refuse(f"{field}.name", name, names.label) if name else [required(f"{field}.name")]
    if not container.get("image"):
        causes.append(required(f"{field}.image"))
    policy = container.get("terminationMessagePolicy", "File")
    if policy not in _MESSAGE_POLICIES:
        causes.append(unsupported_value(f"{field}.terminationMessagePolicy", policy, _MESSAGE_POLICIES))
    causes += _check_ports(container.get("ports") or (), f"{field}.ports")
    causes += check_environment(container.get("env") or (), f"{field}.env")
    causes += check_environment_sources(container.get("envFrom") or (), f"{field}.envFrom")
    causes += check_mounts(container.get("volumeMounts") or (), volumes, f"{field}.volumeMounts")
    policy = container.get("imagePullPolicy", "Always")
    if policy not in _PULL_POLICIES:
        causes.append(unsupported_value(f"{field}.imagePullPolicy", policy, _PULL_POLICIES))
    causes += _check_resources(container.get("resources") or {}, f"{field}.resources")
    return causes + _check_security(container.get("securityContext") or {}, f"{field}.securityContext")


def check_images(spec: dict[str, Any], field: str) -> list[Cause]:
    """Only of pods themselves: the template of a workload may have what no pod of it may."""
    why = "must not have leading or trailing whitespace"
    return [
        invalid_value(f"{field}.{group}[{index}].image", container["image"], why)
        for group in ("containers", "initContainers")
        for index, container in enumerate(spec.get(group) or ())
        if container.get("image") and container["image"] != container["image"].strip()
    ]


def _check_ports(ports: Any, field: str) -> list[Cause]:
    causes = []
    seen = set()
    for index, port in enumerate(ports):
        here, name = f"{field}[{index}]", port.get("name", "")
        wrong = refuse(f"{here}.name", name, names.port_name) if name else []
        if name and not wrong:
            wrong += [duplicate_value(f"{here}.name", name)] if name in seen else []
            seen.add(name)
        causes += wrong
        number = port.get("containerPort")
        causes += (
            refuse(f"{here}.containerPort", number, names.port_number)
            if number
            else [required(f"{here}.containerPort")]
        )
        if port.get("hostPort"):
            causes += refuse(f"{here}.hostPort", port["hostPort"], names.port_number)
        if port.get("protocol", "TCP") not in PROTOCOLS:
            causes.append(unsupported_value(f"{here}.protocol", port["protocol"], PROTOCOLS))
    return causes


def _host_port_conflicts(containers: list[Container], field: str) -> list[Cause]:
    causes = []
    seen = set()
    for index, container in enumerate(containers):
        for at, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            key = f"{port.get('protocol', 'TCP')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if key in seen:
                causes.append(duplicate_value(f"{field}[{index}].ports[{at}].hostPort", key))
            seen.add(key)
    return causes


def check_resource_name(name: str, field: str) -> list[Cause]:
    """What a container may ask for: processor, memory, disk, huge pages or a resource of another domain."""
    causes = refuse(field, name, names.qualified_name)
    if causes or "/" in name or name in _RESOURCES or name.startswith("hugepages-"):
        return causes
    if name not in _STANDARD_RESOURCES:
        causes.append(invalid_value(field, name, "must be a standard resource type or fully qualified"))
    return [*causes, invalid_value(field, name, "must be a standard resource for containers")]


def check_amount(name: str, amount: Any, field: str) -> list[Cause]:
    value = quantities.parse(amount)
    if value < 0:
        return [invalid_value(field, amount, "must be greater than or equal to 0")]
    whole = ("/" in name and not name.startswith("requests.")) or name in _COUNTED
    return [invalid_value(field, amount, "must be an integer")] if whole and value.denominator > 1 else []


_COUNTED = ("pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps",
            "persistentvolumeclaims", "services.nodeports", "services.loadbalancers")  # fmt: skip


def _check_resources(resources: dict[str, Any], field: str) -> list[Cause]:
    causes = []
    limits = resources.get("limits") or {}
    for kind in ("limits", "requests"):
        for name, amount in (resources.get(kind) or {}).items():
            here = f"{field}.{kind}[{name}]"
            causes += check_resource_name(name, here) + check_amount(name, amount, here)
    for name, request in (resources.get("requests") or {}).items():
        if name not in limits:
            continue
        if "/" in name and quantities.parse(request) != quantities.parse(limits[name]):
            why = f"must be equal to {name} limit of {limits[name]}"
            causes.append(invalid_value(f"{field}.requests", request, why))
        elif quantities.parse(request) > quantities.parse(limits[name]):
            why = f"must be less than or equal to {name} limit of {limits[name]}"
            causes.append(invalid_value(f"{field}.requests", request, why))
    return causes


def check_user_ids(context: dict[str, Any], field: str) -> list[Cause]:
    why = f"must be between 0 and {_LARGEST_ID}, inclusive"
    return [
        invalid_value(f"{field}.{name}", context[name], why)
        for name in ("runAsUser", "runAsGroup", "fsGroup")
        if isinstance(context.get(name), int) and not 0 <= context[name] <= _LARGEST_ID
    ]


def _check_security(context: dict[str, Any], field: str) -> list[Cause]:
    causes = check_user_ids(context, field) + check_profile(context, field)
    if context.get("allowPrivilegeEscalation") is False and context.get("privileged"):
        why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        causes.append(invalid_value(field, context, why))
    return causes


def check_profile(context: dict[str, Any], field: str) -> list[Cause]:
    causes = []
    for name in ("seccompProfile", "appArmorProfile"):
        profile = context.get(name)
        allowed = ("Localhost", "RuntimeDefault", "Unconfined")
        if profile is not None and profile.get("type") not in allowed:
            causes.append(unsupported_value(f"{field}.{name}.type", profile.get("type", ""), allowed))
    return causes


def _check_running(container: Container, field: str, grace_s: int | None) -> list[Cause]:
    """Probes and hooks, which only containers have that go on running."""
    causes = []
    for name, hook in (container.get("lifecycle") or {}).items():
        if isinstance(hook, dict):
            causes += _check_handler(hook, f"{field}.lifecycle.{name}", grace_s)
    for name in _PROBES:
        if isinstance(container.get(name), dict):
            causes += _check_probe(name, container[name], f"{field}.{name}")
    return causes


def _check_probe(kind: str, probe: dict[str, Any], field: str) -> list[Cause]:
    causes = _check_handler(probe, field, None)
    for name in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        if probe.get(name, 0) < 0:
            causes.append(invalid_value(f"{field}.{name}", probe[name], "must be greater than or equal to 0"))
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        causes.append(invalid_value(f"{field}.terminationGracePeriodSeconds", grace, "must be greater than 0"))
    if kind == "readinessProbe" and grace is not None:
        why = "must not be set for readinessProbes"
        causes.append(invalid_value(f"{field}.terminationGracePeriodSeconds", grace, why))
    if kind != "readinessProbe" and probe.get("successThreshold", 1) != 1:
        causes.append(invalid_value(f"{field}.successThreshold", probe["successThreshold"], "must be 1"))
    return causes


def _check_handler(handler: dict[str, Any], field: str, grace_s: int | None) -> list[Cause]:
    given = [name for name in _HANDLERS if handler.get(name) is not None]
    if not given:
        return [required(field, "must specify a handler type")]
    first, *more = given
    causes = _check_action(first, handler[first], f"{field}.{first}", grace_s)
    return causes + [forbidden_field(f"{field}.{name}", "may not specify more than 1 handler type") for name in more]


def _check_action(kind: str, action: dict[str, Any], field: str, grace_s: int | None) -> list[Cause]:
    if kind == "exec":
        return [] if action.get("command") else [required(f"{field}.command")]
    if kind == "sleep":
        wrong = grace_s is not None and not 0 <= action.get("seconds", 0) <= grace_s
        why = f"must be non-negative and less than terminationGracePeriodSeconds ({grace_s})"
        return [invalid_value(field, action.get("seconds", 0), why)] if wrong else []
    causes = refuse(f"{field}.port", action.get("port", 0), names.port)
    if kind == "httpGet" and action.get("scheme", "HTTP") not in ("HTTP", "HTTPS"):
        causes.append(unsupported_value(f"{field}.scheme", action["scheme"], ["HTTP", "HTTPS"]))
    return causes
