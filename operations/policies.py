"""Who may see and cancel an operation. Pure rules that explain themselves."""

from core.actor import Actor, Decision, MissingRight, Role, Scope, needs_scope


def may_cancel(actor: Actor, *, tenant: str, requested_by: str) -> Decision:
    """Developers of the tenant, and whoever started it as long as they are members."""
    if actor.at_least(Role.DEVELOPER, tenant=tenant):
        role = actor.role_in(tenant)
        return Decision(True, f"{actor.name} is {role.value if role else 'platform admin'} of {tenant}.")
    started_it = actor.name == requested_by and actor.sees(tenant)
    if started_it and Scope.WRITE in actor.scopes:
        return Decision(True, f"{actor.name} started it.")
    if started_it or actor.is_entitled(Role.DEVELOPER, tenant=tenant):
        return needs_scope(actor, Scope.WRITE, tenant=tenant, needed=Role.DEVELOPER, doing="Cancelling")
    return Decision(
        False,
        f"Cancelling needs the developer role in {tenant}, or to have started the operation, as {requested_by} did.",
        f"Ask {requested_by}, or an owner of {tenant}.",
        missing_right=MissingRight(tenant, Role.DEVELOPER, actor.role_in(tenant), actor.resolved_at),
    )
