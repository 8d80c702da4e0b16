"""The operations of services, declared once for every door."""

from collections.abc import Mapping
from typing import Any

from core.actor import Actor, Decision
from core.errors import Busy, NotFound
from core.resource_names import application_name
from integrations.errors import IntegrationError
from operations.choices import Risk
from operations.registry import OperationDefinition, Target
from services.errors import refused
from services.models import Service
from services.runners.changes import host_name, summary
from services.runners.checks import refuse_nothing
from services.runners.hosts import refuse_hosts
from services.runners.parameters import (
    DeployServiceParameters,
    RollbackServiceParameters,
    ScaleServiceParameters,
    ServiceParameters,
)
from services.runners.plan import plan_change, planned_file
from services.runners.steps import steps_of
from services.runners.targets import rollback_of
from tenants.queries import access_tenant


def policy(actor: Actor, parameters: ServiceParameters) -> Decision:
    """Looking up comes first: a tenant that is hidden reads as one that does not exist."""
    access_tenant(actor, parameters.team_name)
    return parameters.does.rule(actor, tenant=parameters.team_name)


def check(actor: Actor, parameters: ServiceParameters) -> None:
    if isinstance(parameters, ScaleServiceParameters):
        refuse_nothing(parameters)
    if not isinstance(parameters, DeployServiceParameters):
        return
    if parameters.secret_env_vars:
        sentence = "Secrets cannot be written yet: this installation has no Vault connected."
        raise refused("secret_env_vars", "(hidden)", sentence, remedy="Leave them out; nothing of them was kept.")
    if parameters.action == "onboard" and shares_an_application(parameters):
        # Not whose: it may be a tenant this person cannot see.
        sentence = "An Application of that name exists: tenant and service joined read the same as another pair."
        raise refused("component_name", parameters.component_name, sentence, remedy="Choose another name.")
    if host_name(parameters):
        refuse_hosts_at_once(actor, parameters)


def refuse_hosts_at_once(actor: Actor, parameters: DeployServiceParameters) -> None:
    """By git as last fetched, for those who start without a plan. What else stands in the way, the steps say."""
    try:
        file = planned_file(parameters)
    except (Busy, NotFound, IntegrationError):
        return
    refuse_hosts(actor, parameters, file.before, file.after or "")


def shares_an_application(parameters: DeployServiceParameters) -> bool:
    """Tenant a-b with service c and tenant a with service b-c would share Application, host and objects."""
    joined = application_name(parameters.team_name, parameters.component_name)
    pairs = [(joined[:at], joined[at + 1 :]) for at, char in enumerate(joined) if char == "-"]
    others = [pair for pair in pairs if pair[0] != parameters.team_name and all(pair)]
    return any(Service.objects.filter(tenant=tenant, name=name).exists() for tenant, name in others)


def declared(
    title: str,
    description: str,
    parameters: type[ServiceParameters],
    example: Mapping[str, Any],
    *,
    destructive: bool = False,
) -> OperationDefinition:
    """One edit of a service's values file: planned, committed, synced and observed like every other."""
    return OperationDefinition(
        name=parameters.operation,
        title=title,
        description=description,
        risk=Risk.MEDIUM,
        must_confirm=False,
        destructive=destructive,
        parameters=parameters,
        target=lambda given: Target(given.team_name, given.component_name),
        summary=summary,
        policy=policy,
        check=check,
        plan=plan_change,
        steps=steps_of,
        undo=rollback_of,
        example={**example, "team_name": "payments", "component_name": "checkout-web"},
    )


OPERATIONS = (
    declared(
        "Deploy a service",
        "Adds a service, deploys a version of it, or changes its configuration, by a commit to git.",
        DeployServiceParameters,
        {"action": "deploy", "image_tag": "5.1.0"},
    ),
    declared(
        "Roll back a service",
        "Returns a service to a version that ran before, or to the settings of an earlier commit, by a commit to git.",
        RollbackServiceParameters,
        {"target_tag": "5.0.2"},
        destructive=True,
    ),
    declared(
        "Scale a service",
        "Sets how many pods a service has, or lets its load decide, and what a pod may take, by a commit to git.",
        ScaleServiceParameters,
        {"replicas": 3},
    ),
)
