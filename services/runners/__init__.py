"""The operations of services, declared once for every door."""

from core.actor import Actor, Decision
from core.errors import Invalid
from operations.choices import Risk
from operations.registry import OperationDefinition, Target
from services import policies
from services.models import Service
from services.runners.parameters import DeployServiceParameters
from services.runners.plan import plan_deploy, summary
from services.runners.steps import steps_of
from tenants.queries import access_tenant

RULES = {
    "onboard": policies.may_onboard,
    "deploy": policies.may_deploy,
    "update-config": policies.may_configure,
}


def policy(actor: Actor, parameters: DeployServiceParameters) -> Decision:
    """Looking up comes first: a tenant that is hidden reads as one that does not exist."""
    access_tenant(actor, parameters.team_name)
    return RULES[parameters.action](actor, tenant=parameters.team_name)


def check(actor: Actor, parameters: DeployServiceParameters) -> None:
    if parameters.secret_env_vars:
        field = {
            "field": "secret_env_vars",
            "value": "(hidden)",
            "sentence": "Secrets cannot be written yet: this installation has no Vault connected.",
            "example": "",
        }
        raise Invalid("Secret variables are refused, so that they are not lost or stored elsewhere.", fields=[field])
    if parameters.action == "onboard" and shares_an_application(parameters):
        # Not whose: it may be a tenant this person cannot see.
        sentence = "An Application of that name exists: tenant and service joined read the same as another pair."
        field = {"field": "component_name", "value": parameters.component_name, "sentence": sentence, "example": ""}
        raise Invalid("The name is taken.", fields=[field], remedy="Choose another name.")


def shares_an_application(parameters: DeployServiceParameters) -> bool:
    """Tenant a-b with service c and tenant a with service b-c would share Application, host and objects."""
    joined = f"{parameters.team_name}-{parameters.component_name}"
    pairs = [(joined[:at], joined[at + 1 :]) for at, char in enumerate(joined) if char == "-"]
    others = [pair for pair in pairs if pair[0] != parameters.team_name and all(pair)]
    return any(Service.objects.filter(tenant=tenant, name=name).exists() for tenant, name in others)


DEPLOY_SERVICE = OperationDefinition(
    name="deploy-service",
    title="Deploy a service",
    description="Adds a service, deploys a version of it, or changes its configuration, by a commit to git.",
    risk=Risk.MEDIUM,
    must_confirm=False,
    parameters=DeployServiceParameters,
    target=lambda parameters: Target(parameters.team_name, parameters.component_name),
    summary=summary,
    policy=policy,
    check=check,
    plan=plan_deploy,
    steps=steps_of,
    example={"action": "deploy", "team_name": "payments", "component_name": "checkout-web", "image_tag": "5.1.0"},
)
