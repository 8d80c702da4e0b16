"""Who somebody is in which tenant. Looking up is asking permission."""

from collections.abc import Iterable
from types import MappingProxyType

from django.conf import settings
from django.db.models import Exists, QuerySet

from accounts.models import Person
from accounts.policies import may_github_vouch
from core.actor import Actor, Door, MissingRight, Role
from core.clock import now
from core.errors import NotFound
from core.gate import Explanation
from core.security_events import count_unseen
from tenants.models import Member, Tenant
from tenants.policies import team_giving, team_of

MOST_NAMED = 5


def actor_for(login: str, *, door: Door, client: str = "", token_kind: str = "session") -> Actor:
    """The Actor of a person, roles resolved from the memberships known now. Who left GitHub's organisation has none."""
    name = login.lower()
    shut_out = Person.objects.filter(login=name, is_active=False)
    memberships = (
        Member.objects.filter(~Exists(shut_out), login=name)
        .order_by()
        .values_list("tenant__name", "role", "resolved_at")
    )
    is_admin = name in {admin.lower() for admin in settings.PLATFORM_ADMINS} and is_known_member(name)
    return Actor(
        name=name,
        door=door,
        client=client,
        roles=MappingProxyType(greatest((tenant, role) for tenant, role, _ in memberships)),
        is_admin=is_admin and not shut_out.exists(),
        token_kind=token_kind,
        resolved_at=max((resolved_at for *_, resolved_at in memberships), default=now()),
    )


def is_known_member(login: str) -> bool:
    """A login alone makes nobody platform admin: Dex may put any into its tokens. The person must have signed in with
    GitHub as a member of the organisation; the rounds shut out those who left it."""
    if not settings.ADMINS_ARE_MEMBERS:
        return True
    return may_github_vouch().allowed and Person.objects.filter(login=login, github_id__isnull=False).exists()


def greatest(memberships: Iterable[tuple[str, str]]) -> dict[str, Role]:
    """Tenant to role. Listed in git and in a team, or in several teams: the greater role counts."""
    roles: dict[str, Role] = {}
    for tenant, word in memberships:
        role = Role(word)
        if tenant not in roles or roles[tenant].rank < role.rank:
            roles[tenant] = role
    return roles


def visible_tenants(actor: Actor) -> QuerySet[Tenant]:
    tenants = Tenant.objects.all()
    return tenants if actor.sees_everything else tenants.named(actor.seen_tenants())


def access_tenant(actor: Actor, name: str) -> Tenant:
    """The tenant, or NotFound with the same words whether it is absent or hidden."""
    tenant = Tenant.objects.filter(name=name).first() if actor.sees(name) else None
    if tenant is None:
        if not actor.sees(name):
            count_unseen(actor, "tenants.see", tenant=name)
        raise NotFound(
            f"There is no tenant {name!r} that you can see.",
            remedy="Check the name, or ask an owner of the tenant to add you.",
            ours=True,
            tenant=name[:63],
        )
    return tenant


def owners_of(tenant: str) -> list[str]:
    return sorted(
        Member.objects.filter(tenant__name=tenant, role=Role.OWNER).values_list("login", flat=True).distinct()
    )


def whom_to_ask(lacking: MissingRight) -> Explanation:
    """Which team gives the missing role, who can add somebody to it, and when memberships were last read."""
    if lacking.scope is not None:
        return Explanation(
            f"Let the client ask for {lacking.scope.value}, or create a token with it on the Connecting page.",
            {**about(lacking), "scope_needed": lacking.scope.value},
        )
    if lacking.needed is None:
        admins = sorted(settings.PLATFORM_ADMINS)[:MOST_NAMED]
        return Explanation(
            f"Ask {', '.join(admins) or 'whoever runs this installation'} to do it.", {**about(lacking), "ask": admins}
        )
    row = Tenant.objects.filter(name=lacking.tenant).only("name", "github_team", "team_roles").first()
    owners = owners_of(lacking.tenant)
    team = giving_team(row, lacking.needed) if row and settings.GITHUB_ORG else ""
    people = ", ".join(owners[:MOST_NAMED]) or "a platform admin"
    way = f"add you to the GitHub team {team}" if team else f"list you as {lacking.needed.value} in its values file"
    read = f" Your memberships were last read at {lacking.resolved_at:%H:%M:%S} UTC." if lacking.resolved_at else ""
    return Explanation(
        f"Ask {people} to {way}.{read}",
        {**about(lacking), "team": team, "ask": owners[:MOST_NAMED]},
    )


def about(lacking: MissingRight) -> dict[str, str | None]:
    return {
        "tenant": lacking.tenant,
        "role_needed": lacking.needed.value if lacking.needed else "platform admin",
        "role_held": lacking.held.value if lacking.held else None,
        "resolved_at": lacking.resolved_at.isoformat() if lacking.resolved_at else None,
    }


def giving_team(tenant: Tenant, role: Role) -> str:
    return team_giving(role, team_of(tenant.name, tenant.github_team), tenant.team_roles)


def role_words(actor: Actor, tenant: str) -> str:
    role: Role | None = actor.role_in(tenant)
    return role.value if role else "platform admin" if actor.is_admin else ""
