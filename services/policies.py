"""Who may do what with a service. Pure rules that explain themselves."""

from core.actor import Actor, Decision, Role
from tenants.policies import needs_role


def may_deploy(actor: Actor, *, tenant: str) -> Decision:
    return needs_role(actor, Role.DEVELOPER, tenant=tenant, doing="Deploying a service")


def may_configure(actor: Actor, *, tenant: str) -> Decision:
    return needs_role(actor, Role.DEVELOPER, tenant=tenant, doing="Changing a service's configuration")


def may_onboard(actor: Actor, *, tenant: str) -> Decision:
    return needs_role(actor, Role.DEVELOPER, tenant=tenant, doing="Adding a service")


def may_roll_back(actor: Actor, *, tenant: str) -> Decision:
    return needs_role(actor, Role.DEVELOPER, tenant=tenant, doing="Rolling a service back")


def may_scale(actor: Actor, *, tenant: str) -> Decision:
    return needs_role(actor, Role.DEVELOPER, tenant=tenant, doing="Scaling a service")
