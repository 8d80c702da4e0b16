"""The forms of the service pages; fields, examples and sentences come from the operation's declaration."""

from collections.abc import Mapping
from typing import Any

from operations.forms import OperationForm
from operations.registry import definitions
from services.models import Service

DEPLOY_FIELDS = ("image_tag", "env_vars", "unset_env")
CONFIGURE_FIELDS = (
    "env_vars", "unset_env", "port", "host", "health_check_path", "skip_health_check", "replicas", "cpu_request",
    "cpu_limit", "memory_request", "memory_limit",
)  # fmt: skip
ONBOARD_FIELDS = (
    "component_name", "component_type", "image_repository", "image_tag", "port", "host", "replicas", "env_vars",
    "health_check_path", "skip_health_check",
)  # fmt: skip
LABELS = {
    "image_tag": "Version (image tag)",
    "env_vars": "Environment to set",
    "unset_env": "Environment to remove",
    "component_name": "Name",
    "component_type": "Type",
    "image_repository": "Image",
    "health_check_path": "Health check path",
    "skip_health_check": "No health checks",
    "cpu_request": "CPU request",
    "cpu_limit": "CPU limit",
    "memory_request": "Memory request",
    "memory_limit": "Memory limit",
}
OPERATION = "deploy-service"


def deploy_form(service: Service, data: Mapping[str, Any] | None = None, **initial: Any) -> OperationForm:
    return _form(DEPLOY_FIELDS, fixed("deploy", service.tenant, service.name), data, initial)


def configure_form(service: Service, data: Mapping[str, Any] | None = None, **initial: Any) -> OperationForm:
    return _form(CONFIGURE_FIELDS, fixed("update-config", service.tenant, service.name), data, initial)


def onboard_form(tenant: str, data: Mapping[str, Any] | None = None, **initial: Any) -> OperationForm:
    given = {"port": 8080, "host": "auto", "replicas": 1, **initial}
    return _form(ONBOARD_FIELDS, {"action": "onboard", "team_name": tenant}, data, given)


def fixed(action: str, tenant: str, service: str) -> dict[str, str]:
    return {"action": action, "team_name": tenant, "component_name": service}


def _form(
    shown: tuple[str, ...], known: dict[str, str], data: Mapping[str, Any] | None, initial: Mapping[str, Any]
) -> OperationForm:
    return OperationForm(definitions()[OPERATION], shown=shown, fixed=known, data=data, initial=initial, labels=LABELS)
