"""What a chart refuses, said at the parameter that leads there, else at the file that a person wrote."""

from core.errors import Invalid
from core.parse import example_of
from integrations.errors import Refused
from integrations.gitops import gitops
from services.runners.parameters import ServiceParameters

# The chart's keys, alone or with what is below them, each with the parameters that change it, the likeliest first.
PARAMETERS_OF = {
    "replicaCount": ("replicas",),
    "autoscaling.minReplicas": ("min_replicas",),
    "autoscaling.maxReplicas": ("max_replicas", "min_replicas"),
    "autoscaling.targetCPUUtilizationPercentage": ("cpu_threshold",),
    "resources.requests.cpu": ("cpu_request",),
    "resources.requests.memory": ("memory_request",),
    "resources.limits.cpu": ("cpu_limit", "cpu_request"),
    "resources.limits.memory": ("memory_limit", "memory_request"),
    "service.port": ("port",),
    "metrics.port": ("port",),
    "ingress.host": ("host",),
    "env": ("env_vars",),
    "probes": ("health_check_path", "startup_time_s"),
    "image.repository": ("image_repository",),
    "image.tag": ("image_tag", "target_tag"),
}
REMEDY = "Give another value, or correct the file by hand where it names a key that you did not change."


def chart_refusal(parameters: ServiceParameters, refusal: Refused) -> Invalid:
    """The chart's sentence, with the file and the key."""
    path = gitops().service_path(parameters.team_name, parameters.component_name)
    key, reason = str(refusal.facts.get("key", "")), str(refusal.facts.get("reason") or refusal.sentence)
    name = parameter_of(parameters, key)
    field = {
        "field": name or "request",
        "value": key if name in ("", "env_vars") else str(getattr(parameters, name)),
        "sentence": f"{path}: {reason}",
        "example": example_of(type(parameters).model_fields.get(name)),
    }
    sentence = f"The chart refuses these values. {path}: {reason}"
    return Invalid(sentence, fields=[field], remedy=REMEDY, path=path, key=key)


def parameter_of(parameters: ServiceParameters, key: str) -> str:
    """The parameter given that the chart's key is about; empty where no given one is."""
    for place, names in PARAMETERS_OF.items():
        if key == place or key.startswith((f"{place}.", f"{place}[")):
            given = (name for name in names if getattr(parameters, name, None) is not None)
            return next((name for name in given if is_about(getattr(parameters, name), key, place)), "")
    return ""


def is_about(value: object, key: str, place: str) -> bool:
    """Whether the key of a mapping is one that was given: the others stand in the file already."""
    return not isinstance(value, dict) or key[len(place) + 1 :] in value
