"""What deploy-service changes in a service's values file. Pure: parameters and values in, edits out."""

from collections.abc import Mapping
from typing import Any

from integrations.gitops import Edit, Remove, Set, mapping
from services.runners.parameters import DEFAULT_HOST, NO_HOST, DeployServiceParameters
from services.runners.places import default_host

ABSENT = object()
SUBJECTS = {
    "onboard": "feat: onboard {target} ({tag})",
    "deploy": "deploy: {target} -> {tag}",
    "update-config": "config: {target}",
}


def subject(parameters: DeployServiceParameters) -> str:
    target = f"{parameters.team_name}/{parameters.component_name}"
    return SUBJECTS[parameters.action].format(target=target, tag=parameters.image_tag)


def edits_for(parameters: DeployServiceParameters, values: Mapping[str, Any]) -> list[Edit]:
    """The edits that turn `values` (the file as parsed) into what is asked; only what differs is an edit."""
    wanted = {**image(parameters, values), **settings(parameters), **host(parameters, values)}
    edits: list[Edit] = [Set(path, value) for path, value in wanted.items() if at(values, path) != value]
    environment = mapping(values.get("env"))
    edits += [
        Set(("env", key), text)
        for key, text in parameters.env_vars.items()
        if key not in environment or str(environment[key]) != text
    ]
    edits += [Remove(("env", key)) for key in parameters.unset_env if key in environment]
    return edits


def image(parameters: DeployServiceParameters, values: Mapping[str, Any]) -> dict[tuple[str | int, ...], Any]:
    """The tag, and only there: init and extra containers that run the same version of the same image move along."""
    if parameters.image_tag is None:
        return {}
    wanted: dict[tuple[str | int, ...], Any] = {("image", "tag"): parameters.image_tag}
    own = mapping(values.get("image"))
    if parameters.image_repository:
        wanted[("image", "repository")] = parameters.image_repository
    old = f"{own.get('repository')}:{own.get('tag')}"
    new = f"{parameters.image_repository or own.get('repository')}:{parameters.image_tag}"
    for group in ("initContainers", "extraContainers"):
        containers = values.get(group)
        for position, container in enumerate(containers if isinstance(containers, list) else []):
            if mapping(container).get("image") == old:
                wanted[(group, position, "image")] = new
    return wanted


def settings(parameters: DeployServiceParameters) -> dict[tuple[str | int, ...], Any]:
    wanted: dict[tuple[str | int, ...], Any] = {}
    if parameters.port is not None:
        wanted[("service", "port")] = parameters.port
    if parameters.replicas is not None:
        wanted[("replicaCount",)] = parameters.replicas
    for probe in ("liveness", "readiness"):
        if parameters.skip_health_check:
            wanted[("probes", probe)] = None
        elif parameters.health_check_path is not None:
            wanted[("probes", probe, "path")] = parameters.health_check_path
    for (kind, resource), quantity in parameters.resources().items():
        wanted[("resources", kind, resource)] = quantity
    return wanted


def host(parameters: DeployServiceParameters, values: Mapping[str, Any]) -> dict[tuple[str | int, ...], Any]:
    """The public host where the file keeps it: `hosts` wins over `host`, as in the chart."""
    if parameters.host is None:
        return {}
    if parameters.host == NO_HOST:
        return {("ingress", "enabled"): False}
    name = parameters.host
    if name == DEFAULT_HOST:
        name = default_host(parameters.team_name, parameters.component_name)
    several = mapping(values.get("ingress")).get("hosts")
    where: tuple[str | int, ...] = ("ingress", "hosts", 0) if several else ("ingress", "host")
    return {("ingress", "enabled"): True, where: name}


def at(values: Any, path: tuple[str | int, ...]) -> Any:
    """The value at a path; a marker nothing equals where there is none."""
    for key in path:
        try:
            values = values[key]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return values
