"""The forms of the service pages; fields, examples and sentences come from the operations' declarations."""

from collections.abc import Mapping
from typing import Any

from django import forms

from operations.forms import OperationForm
from operations.registry import definitions
from services.models import Service

SIZE_FIELDS = ("cpu_request", "cpu_limit", "memory_request", "memory_limit")
DEPLOY_FIELDS = ("image_tag", "env_vars", "unset_env")
CONFIGURE_FIELDS = (
    "env_vars", "port", "host", "health_check_path", "skip_health_check", "startup_time_s", "replicas", *SIZE_FIELDS,
)  # fmt: skip
SCALE_FIELDS = (
    "replicas", "autoscaling_enabled", "min_replicas", "max_replicas", "cpu_threshold", *SIZE_FIELDS,
)  # fmt: skip
ROLLBACK_FIELDS = ("target_tag", "revision")
ONBOARD_FIELDS = (
    "component_name", "component_type", "image_repository", "image_tag", "port", "host", "replicas", "env_vars",
    "health_check_path", "skip_health_check", "startup_time_s",
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
    "startup_time_s": "Time to start (seconds)",
    "replicas": "Pods",
    "autoscaling_enabled": "Let the load decide how many pods run",
    "min_replicas": "Fewest pods",
    "max_replicas": "Most pods",
    "cpu_threshold": "Add pods above (% of CPU request)",
    "cpu_request": "CPU request",
    "cpu_limit": "CPU limit",
    "memory_request": "Memory request",
    "memory_limit": "Memory limit",
    "target_tag": "Version to return to",
    "revision": "Or the file of a commit",
}
SHOWN_ENVIRONMENT = "environment_shown"


class ConfigureForm(OperationForm):
    """The environment stands in it as git has it: a line that is taken away is a variable to remove."""

    def __init__(self, *arguments: Any, shown_environment: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields[SHOWN_ENVIRONMENT] = forms.CharField(
            widget=forms.HiddenInput, required=False, initial=shown_environment
        )

    def parameters(self) -> dict[str, Any]:
        given = super().parameters()
        shown = str(given.pop(SHOWN_ENVIRONMENT, "")).split()
        kept = {line.partition("=")[0].strip() for line in str(given.get("env_vars", "")).splitlines()}
        gone = [name for name in shown if name not in kept]
        return {**given, "unset_env": gone} if gone else given


def deploy_form(service: Service, data: Mapping[str, Any] | None = None, **initial: Any) -> OperationForm:
    return _form("deploy-service", DEPLOY_FIELDS, fixed(service, action="deploy"), data, initial)


def rollback_form(service: Service, data: Mapping[str, Any] | None = None, **initial: Any) -> OperationForm:
    return _form("rollback-service", ROLLBACK_FIELDS, fixed(service), data, initial)


def scale_form(service: Service, data: Mapping[str, Any] | None = None, **initial: Any) -> OperationForm:
    return _form("scale-service", SCALE_FIELDS, fixed(service), data, initial)


def configure_form(
    service: Service, data: Mapping[str, Any] | None = None, *, environment: Mapping[str, str], **initial: Any
) -> OperationForm:
    """`environment` is what git has and a line can say; the variables of a remedy are added to it."""
    wanted = {**environment, **lines_read(initial.pop("env_vars", ""))}
    return ConfigureForm(
        definitions()["deploy-service"],
        shown=CONFIGURE_FIELDS,
        fixed=fixed(service, action="update-config"),
        data=data,
        initial={**initial, "env_vars": "\n".join(f"{name}={value}" for name, value in wanted.items())},
        labels={**LABELS, "env_vars": "Environment"},
        helps={"env_vars": "one KEY=value a line; a line you take away removes the variable"},
        shown_environment=" ".join(environment),
    )


def onboard_form(tenant: str, data: Mapping[str, Any] | None = None, **initial: Any) -> OperationForm:
    given = {"port": 8080, "host": "auto", "replicas": 1, **initial}
    return _form("deploy-service", ONBOARD_FIELDS, {"action": "onboard", "team_name": tenant}, data, given)


def fixed(service: Service, **more: str) -> dict[str, str]:
    return {**more, "team_name": service.tenant, "component_name": service.name}


def lines_read(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines())
    return {name.strip(): value for name, equals, value in pairs if equals}


def _form(
    operation: str,
    shown: tuple[str, ...],
    known: dict[str, str],
    data: Mapping[str, Any] | None,
    initial: Mapping[str, Any],
) -> OperationForm:
    helps = {"env_vars": "variables to set, one KEY=value a line; the others stay"}
    return OperationForm(
        definitions()[operation], shown=shown, fixed=known, data=data, initial=initial, labels=LABELS, helps=helps
    )
