"""Tools for agents: who am I."""

from accounts.queries import whoami
from core.actor import Actor
from core.tool import Answer, Next, ToolArguments, tool

RETURNS = {
    "id": "string", "groups": "array", "isAdmin": "boolean", "namespaces": "array", "roles": "object",
    "token_kind": "string", "scopes": "array", "expires_at": "string?", "resolved_at": "string?",
}  # fmt: skip


@tool("mctl_whoami", "Who am I", ToolArguments, RETURNS)
def who_am_i(actor: Actor, asked: ToolArguments) -> Answer:
    """Who you act for, with which roles and scopes. Ask first."""
    about = whoami(actor)
    roles = ", ".join(f"{role} of {tenant}" for tenant, role in about["roles"].items())
    words = "platform admin" if actor.is_admin else roles or "member of no tenant"
    return Answer(
        about, f"You act for {actor.name}, {words}.", [Next("mctl_list_services", {}, "what you can see")], untrusted=""
    )
