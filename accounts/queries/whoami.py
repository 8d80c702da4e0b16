"""Who somebody is, in the shape of `GET /api/v1/whoami`."""

from typing import Any

from core.actor import Actor

ADMINS = "admins"


def whoami(actor: Actor) -> dict[str, Any]:
    """`{"id", "groups", "isAdmin", "namespaces", "roles", "token_kind", "scopes", "expires_at", "resolved_at"}`.

    Times are ISO 8601 or null. A tenant's namespace has the tenant's name.
    """
    tenants = sorted(actor.roles)
    return {
        "id": actor.name,
        "groups": [*([ADMINS] if actor.is_admin else []), *tenants],
        "isAdmin": actor.is_admin,
        "namespaces": tenants,
        "roles": {tenant: actor.roles[tenant].value for tenant in tenants},
        "token_kind": actor.token_kind,
        "scopes": sorted(actor.scopes),
        "expires_at": actor.expires_at.isoformat() if actor.expires_at else None,
        "resolved_at": actor.resolved_at.isoformat() if actor.resolved_at else None,
    }
