"""What a change is refused for, and what people are warned of before they confirm it."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.credentials import holds_credential
from operations.runners.workloads import containers_of, quantity, resources_of, workloads_of
from services.errors import refused
from services.models import Service
from services.runners.parameters import (
    DeployServiceParameters,
    RollbackServiceParameters,
    ScaleServiceParameters,
    ServiceParameters,
    SizedParameters,
)

SECRET_WORDS = {
    "PASSWORD", "PASSWD", "PASSPHRASE", "PWD", "SECRET", "SECRETS", "TOKEN", "KEY", "APIKEY", "CREDENTIAL",
    "CREDENTIALS", "PRIVATE",
}  # fmt: skip
# Ends of names that tell about a secret or are public: TOKEN_TTL_S, PUBLIC_KEY.
HARMLESS_WORDS = {"PUBLIC", "TTL", "S", "MS", "SECONDS", "MINUTES", "URL", "PATH", "FILE", "NAME", "ID", "SIZE"}


def refuse_limits_below_requests(parameters: ServiceParameters, objects: Sequence[Mapping[str, Any]]) -> None:
    """Against the rendered workload, since one of the two may stand in the file or in the chart already."""
    if not isinstance(parameters, SizedParameters):
        return
    for container in (one for workload in workloads_of(objects) for one in containers_of(workload)):
        requests, limits = resources_of(container, "requests"), resources_of(container, "limits")
        for resource in ("cpu", "memory"):
            request, limit = quantity(requests.get(resource)), quantity(limits.get(resource))
            given = [name for name in (f"{resource}_limit", f"{resource}_request") if getattr(parameters, name)]
            if given and request and limit and limit < request:
                below = f"below the request of {requests[resource]}"
                sentence = f"The {resource} limit would be {limits[resource]}, {below}."
                raise refused(given[0], getattr(parameters, given[0]), sentence, remedy="Change both together.")


def warnings_for(parameters: ServiceParameters, quota: Sequence[Mapping[str, Any]]) -> list[str]:
    """Sentences that stand above the plan, the gravest first."""
    service = Service.objects.filter(tenant=parameters.team_name, name=parameters.component_name).first()
    warnings = [quota_warning(parameters.team_name, quota)]
    if isinstance(parameters, SizedParameters) and parameters.replicas == 0:
        warnings.append("With 0 replicas the service stops answering.")
    if isinstance(parameters, DeployServiceParameters):
        warnings.append(secrets_warning(parameters.env_vars))
        if parameters.replicas is not None and service and service.autoscaling.get("enabled"):
            warnings.append("Autoscaling is on, so the number of replicas given here has no effect.")
    if isinstance(parameters, RollbackServiceParameters) and parameters.revision and service:
        warnings.append("The whole values file returns to that commit, settings and environment included.")
    return [warning for warning in warnings if warning]


def quota_warning(tenant: str, quota: Sequence[Mapping[str, Any]]) -> str:
    """What will happen where the quota has no room: the old pods stay, the new ones are refused."""
    tight = [row for row in quota if not row["fits"]]
    if not tight:
        return ""
    asked = ", ".join(f"{row['resource']} {row['peak']} of {row['hard']}" for row in tight)
    return (
        f"The quota of {tenant} has no room for this: {asked}. Kubernetes will refuse new pods, the pods that run keep "
        f"running, and the operation fails unless room is made. Ask for less, or ask a platform admin for more."
    )


def secrets_warning(variables: Mapping[str, str]) -> str:
    names = [name for name, value in variables.items() if value and looks_secret(name, value)]
    if not names:
        return ""
    one = len(names) == 1
    return (
        f"{', '.join(names[:5])} {'looks like a secret' if one else 'look like secrets'}: in git the plain value stays "
        "readable to everybody who reads the repository. Secrets belong in Vault: name them under "
        "externalSecret in the values file."
    )


def looks_secret(name: str, value: str) -> bool:
    words = name.upper().split("_")
    named = bool(SECRET_WORDS.intersection(words)) and not HARMLESS_WORDS.intersection(words)
    return named or holds_credential(value)


def refuse_nothing(parameters: ScaleServiceParameters) -> None:
    if parameters.model_fields_set <= {"team_name", "component_name"}:
        sentence = "Nothing to change is given."
        remedy = "Give replicas, or minimum and maximum for autoscaling, or the size of a pod."
        raise refused("replicas", "", sentence, example="3", remedy=remedy)
