"""What can be done about a finding: an operation with its parameters filled in, a tool, or words.

An operation is named only where it is declared and would take these parameters; else its label stands as words.
"""

from collections.abc import Callable, Mapping
from typing import Any

from core.slot import Slot
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.report.findings import Remedy

Accepts = Callable[[str, Mapping[str, Any]], bool]


def accept_none(operation: str, parameters: Mapping[str, Any]) -> bool:
    return False


# The rules do not know the operations. Until somebody who does fills this slot, every remedy is words.
ACCEPTS_PARAMETERS: Slot[Accepts] = Slot("whether an operation accepts parameters", accept_none)


def offer(label: str, operation: str, parameters: Mapping[str, Any]) -> Remedy:
    """The operation where it accepts the parameters, else the label as words."""
    if not operation or not ACCEPTS_PARAMETERS.value(operation, parameters):
        return Remedy(label)
    return Remedy(label, operation=operation, params=parameters)


def _operation(scope: Scope, name: str, label: str, **params: Any) -> Remedy:
    return offer(label, name, {"team_name": scope.namespace, **params})


def deploy(scope: Scope, label: str, *, image_tag: str) -> Remedy:
    return _operation(
        scope, "deploy-service", label, action="deploy", component_name=scope.service, image_tag=image_tag
    )


def configure(scope: Scope, label: str, **params: Any) -> Remedy:
    return _operation(scope, "deploy-service", label, action="update-config", component_name=scope.service, **params)


def roll_back(scope: Scope, label: str = "", *, target_tag: str = "") -> Remedy:
    said = label or (f"Roll back to {target_tag}" if target_tag else "Roll back to the previous version")
    tag = {"target_tag": target_tag} if target_tag else {}
    return _operation(scope, "rollback-service", said, component_name=scope.service, **tag)


def scale(scope: Scope, label: str, **params: Any) -> Remedy:
    return _operation(scope, "scale-service", label, component_name=scope.service, **params)


def provision_database(scope: Scope, label: str) -> Remedy:
    return _operation(scope, "provision-database", label, app_name=scope.service)


def read_logs(scope: Scope) -> Remedy:
    params = {"team": scope.namespace, "service": scope.service}
    return Remedy("Read the log", tool="mctl_get_service_logs", params=params)


def see_usage(scope: Scope) -> Remedy:
    return Remedy(f"See the quota of {scope.namespace}", tool="mctl_get_tenant", params={"name": scope.namespace})


def grant_access(scope: Scope, image: str) -> Remedy:
    repository = image.partition("@")[0].rpartition(":")[0] or image
    return say(f"Give {scope.namespace} access to the repository {'/'.join(repository.split('/')[-2:])}")


def verify_domain(scope: Scope, domain: str) -> Remedy:
    return say(f"Then verify the domain {domain}")


def say(label: str) -> Remedy:
    """Something a person does outside the platform, in words."""
    return Remedy(label)


def ask_platform(label: str) -> Remedy:
    return Remedy(f"Ask a platform admin: {label}")
