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
HELPS = {
    "env_vars": "variables to set, one KEY=value a line; the others stay",
    "port": "the port the program listens on",
    "replicas": "how many run, while the load does not decide",
    "autoscaling_enabled": "between the fewest and the most given below",
    "min_replicas": "with autoscaling",
    "max_replicas": "with autoscaling",
    "cpu_threshold": "with autoscaling, on average over all pods",
    "target_tag": "one that has run",
}
SHOWN_ENVIRONMENT = "environment_shown"
Settings = Mapping[str, Any]


class ChangeForm(OperationForm):
    """Filled in with what git has. What is left as it stands is not sent, so that the operation and its commit name
    only what changes. `defaults` are the chart's, shown where the file says nothing."""

    def __init__(
        self, *arguments: Any, now: Mapping[str, Any], defaults: Mapping[str, Any] | None = None, **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self.now = now
        for name, default in (defaults or {}).items():
            if name in self.fields:
                self.fields[name].widget.attrs["placeholder"] = f"{default} by default"

    def parameters(self) -> dict[str, Any]:
        given = super().parameters()
        return {name: value for name, value in given.items() if name in self.fixed or not self.stands(name, value)}

    def stands(self, name: str, value: Any) -> bool:
        """An unticked box says nothing where git says nothing."""
        return str(value) == str(self.now.get(name, False if value is False else None))


class ConfigureForm(ChangeForm):
    """The environment stands in it line by line: one that is taken away is a variable to remove."""

    def __init__(self, *arguments: Any, environment: Mapping[str, str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.lines = as_lines(environment)
        self.fields[SHOWN_ENVIRONMENT] = forms.CharField(
            widget=forms.HiddenInput, required=False, initial=" ".join(environment)
        )

    def parameters(self) -> dict[str, Any]:
        given = super().parameters()
        shown, sent = str(given.pop(SHOWN_ENVIRONMENT, "")).split(), str(given.pop("env_vars", "")).splitlines()
        kept = {line.partition("=")[0].strip() for line in sent}
        changed = [line for line in sent if line.strip() and line not in self.lines]
        lines, gone = "\n".join(changed), [name for name in shown if name not in kept]
        return {**given, **({"env_vars": lines} if lines else {}), **({"unset_env": gone} if gone else {})}


def deploy_form(service: Service, data: Mapping[str, Any] | None = None, **initial: Any) -> OperationForm:
    return _form("deploy-service", DEPLOY_FIELDS, fixed(service, action="deploy"), data, initial)


def rollback_form(service: Service, data: Mapping[str, Any] | None = None, **initial: Any) -> OperationForm:
    return _form("rollback-service", ROLLBACK_FIELDS, fixed(service), data, initial)


def scale_form(
    service: Service, data: Mapping[str, Any] | None = None, *, now: Settings, defaults: Settings, **asked: Any
) -> OperationForm:
    """`now` is what git has, `asked` what a remedy wants instead."""
    return ChangeForm(
        definitions()["scale-service"],
        shown=SCALE_FIELDS,
        fixed=fixed(service),
        data=data,
        initial={**now, **asked},
        labels=LABELS,
        helps=HELPS,
        now=now,
        defaults=defaults,
    )


def configure_form(
    service: Service,
    data: Mapping[str, Any] | None = None,
    *,
    now: Settings,
    defaults: Settings,
    environment: Mapping[str, str],
    **asked: Any,
) -> OperationForm:
    """`environment` is what git has and a line can say; the variables of a remedy are added to it."""
    wanted = {**environment, **lines_read(asked.pop("env_vars", ""))}
    return ConfigureForm(
        definitions()["deploy-service"],
        shown=CONFIGURE_FIELDS,
        fixed=fixed(service, action="update-config"),
        data=data,
        initial={**now, **asked, "env_vars": "\n".join(as_lines(wanted))},
        labels={**LABELS, "env_vars": "Environment"},
        helps={**HELPS, "env_vars": "one KEY=value a line; a line you take away removes the variable"},
        now=now,
        defaults=defaults,
        environment=environment,
    )


def onboard_form(tenant: str, data: Mapping[str, Any] | None = None, **initial: Any) -> OperationForm:
    given = {"port": 8080, "host": "auto", "replicas": 1, **initial}
    return _form("deploy-service", ONBOARD_FIELDS, {"action": "onboard", "team_name": tenant}, data, given)


def fixed(service: Service, **more: str) -> dict[str, str]:
    return {**more, "team_name": service.tenant, "component_name": service.name}


def as_lines(variables: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in variables.items()]


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
    return OperationForm(
        definitions()[operation], shown=shown, fixed=known, data=data, initial=initial, labels=LABELS, helps=HELPS
    )
