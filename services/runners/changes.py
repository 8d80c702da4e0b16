"""What the operations change in a service's values file. Pure: parameters and values in, edits out."""

import math
from collections.abc import Mapping
from functools import singledispatch
from typing import Any

from core.names import is_host
from core.text import counted
from integrations.gitops import Edit, Remove, Set, editable_values, mapping, print_value
from services.errors import refused
from services.queries.configuration import STARTUP_PERIOD_S, startup_time_s
from services.queries.service_hosts import platform_host
from services.runners.certificates import certificate_warnings, hosts_that_follow, place_of_host
from services.runners.parameters import (
    DEFAULT_HOST,
    NO_HOST,
    DeployServiceParameters,
    RollbackServiceParameters,
    ScaleServiceParameters,
    ServiceParameters,
    SizedParameters,
)

Path = tuple[str | int, ...]
ABSENT = object()
PROBE_HANDLERS = ("path", "port", "httpGet", "exec", "tcpSocket", "grpc")


def subject(parameters: ServiceParameters) -> str:
    """The first line of the commit."""
    target = f"{parameters.team_name}/{parameters.component_name}"
    return parameters.does.subject.format(target=target, tag=version_of(parameters), size=size_of(parameters))


def summary(parameters: ServiceParameters) -> str:
    """The operation in a few words: "Deploy checkout-web 5.1.0"."""
    to = " to " if isinstance(parameters, ScaleServiceParameters) and pods_of(parameters) else ": "
    names = {"service": parameters.component_name, "tag": version_of(parameters), "size": size_of(parameters)}
    return parameters.does.summary.format(**names, to=to)


def version_of(parameters: ServiceParameters) -> str:
    if isinstance(parameters, RollbackServiceParameters):
        commit = f"commit {parameters.revision[:7]}" if parameters.revision else ""
        return parameters.target_tag or commit or "the version before"
    return str(getattr(parameters, "image_tag", None) or "")


def size_of(parameters: ServiceParameters) -> str:
    """ "3 pods", "2 to 6 pods", "at most 6 pods, memory limit 512Mi"."""
    if not isinstance(parameters, ScaleServiceParameters):
        return ""
    sizes = [f"{resource} {kind.removesuffix('s')} {text}" for (kind, resource), text in parameters.resources().items()]
    return ", ".join([*pods_of(parameters), *sizes]) or "another size"


def pods_of(parameters: ScaleServiceParameters) -> list[str]:
    low, high = parameters.min_replicas, parameters.max_replicas
    if parameters.replicas is not None:
        return [counted(parameters.replicas, "pod")]
    if low and high:
        return [f"{low} to {counted(high, 'pod')}"]
    return [f"{words} {counted(number, 'pod')}" for words, number in (("at least", low), ("at most", high)) if number]


@singledispatch
def edits_for(parameters: ServiceParameters, values: Mapping[str, Any]) -> list[Edit]:
    """The edits that turn `values` (the file as parsed) into what is asked; only what differs is an edit."""
    raise TypeError(f"{type(parameters).__name__} changes no values.")


@edits_for.register
def deploy_edits(parameters: DeployServiceParameters, values: Mapping[str, Any]) -> list[Edit]:
    repository, tag = parameters.image_repository, parameters.image_tag
    wanted = {**image(tag, repository, values), **settings(parameters, values), **host(parameters, values)}
    edits = differing(wanted, values)
    environment = mapping(values.get("env"))
    refuse_names_of_elsewhere(parameters, values)
    edits += [
        Set(("env", key), text)
        for key, text in parameters.env_vars.items()
        if key not in environment or print_value(environment[key]) != text
    ]
    edits += [Remove(("env", key)) for key in parameters.unset_env if key in environment]
    return edits


def refuse_names_of_elsewhere(parameters: DeployServiceParameters, values: Mapping[str, Any]) -> None:
    """A variable has one source: Kubernetes takes no name twice."""
    elsewhere = mapping(values.get("envValueFrom"))
    if names := [name for name in parameters.env_vars if name in elsewhere]:
        sentence = f"{names[0]} comes from envValueFrom in the values file already, and a variable has one source."
        remedy = "Take it out of envValueFrom by hand first, or choose another name."
        raise refused("env_vars", names[0], sentence, example="LOG_LEVEL=info", remedy=remedy)


@edits_for.register
def rollback_edits(parameters: RollbackServiceParameters, values: Mapping[str, Any]) -> list[Edit]:
    """The version alone. A rollback to a commit takes that commit's file instead, see plan.change_of."""
    return differing(image(parameters.target_tag, None, values), values)


@edits_for.register
def scale_edits(parameters: ScaleServiceParameters, values: Mapping[str, Any]) -> list[Edit]:
    return differing({**sizes(parameters), **autoscaling(parameters, values)}, values)


def differing(wanted: Mapping[Path, Any], values: Mapping[str, Any]) -> list[Edit]:
    """A quantity written as a number, `cpu: 1`, is the same as its text."""
    return [
        Set(path, value)
        for path, value in wanted.items()
        if (found := at(values, path)) != value and not (path[0] == "resources" and str(found) == value)
    ]


def image(tag: str | None, repository: str | None, values: Mapping[str, Any]) -> dict[Path, Any]:
    """The tag, and only there: init and extra containers that run the same version of the same image move along."""
    if tag is None:
        return {}
    wanted: dict[Path, Any] = {("image", "tag"): tag}
    own = mapping(values.get("image"))
    if repository:
        wanted[("image", "repository")] = repository
    old = f"{print_value(own.get('repository'))}:{print_value(own.get('tag'))}"
    new = f"{repository or print_value(own.get('repository'))}:{tag}"
    for group in ("initContainers", "extraContainers"):
        containers = values.get(group)
        for position, container in enumerate(containers if isinstance(containers, list) else []):
            if mapping(container).get("image") == old:
                wanted[(group, position, "image")] = new
    return wanted


def sizes(parameters: SizedParameters) -> dict[Path, Any]:
    wanted: dict[Path, Any] = {("resources", *path): text for path, text in parameters.resources().items()}
    if parameters.replicas is not None:
        wanted[("replicaCount",)] = parameters.replicas
    return wanted


def settings(parameters: DeployServiceParameters, values: Mapping[str, Any]) -> dict[Path, Any]:
    wanted: dict[Path, Any] = {}
    if parameters.port is not None:
        wanted[("service", "port")] = parameters.port
    for probe in ("liveness", "readiness"):
        if parameters.skip_health_check:
            wanted[("probes", probe)] = None
        elif parameters.health_check_path is not None:
            wanted[("probes", probe, "path")] = parameters.health_check_path
    return {**wanted, **sizes(parameters), **startup(parameters, values)}


def startup(parameters: DeployServiceParameters, values: Mapping[str, Any]) -> dict[Path, Any]:
    """A startup probe that asks what the liveness probe asks, for as long as the program may take."""
    asked, probes = parameters.startup_time_s, mapping(values.get("probes"))
    if asked is None or asked == startup_time_s(values):
        return {}
    if asked == 0:
        return {("probes", "startup"): None}
    alive = mapping(probes.get("liveness"))
    handler = {key: alive[key] for key in PROBE_HANDLERS if key in alive} or {"path": "/healthz"}
    if parameters.health_check_path and "path" in handler:
        handler["path"] = parameters.health_check_path
    failures = math.ceil(asked / STARTUP_PERIOD_S)
    return {("probes", "startup"): {**handler, "periodSeconds": STARTUP_PERIOD_S, "failureThreshold": failures}}


def autoscaling(parameters: ScaleServiceParameters, values: Mapping[str, Any]) -> dict[Path, Any]:
    """Raises Invalid where a fixed number meets autoscaling, or a minimum the lack of it."""
    now = mapping(values.get("autoscaling"))
    was_on = now.get("enabled") is True
    is_on = was_on if parameters.autoscaling_enabled is None else parameters.autoscaling_enabled
    limits = {key: value for key, value in parameters.limits().items() if now.get(key) != value}
    low, high = ({**now, **limits}.get(key, usual) for key, usual in (("minReplicas", 1), ("maxReplicas", 5)))
    if is_on and parameters.replicas is not None and parameters.replicas != values.get("replicaCount"):
        raise refused(
            "replicas",
            parameters.replicas,
            f"Autoscaling decides how many pods run, {low} to {high}, so a fixed number would have no effect.",
            remedy="Change the minimum and maximum, or switch autoscaling off.",
        )
    if limits and not is_on:
        sentence = "Autoscaling is off, so a minimum, maximum or threshold would have no effect."
        raise refused("autoscaling_enabled", False, sentence, remedy="Switch it on, or give a fixed number of pods.")
    if is_on and isinstance(low, int) and isinstance(high, int) and low > high:
        raise refused("max_replicas", high, f"The maximum of {high} is below the minimum of {low}.", example=str(low))
    switched: dict[Path, Any] = {("autoscaling", "enabled"): is_on} if is_on != was_on else {}
    return {**switched, **{("autoscaling", key): value for key, value in limits.items()}}


def host(parameters: DeployServiceParameters, values: Mapping[str, Any]) -> dict[Path, Any]:
    """The public host where the file keeps it, and the certificate's hosts that follow it."""
    if parameters.host is None:
        return {}
    if parameters.host == NO_HOST:
        return {("ingress", "enabled"): False}
    name = host_name(parameters)
    if not is_host(name):
        sentence = f"The default host would be {name}, which is no host name: a part of one has at most 63 characters."
        raise refused("host", name, sentence, remedy="Name a host, or none.")
    where = place_of_host(values)
    several = mapping(values.get("ingress")).get("hosts")
    others = several[1:] if isinstance(several, list) else []
    if name in [mapping(entry).get("host", entry) for entry in others]:
        sentence = f"{name} is another host of this service already."
        raise refused("host", name, sentence, remedy="Remove that entry from the values file, or choose another host.")
    return {("ingress", "enabled"): True, where: name, **hosts_that_follow(values, at(values, where), name)}


def host_warnings(parameters: ServiceParameters, before: str | None, after: str) -> list[str]:
    """What of a change of the host is left to people. Texts of the values file; `before` is None for a new one."""
    if not isinstance(parameters, DeployServiceParameters) or parameters.host in (None, NO_HOST) or before is None:
        return []
    was, becomes = (editable_values("values.yaml", text) for text in (before, after))
    return certificate_warnings(mapping(becomes.get("ingress")), at(was, place_of_host(was)), host_name(parameters))


def host_name(parameters: DeployServiceParameters) -> str:
    """The host that is asked for, the default one spelled out; empty for none."""
    asked = parameters.host or (DEFAULT_HOST if parameters.action == "onboard" else NO_HOST)
    if asked == NO_HOST:
        return ""
    return platform_host(parameters.team_name, parameters.component_name) if asked == DEFAULT_HOST else asked


def at(values: Any, path: Path) -> Any:
    """The value at a path; a marker nothing equals where there is none."""
    for key in path:
        try:
            values = values[key]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return values
