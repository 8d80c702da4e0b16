"""Whether a change takes effect: what was asked for must stand in the objects that Helm renders from the new file.

The values file can be right and the result wrong, where the chart reads another key or something overrides the one that
was set. Such a change is refused before anything is committed.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.errors import refused
from services.runners.changes import host_name
from services.runners.parameters import (
    NO_HOST,
    DeployServiceParameters,
    RollbackServiceParameters,
    ServiceParameters,
    SizedParameters,
)

WORKLOADS = frozenset({"Deployment", "Rollout", "StatefulSet"})
REMEDY = "Look in the values file for what overrides it, a merge key (<<) or another setting, and edit that by hand."
Object = Mapping[str, Any]


def refuse_without_effect(parameters: ServiceParameters, objects: Sequence[Object]) -> None:
    """Raises Invalid that names the parameter and what Helm renders instead. Without a workload nothing can be said."""
    workloads = [item for item in objects if item["kind"] in WORKLOADS]
    if not workloads:
        return
    containers = [container for item in workloads for container in _containers(item)]
    _refuse_image(parameters, containers)
    if isinstance(parameters, DeployServiceParameters):
        _refuse_environment(parameters, containers)
        _refuse_host(parameters, objects)
    if isinstance(parameters, SizedParameters) and parameters.replicas is not None:
        numbers = [item["spec"]["replicas"] for item in workloads if "replicas" in item["spec"]]
        if numbers and parameters.replicas not in numbers:
            raise _without_effect("replicas", parameters.replicas, numbers[0])


def _refuse_image(parameters: ServiceParameters, containers: Sequence[Object]) -> None:
    by_rollback = isinstance(parameters, RollbackServiceParameters)
    field = "target_tag" if by_rollback else "image_tag"
    tag = getattr(parameters, field, None)
    images = [str(container.get("image", "")) for container in containers]
    if tag and not any(image.endswith((f":{tag}", f"@{tag}")) for image in images):
        raise _without_effect(field, tag, next(iter(images), "no container"))


def _refuse_environment(parameters: DeployServiceParameters, containers: Sequence[Object]) -> None:
    rendered: dict[str, list[Any]] = {}
    for container in containers:
        for entry in container.get("env") or []:
            rendered.setdefault(str(entry.get("name")), []).append(entry.get("value", ""))
    for name, value in parameters.env_vars.items():
        if value not in rendered.get(name, []):
            instead = "another value of it" if name in rendered else "no such variable"
            raise _without_effect("env_vars", name, instead)


def _refuse_host(parameters: DeployServiceParameters, objects: Sequence[Object]) -> None:
    host = host_name(parameters)
    if not host or host == NO_HOST or parameters.component_type == "worker-service":
        return
    hosts = list(_hosts(objects))
    if host not in hosts:
        raise _without_effect("host", host, ", ".join(hosts) or "no Ingress")


def _containers(workload: Object) -> list[Object]:
    found: list[Object] = workload["spec"]["template"]["spec"].get("containers") or []
    return found


def _hosts(objects: Sequence[Object]) -> Iterator[str]:
    for item in objects:
        if item["kind"] == "Ingress":
            yield from (str(rule.get("host", "")) for rule in item["spec"].get("rules") or [])


def _without_effect(field: str, asked: object, rendered: object) -> Exception:
    sentence = f"{asked} would have no effect: with the changed file Helm still renders {rendered}."
    return refused(field, asked, sentence, remedy=REMEDY)
