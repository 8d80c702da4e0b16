"""What can be done about a finding: an operation with its parameters filled in, a tool, or words.

An operation is named only where it is declared and would take these parameters; else its label stands as words.
"""

from typing import Any

from pydantic import ValidationError

from diagnosis.queries.findings import Remedy
from diagnosis.queries.scope import Scope
from operations.registry import definitions


def _operation(scope: Scope, name: str, label: str, **params: Any) -> Remedy:
    filled = {"team_name": scope.namespace, **params}
    declared = definitions().get(name)
    if declared is None:
        return Remedy(label)
    try:
        declared.parameters.model_validate(filled)
    except ValidationError:
        return Remedy(label)
    return Remedy(label, operation=name, params=filled)


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
