"""The pages of the services' operations; examples and sentences come from the operations' declarations."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django import forms
from django.urls import reverse

from core.actor import Actor
from operations.forms import OperationForm, OperationPage
from services import policies, queries
from services.models import Service
from tenants.models import Tenant
from tenants.queries import access_tenant

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


class ConfigureForm(OperationForm):
    """The environment stands in it line by line: one that is taken away is a variable to remove.

    Variables that a remedy asks for are added to those that stand.
    """

    def __init__(self, *arguments: Any, now: Mapping[str, Any], initial: Mapping[str, Any], **options: Any) -> None:
        settings = dict(now)
        standing = str(settings.pop("env_vars", ""))
        wanted = {**lines_read(standing), **lines_read(initial.get("env_vars", ""))}
        shown = {**initial, "env_vars": "\n".join(as_lines(wanted))}
        super().__init__(*arguments, now=settings, initial=shown, **options)
        self.lines = standing.splitlines()
        self.fields[SHOWN_ENVIRONMENT] = forms.CharField(
            widget=forms.HiddenInput, required=False, initial=" ".join(lines_read(standing))
        )

    def parameters(self) -> dict[str, Any]:
        given = super().parameters()
        shown, sent = str(given.pop(SHOWN_ENVIRONMENT, "")).split(), str(given.pop("env_vars", "")).splitlines()
        kept = {line.partition("=")[0].strip() for line in sent}
        changed = [line for line in sent if line.strip() and line not in self.lines]
        lines, gone = "\n".join(changed), [name for name in shown if name not in kept]
        return {**given, **({"env_vars": lines} if lines else {}), **({"unset_env": gone} if gone else {})}


def as_lines(variables: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in variables.items()]


def lines_read(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines())
    return {name.strip(): value for name, equals, value in pairs if equals}


# --- what stands around the forms


def service_frame(actor: Actor, service: Service) -> dict[str, Any]:
    leave = reverse("services:service_detail", args=[service.tenant, service.name])
    return {"service": queries.service_head(actor, service), "leave": leave}


def with_versions(field: str) -> Callable[[Actor, Service], dict[str, Any]]:
    """The versions that have run stand beside the form; choosing one fills in `field`."""

    def frame(actor: Actor, service: Service) -> dict[str, Any]:
        return {**service_frame(actor, service), "versions": queries.known_versions(service), "fills": field}

    return frame


def with_configuration(actor: Actor, service: Service) -> dict[str, Any]:
    return {**service_frame(actor, service), "config": queries.service_config(service)}


def tenant_frame(actor: Actor, tenant: Tenant) -> dict[str, Any]:
    return {"tenant": tenant}


# --- what the fields hold before anybody types


def tag_in_git(service: Service, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"image_tag": service.tag, **asked}


def version_to_return_to(service: Service, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return asked or {"target_tag": queries.version_before(service)}


def settings_of_a_new_service(tenant: Tenant, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"port": 8080, "host": "auto", "replicas": 1, **asked}


def configuration_now(service: Service) -> dict[str, Any]:
    """The settings in git, and the variables that a line can say."""
    lines = as_lines(queries.environment_now(service))
    return {**queries.settings_now(service), "env_vars": "\n".join(lines)}


# --- the pages

service_page = partial(
    OperationPage,
    place={"tenant": "team_name", "name": "component_name"},
    subject=queries.access_service,
    labels=LABELS,
    helps=HELPS,
    template="services/change.html",
    aside="services/_change_aside.html",
)

DEPLOY = service_page(
    operation="deploy-service",
    route="services:service_deploy",
    verb="services.deploy",
    may=lambda actor, service: policies.may_deploy(actor, tenant=service.tenant),
    title=lambda service: f"Deploy {service.name}",
    fields=DEPLOY_FIELDS,
    fixed={"action": "deploy"},
    initial=tag_in_git,
    frame=with_versions("image_tag"),
)
CONFIGURE = service_page(
    operation="deploy-service",
    route="services:service_configure",
    verb="services.configure",
    may=lambda actor, service: policies.may_configure(actor, tenant=service.tenant),
    title=lambda service: f"Configure {service.name}",
    fields=CONFIGURE_FIELDS,
    fixed={"action": "update-config"},
    now=configuration_now,
    defaults=queries.chart_defaults,
    labels={**LABELS, "env_vars": "Environment"},
    helps={**HELPS, "env_vars": "one KEY=value a line; a line you take away removes the variable"},
    form=ConfigureForm,
    frame=with_configuration,
)
ONBOARD = OperationPage(
    operation="deploy-service",
    route="services:service_new",
    verb="services.onboard",
    place={"tenant": "team_name"},
    subject=lambda actor, tenant: access_tenant(actor, tenant),
    may=lambda actor, tenant: policies.may_onboard(actor, tenant=tenant.name),
    title=lambda tenant: f"Add a service to {tenant.name}",
    fields=ONBOARD_FIELDS,
    fixed={"action": "onboard"},
    initial=settings_of_a_new_service,
    labels=LABELS,
    helps=HELPS,
    template="services/change.html",
    frame=tenant_frame,
)
ROLL_BACK = service_page(
    operation="rollback-service",
    route="services:service_rollback",
    verb="services.rollback",
    may=lambda actor, service: policies.may_roll_back(actor, tenant=service.tenant),
    title=lambda service: f"Roll back {service.name}",
    fields=ROLLBACK_FIELDS,
    initial=version_to_return_to,
    frame=with_versions("target_tag"),
)
SCALE = service_page(
    operation="scale-service",
    route="services:service_scale",
    verb="services.scale",
    may=lambda actor, service: policies.may_scale(actor, tenant=service.tenant),
    title=lambda service: f"Scale {service.name}",
    fields=SCALE_FIELDS,
    now=queries.settings_now,
    defaults=queries.chart_defaults,
    frame=with_configuration,
)
PAGES = (DEPLOY, CONFIGURE, ONBOARD, ROLL_BACK, SCALE)
