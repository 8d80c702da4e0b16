"""Whether a change takes effect: what was asked for must stand in the objects that Helm renders from the new file.

The values file can be right and the result wrong, where the chart reads another key or something overrides the one that
was set. Such a change is refused before anything is committed.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import singledispatch
from typing import Any, NamedTuple

from core.quantity import amount
from services.errors import refused
from services.runners.changes import host_name
from services.runners.parameters import (
    DeployServiceParameters,
    RollbackServiceParameters,
    ScaleServiceParameters,
    ServiceParameters,
    SizedParameters,
)

WORKLOADS = frozenset({"Deployment", "Rollout", "StatefulSet"})
REMEDY = "Look in the values file for what overrides it, a merge key (<<) or another setting, and edit that by hand."
Object = Mapping[str, Any]


class Rendered(NamedTuple):
    """The parts of the rendered objects that parameters are about. `containers` are the first of each workload."""

    objects: Sequence[Object]
    workloads: Sequence[Object]
    containers: Sequence[Object]

    def of(self, kind: str) -> list[Object]:
        return [item for item in self.objects if item["kind"] == kind]


class Expectation(NamedTuple):
    """`found` is everything that the parameter may have become; one of it must equal `asked`."""

    field: str
    asked: Any
    found: Sequence[Any]


def refuse_without_effect(parameters: ServiceParameters, objects: Sequence[Object]) -> None:
    """Raises Invalid that names the parameter and what Helm renders instead. Without a workload nothing can be said."""
    workloads = [item for item in objects if item["kind"] in WORKLOADS]
    containers = [container for item in workloads for container in _containers(item)[:1]]
    if not containers:
        return
    for field, asked, found in expectations(parameters, Rendered(objects, workloads, containers)):
        if asked not in found:
            instead = ", ".join(str(one) for one in found[:3]) or "nothing of the kind"
            label = field.replace("_", " ")
            sentence = f"The {label} {asked} would have no effect: Helm still renders {instead}."
            raise refused(field, asked, sentence, remedy=REMEDY)


@singledispatch
def expectations(parameters: ServiceParameters, rendered: Rendered) -> Iterator[Expectation]:
    """What must stand in the rendered objects. A kind of object that the chart does not render is not asked about."""
    raise TypeError(f"{type(parameters).__name__} changes no values.")


@expectations.register
def of_rollback(parameters: RollbackServiceParameters, rendered: Rendered) -> Iterator[Expectation]:
    if parameters.target_tag:
        yield Expectation("target_tag", parameters.target_tag, _images(rendered, 1))


@expectations.register
def of_scaling(parameters: ScaleServiceParameters, rendered: Rendered) -> Iterator[Expectation]:
    yield from of_sizes(parameters, rendered)
    for scaler in rendered.of("HorizontalPodAutoscaler"):
        spec = scaler["spec"]
        metrics = [metric.get("resource", {}).get("target", {}) for metric in spec.get("metrics") or []]
        found = {
            "min_replicas": [spec.get("minReplicas")],
            "max_replicas": [spec.get("maxReplicas")],
            "cpu_threshold": [target.get("averageUtilization") for target in metrics],
        }
        for field, numbers in found.items():
            if (asked := getattr(parameters, field)) is not None:
                yield Expectation(field, asked, numbers)


@expectations.register
def of_deploy(parameters: DeployServiceParameters, rendered: Rendered) -> Iterator[Expectation]:
    yield from of_sizes(parameters, rendered)
    if parameters.image_tag:
        yield Expectation("image_tag", parameters.image_tag, _images(rendered, 1))
    if parameters.image_repository:
        yield Expectation("image_repository", parameters.image_repository, _images(rendered, 0))
    yield from _of_environment(parameters, rendered)
    yield from _of_probes(parameters, rendered)
    ports = [port.get("containerPort") for container in rendered.containers for port in container.get("ports") or []]
    ports += [port.get("port") for service in rendered.of("Service") for port in service["spec"].get("ports") or []]
    if parameters.port is not None and ports:
        yield Expectation("port", parameters.port, ports)
    if (host := host_name(parameters)) and parameters.component_type != "worker-service":
        yield Expectation("host", host, list(_hosts(rendered)))


def of_sizes(parameters: SizedParameters, rendered: Rendered) -> Iterator[Expectation]:
    numbers = [item["spec"]["replicas"] for item in rendered.workloads if "replicas" in item["spec"]]
    if parameters.replicas is not None and numbers:
        yield Expectation("replicas", parameters.replicas, numbers)
    for (kind, resource), asked in parameters.resources().items():
        found = [
            ((container.get("resources") or {}).get(kind) or {}).get(resource) for container in rendered.containers
        ]
        if amount(asked) not in [_amount(quantity) for quantity in found]:
            yield Expectation(f"{resource}_{kind.removesuffix('s')}", asked, found)


def _of_environment(parameters: DeployServiceParameters, rendered: Rendered) -> Iterator[Expectation]:
    """By name only: a value may be a secret that somebody put there."""
    variables = {
        str(entry.get("name")): entry.get("value", "")
        for container in rendered.containers
        for entry in container.get("env") or []
    }
    for name, value in parameters.env_vars.items():
        if variables.get(name) != value:
            yield Expectation("env_vars", name, ["another value of it"] if name in variables else [])
    for name in parameters.unset_env:
        if name in variables:
            yield Expectation("unset_env", name, ["it"])


def _of_probes(parameters: DeployServiceParameters, rendered: Rendered) -> Iterator[Expectation]:
    names = ("livenessProbe", "readinessProbe")
    probes = [container[name] for container in rendered.containers for name in names if container.get(name)]
    if parameters.skip_health_check:
        if probes:
            yield Expectation("skip_health_check", True, ["health checks"])
    elif parameters.health_check_path is not None:
        for path in {(probe.get("httpGet") or {}).get("path") for probe in probes}:
            yield Expectation("health_check_path", parameters.health_check_path, [path])
    asked = parameters.startup_time_s
    startups = [container["startupProbe"] for container in rendered.containers if container.get("startupProbe")]
    times = [probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3) for probe in startups]
    if asked is not None and not (any(time >= asked for time in times) if asked else not times):
        yield Expectation("startup_time_s", asked, times)


def _images(rendered: Rendered, part: int) -> list[str]:
    """Repository (0) or tag (1) of each image; of a digest the whole of it."""
    images = [str(container.get("image", "")) for container in rendered.containers]
    split = [image.partition("@") if "@" in image else image.rpartition(":") for image in images]
    return [pieces[part * 2] for pieces in split]


def _hosts(rendered: Rendered) -> Iterator[str]:
    for item in rendered.of("Ingress"):
        yield from (str(rule.get("host", "")) for rule in item["spec"].get("rules") or [])


def _containers(workload: Object) -> list[Object]:
    found: list[Object] = workload["spec"]["template"]["spec"].get("containers") or []
    return found


def _amount(quantity: Any) -> Decimal | None:
    try:
        return None if quantity is None else amount(quantity)
    except ValueError:
        return None
