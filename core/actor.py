"""Who is acting, as a frozen value built once at the edge. Never None: workers and schedules are actors too."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """Roles in a tenant, weakest first. A platform admin is not a role but `Actor.is_admin`."""

    VIEWER = "viewer"
    DEVELOPER = "developer"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        return RANKS[self]


RANKS = {role: rank for rank, role in enumerate(Role)}


class Scope(StrEnum):
    """What a token may be used for: the ceiling of its roles. Sessions have all of them."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


# Kinds of token that rules tell apart; `accounts` knows the others.
SESSION, OAUTH_TOKEN = "session", "oauth"
ALL_SCOPES = frozenset(Scope)


class Door(StrEnum):
    """Where a request came in; kept in the audit beside the actor."""

    WEB = "web"
    REST = "rest"
    MCP = "mcp"
    COMMAND = "command"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True)
class Actor:
    """`roles` maps a tenant's name to the actor's role there; `resolved_at` is when memberships were last read.

    `scopes` is what the token was issued for, and limits the roles: a viewer's right needs `read`, any other `write`.
    `expires_at` is when the token ends, where that is known.
    """

    name: str
    door: Door
    roles: Mapping[str, Role] = field(default_factory=lambda: MappingProxyType({}))
    is_admin: bool = False
    client: str = ""
    token_kind: str = SESSION
    resolved_at: datetime | None = None
    scopes: frozenset[str] = ALL_SCOPES
    expires_at: datetime | None = None

    def role_in(self, tenant: str) -> Role | None:
        return self.roles.get(tenant)

    def at_least(self, role: Role, *, tenant: str) -> bool:
        """True for platform admins, and for members of the tenant whose role ranks at least as high, as far as the
        token's scopes go."""
        return self.is_entitled(role, tenant=tenant) and scope_for(role) in self.scopes

    def is_entitled(self, role: Role, *, tenant: str) -> bool:
        """The same of the person, whatever the token."""
        own = self.roles.get(tenant)
        return self.is_admin or (own is not None and own.rank >= role.rank)

    def sees(self, tenant: str) -> bool:
        return self.at_least(Role.VIEWER, tenant=tenant)

    @property
    def sees_everything(self) -> bool:
        return self.is_admin and Scope.READ in self.scopes

    @property
    def is_agent(self) -> bool:
        """A program that acts for a person who does not watch it: an OAuth client at any door, and whatever brings a
        token to /mcp. A script with a personal token was written by the person, and a worker goes on with what began.
        """
        return self.token_kind == OAUTH_TOKEN or (self.door is Door.MCP and self.token_kind != SESSION)

    def seen_tenants(self) -> list[str]:
        """Names for a filter; of somebody who sees everything ask `sees_everything` first."""
        return [tenant for tenant in self.roles if self.sees(tenant)]


def scope_for(role: Role) -> Scope:
    """What a token needs for a right of that role."""
    return Scope.READ if role is Role.VIEWER else Scope.WRITE


@dataclass(frozen=True, slots=True)
class MissingRight:
    """What a refusal misses: the role needed (None: platform admin) and held in the tenant, and when memberships were
    last read. `scope` is set where the role would do, and only the token's scope is too narrow."""

    tenant: str
    needed: Role | None
    held: Role | None
    resolved_at: datetime | None
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A policy's answer, with the reason that is shown, returned to agents and kept in the audit."""

    allowed: bool
    reason: str
    remedy: str = ""
    missing_right: MissingRight | None = None


def needs_scope(actor: Actor, scope: Scope, *, tenant: str, needed: Role | None, doing: str) -> Decision:
    """The refusal of a token that is too narrow for what its person may do."""
    has = " ".join(one.value for one in Scope if one in actor.scopes) or "none"
    return Decision(
        False,
        f"{doing} needs a token with the scope {scope.value}; this one has {has}.",
        missing_right=MissingRight(tenant, needed, actor.role_in(tenant), actor.resolved_at, scope),
    )
