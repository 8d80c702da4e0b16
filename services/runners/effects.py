"""Whether a change takes effect: what was asked for must stand in the objects that Helm renders from the new file.

The values file can be right and the result wrong, where the chart reads another key or something overrides the one that
was set. Such a change is refused before anything is committed.
"""

from collections.abc import Iterator, Sequence
from functools import singledispatch
from typing import Any, NamedTuple

from integrations.gitops import mapping
from operations.runners.workloads import (
    Object,
    containers_of,
    mappings,
    quantity,
    replicas_of,
    resources_of,
    spec_of,
    workloads_of,
)
from services.errors import refused
from services.runners.changes import host_name
from services.runners.parameters import (
    DeployServiceParameters,
    RollbackServiceParameters,
    ScaleServiceParameters,
    ServiceParameters,
    SizedParameters,
)

REMEDY = "Look in the values file for what overrides it, a merge key (<<) or another setting, and edit that by hand."


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
    workloads = workloads_of(objects)
    containers = [container for workload in workloads for container in containers_of(workload)[:1]]
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
        spec = spec_of(scaler)
        metrics = [mapping(mapping(metric.get("resource")).get("target")) for metric in mappings(spec.get("metrics"))]
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
    if parameters.port is not None:
        opened = [port.get("containerPort") for one in rendered.containers for port in mappings(one.get("ports"))]
        served = [port.get("port") for one in rendered.of("Service") for port in mappings(spec_of(one).get("ports"))]
        yield Expectation("port", parameters.port, opened + served)
    if (host := host_name(parameters)) and parameters.component_type != "worker-service":
        yield Expectation("host", host, list(_hosts(rendered)))


def of_sizes(parameters: SizedParameters, rendered: Rendered) -> Iterator[Expectation]:
    numbers = [number for one in rendered.workloads if (number := replicas_of(one)) is not None]
    if parameters.replicas is not None and numbers:
        yield Expectation("replicas", parameters.replicas, numbers)
    for (kind, resource), asked in parameters.resources().items():
        found = [resources_of(container, kind).get(resource) for container in rendered.containers]
        if quantity(asked) not in map(quantity, found):
            yield Expectation(f"{resource}_{kind.removesuffix('s')}", asked, found)


def _of_environment(parameters: DeployServiceParameters, rendered: Rendered) -> Iterator[Expectation]:
    """By name only: a value may be a secret that somebody put there. Of equal names the last one counts."""
    variables = {
        str(entry.get("name")): entry.get("value", "" if "valueFrom" not in entry else None)
        for container in rendered.containers
        for entry in mappings(container.get("env"))
    }
    for name, value in parameters.env_vars.items():
        if variables.get(name) != value:
            yield Expectation("env_vars", name, ["another value of it"] if name in variables else [])
    for name in parameters.unset_env:
        if name in variables:
            yield Expectation("unset_env", name, ["it"])


def _of_probes(parameters: DeployServiceParameters, rendered: Rendered) -> Iterator[Expectation]:
    names = ("livenessProbe", "readinessProbe")
    probes = [probe for one in rendered.containers for name in names if (probe := mapping(one.get(name)))]
    if parameters.skip_health_check:
        if probes:
            yield Expectation("skip_health_check", True, ["health checks"])
    elif parameters.health_check_path is not None:
        paths = {str(mapping(probe.get("httpGet")).get("path")) for probe in probes} or {"no health check"}
        for path in paths:
            yield Expectation("health_check_path", parameters.health_check_path, [path])
    asked = parameters.startup_time_s
    startups = [probe for one in rendered.containers if (probe := mapping(one.get("startupProbe")))]
    numbers = [(probe.get("periodSeconds", 10), probe.get("failureThreshold", 3)) for probe in startups]
    times = [period * failures for period, failures in numbers if isinstance(period, int) and isinstance(failures, int)]
    if asked is not None and not (any(time >= asked for time in times) if asked else not times):
        yield Expectation("startup_time_s", asked, times)


def _images(rendered: Rendered, part: int) -> list[str]:
    """Repository (0) or tag (1) of each image; of a digest the whole of it."""
    images = [str(container.get("image", "")) for container in rendered.containers]
    split = [image.partition("@") if "@" in image else image.rpartition(":") for image in images]
    return [pieces[part * 2] for pieces in split]


def _hosts(rendered: Rendered) -> Iterator[str]:
    for item in rendered.of("Ingress"):
        yield from (str(rule.get("host", "")) for rule in mappings(spec_of(item).get("rules")))
