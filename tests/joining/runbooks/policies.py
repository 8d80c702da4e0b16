"""Who may write a runbook."""

from core.actor import Actor, Decision, Role
from tenants.policies import needs_role


def may_write_runbook(actor: Actor, *, tenant: str) -> Decision:
    return needs_role(actor, Role.DEVELOPER, tenant=tenant, doing="Writing a runbook")
