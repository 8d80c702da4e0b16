"""What can be done about a finding: the operation with its parameters filled in, a tool, or words."""

from typing import Any

from diagnosis.queries.findings import Remedy
from diagnosis.queries.scope import Scope


def _service(scope: Scope, **params: Any) -> dict[str, Any]:
    return {"team_name": scope.namespace, "component_name": scope.service, **params}


def deploy(scope: Scope, label: str, **params: Any) -> Remedy:
    return Remedy(label, operation="deploy-service", params=_service(scope, **{"action": "deploy", **params}))


def configure(scope: Scope, label: str, **params: Any) -> Remedy:
    return Remedy(label, operation="deploy-service", params=_service(scope, action="update-config", **params))


def roll_back(scope: Scope, label: str = "", *, target_tag: str = "") -> Remedy:
    params = _service(scope, target_tag=target_tag) if target_tag else _service(scope)
    said = label or (f"Roll back to {target_tag}" if target_tag else "Roll back to the previous version")
    return Remedy(said, operation="rollback-service", params=params)


def scale(scope: Scope, label: str, **params: Any) -> Remedy:
    return Remedy(label, operation="scale-service", params=_service(scope, **params))


def provision_database(scope: Scope, label: str) -> Remedy:
    params = {"team_name": scope.namespace, "app_name": scope.service}
    return Remedy(label, operation="provision-database", params=params)


def read_logs(scope: Scope) -> Remedy:
    return Remedy("Read the log", tool="mctl_get_service_logs", params=_service(scope))


def see_usage(scope: Scope) -> Remedy:
    label = f"See the resource usage of {scope.namespace}"
    return Remedy(label, tool="mctl_get_resource_usage", params={"team_name": scope.namespace})


def grant_access(scope: Scope, image: str) -> Remedy:
    repository = image.partition("@")[0].rpartition(":")[0] or image
    params = {"team_name": scope.namespace, "repo": "/".join(repository.split("/")[-2:])}
    return Remedy("Grant the tenant access to the repository", tool="mctl_grant_repo_access", params=params)


def verify_domain(scope: Scope, domain: str) -> Remedy:
    params = {"team_name": scope.namespace, "service_name": scope.service, "domain": domain}
    return Remedy(f"Verify the domain {domain}", tool="mctl_verify_domain", params=params)


def say(label: str) -> Remedy:
    """Something a person does outside the platform, in words."""
    return Remedy(label)


def ask_platform(label: str) -> Remedy:
    return Remedy(f"Ask a platform admin: {label}")
