"""How a service is configured, from its values file in git."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.text import cut
from integrations.errors import IntegrationError, Unreadable
from integrations.gitops import gitops, mapping, print_value
from services.models import Service

NOT_IN_GIT = "This service has no values file in git."
# What the chart takes where a startup probe does not say.
STARTUP_PERIOD_S = 10
STARTUP_FAILURES = 30
# Longer files exist; nobody reads more than this on a page.
LONGEST_SHOWN = 300_000
MOST_LINES = 5_000
MOST_VARIABLES = 500
LONGEST_VALUE = 2_000
THE_FILE = "The values file"


@dataclass(frozen=True, slots=True)
class Configuration:
    """The values file at a revision, and its settings as pairs. Secrets are names of references, never values.

    `error` says why there are no settings, `unreadable` what could not be read; where only the file's YAML is wrong,
    `text` is there all the same.
    """

    path: str
    revision: str
    text: str
    environment: Sequence[tuple[str, str]]
    facts: Sequence[tuple[str, str]]
    error: str = ""
    remedy: str = ""
    unreadable: str = "The GitOps repository"


def service_config(service: Service) -> Configuration:
    if not service.values_path:
        return Configuration("", "", "", [], [], NOT_IN_GIT)
    try:
        file = gitops().file_at(service.values_path)
    except Unreadable as problem:
        return Configuration(service.values_path, "", "", [], [], problem.sentence, problem.remedy, THE_FILE)
    except IntegrationError as problem:
        return Configuration(service.values_path, "", "", [], [], problem.sentence, problem.remedy)
    text = shortened_file(file.text)
    try:
        values = file.values
    except Unreadable as problem:
        said = (problem.sentence, problem.remedy, THE_FILE)
        return Configuration(service.values_path, file.revision, text, [], [], *said)
    return Configuration(service.values_path, file.revision, text, environment_of(values), config_facts(values))


def shortened_file(text: str) -> str:
    return cut("\n".join(text.split("\n", MOST_LINES)[:MOST_LINES]), LONGEST_SHOWN)


def environment_of(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """As a page can show it; a file may have any number of variables of any length."""
    found = sorted(mapping(values.get("env")).items())
    shown = [(key, cut(print_value(value), LONGEST_VALUE)) for key, value in found[:MOST_VARIABLES]]
    left_out = len(found) - len(shown)
    return [*shown, ("…", f"and {left_out:,} more")] if left_out else shown


def config_facts(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Settings as pairs. A file written by hand may hold anything anywhere; what is not understood is left out."""
    resources, probes = mapping(values.get("resources")), mapping(values.get("probes"))
    limits, requests = mapping(resources.get("limits")), mapping(resources.get("requests"))
    sources = values.get("envFrom")
    references = [mapping(mapping(entry).get("secretRef")) for entry in sources] if isinstance(sources, list) else []
    secrets = [str(reference["name"]) for reference in references if reference.get("name")]
    pairs = [
        ("Port", mapping(values.get("service")).get("port")),
        ("Replicas", values.get("replicaCount")),
        ("CPU", between(requests.get("cpu"), limits.get("cpu"))),
        ("Memory", between(requests.get("memory"), limits.get("memory"))),
        ("Liveness", mapping(probes.get("liveness")).get("path")),
        ("Readiness", mapping(probes.get("readiness")).get("path")),
        ("Secrets", ", ".join(secrets)),
    ]
    return [(label, text) for label, value in pairs if (text := print_value(value))]


def between(request: object, limit: object) -> str:
    asked, most = print_value(request), print_value(limit)
    return f"{asked or 'unset'} requested, at most {most or 'unlimited'}" if asked or most else ""


def settings_now(service: Service) -> dict[str, Any]:
    """What the values file says, under the names of the operations' parameters; what it leaves to the chart is left
    out. {} where git cannot be read."""
    try:
        return settings_of(gitops().service(service.tenant, service.name).values)
    except IntegrationError:
        return {}


def chart_defaults() -> dict[str, Any]:
    """What holds where a values file says nothing, as `settings_now`. {} where the chart is kept elsewhere."""
    try:
        chart = gitops().file_at(f"{gitops().chart_path('base-service')}/values.yaml")
        return settings_of(chart.values)
    except IntegrationError:
        return {}


def settings_of(values: Mapping[str, Any]) -> dict[str, Any]:
    scaling = mapping(values.get("autoscaling"))
    found = {
        "port": mapping(values.get("service")).get("port"),
        "host": host_now(mapping(values.get("ingress"))),
        "replicas": values.get("replicaCount"),
        "autoscaling_enabled": scaling.get("enabled") is True,
        "min_replicas": scaling.get("minReplicas"),
        "max_replicas": scaling.get("maxReplicas"),
        "cpu_threshold": scaling.get("targetCPUUtilizationPercentage"),
        "startup_time_s": startup_time_s(values) or None,
        **sizes_now(mapping(values.get("resources"))),
        **probes_now(mapping(values.get("probes"))),
    }
    return {name: value for name, value in found.items() if value is not None}


def environment_now(service: Service) -> dict[str, str]:
    """The plain variables that a line KEY=value can say; those of several lines are left out."""
    try:
        values = gitops().service(service.tenant, service.name).values
    except IntegrationError:
        return {}
    texts = {key: print_value(value) for key, value in mapping(values.get("env")).items()}
    return {key: text for key, text in texts.items() if len(text.splitlines()) < 2}


def host_now(ingress: Mapping[str, Any]) -> str | None:
    if ingress.get("enabled") is False:
        return "none"
    several = ingress.get("hosts")
    name = several[0] if isinstance(several, list) and several else ingress.get("host")
    name = name.get("host") if isinstance(name, Mapping) else name
    return name if isinstance(name, str) and ingress.get("enabled") is True and name else None


def sizes_now(resources: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{resource}_{kind}": print_value(amount)
        for resource in ("cpu", "memory")
        for kind in ("request", "limit")
        if (amount := mapping(resources.get(f"{kind}s")).get(resource)) is not None
    }


def probes_now(probes: Mapping[str, Any]) -> dict[str, Any]:
    """The path where both probes ask the same one; no probes where both are switched off."""
    pair = [probes.get("liveness", ""), probes.get("readiness", "")]
    paths = {mapping(probe).get("path") for probe in pair}
    path = paths.pop() if len(paths) == 1 else None
    return {"skip_health_check": pair == [None, None], "health_check_path": path}


def startup_time_s(values: Mapping[str, Any]) -> int:
    """Seconds that the file's startup probe gives; 0 without one."""
    probe = mapping(mapping(values.get("probes")).get("startup"))
    if not probe:
        return 0
    period, failures = probe.get("periodSeconds", STARTUP_PERIOD_S), probe.get("failureThreshold", STARTUP_FAILURES)
    return period * failures if isinstance(period, int) and isinstance(failures, int) else 0
