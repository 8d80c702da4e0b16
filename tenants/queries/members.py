"""Who belongs to a tenant and through what, and what one is oneself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from accounts.models import Person
from core.actor import Actor, Role
from core.clock import now
from tenants.models import Member, Source, TeamPin, Tenant
from tenants.policies import may_manage_members, team_of, team_roles
from tenants.queries.access import access_tenant
from tenants.queries.sources import GITHUB_SOURCE, source_state


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One person of a tenant. `role` is the one that counts; `sources` say where each role comes from."""

    login: str
    role: Role
    sources: list[Member]
    is_you: bool


@dataclass(frozen=True, slots=True)
class TeamRow:
    """A GitHub team that gives `role`. `changed_hands`: another team has taken the name, and it gives nothing."""

    slug: str
    role: Role
    url: str
    people: int
    changed_hands: bool


@dataclass(frozen=True, slots=True)
class MembersPage:
    """`mapped_in_git`: the tenant's values file says which team gives which role, not the settings."""

    tenant: Tenant
    own_role: Role | None
    may_manage: bool
    people: list[MemberRow]
    teams: list[TeamRow]
    values_file: str
    mapped_in_git: bool
    github: Mapping[str, object] | None


def members_page(actor: Actor, name: str) -> MembersPage:
    """Who belongs to the tenant, through what, and how that is changed. Raises NotFound."""
    tenant = access_tenant(actor, name)
    people = people_of(tenant, actor)
    source = Source.objects.filter(name=GITHUB_SOURCE).first()
    return MembersPage(
        tenant=tenant,
        own_role=actor.role_in(name),
        may_manage=may_manage_members(actor, tenant=name).allowed,
        people=people,
        teams=team_rows(tenant, people),
        values_file=f"{settings.GITOPS_BASE_PATH}/tenants/{name}/values.yaml",
        mapped_in_git=bool(tenant.team_roles),
        github=source_state(source, now()) if source else None,
    )


def people_of(tenant: Tenant, actor: Actor) -> list[MemberRow]:
    """Everybody who belongs to the tenant, once, greatest role first."""
    by_login: dict[str, list[Member]] = {}
    for row in tenant.members.order_by("login", "source"):
        by_login.setdefault(row.login, []).append(row)
    people = [
        MemberRow(login, max((Role(row.role) for row in found), key=lambda role: role.rank), found, login == actor.name)
        for login, found in by_login.items()
    ]
    return sorted(people, key=lambda person: (-person.role.rank, person.login))


def team_rows(tenant: Tenant, people: list[MemberRow]) -> list[TeamRow]:
    """The teams that may give a role here, greatest role first; none where GitHub is not configured."""
    if not settings.GITHUB_ORG:
        return []
    roles = team_roles(team_of(tenant.name, tenant.github_team), tenant.team_roles)
    taken = set(TeamPin.objects.filter(slug__in=roles, seen_id__isnull=False).values_list("slug", flat=True))
    through = [source.team for person in people for source in person.sources]
    base = f"{settings.GITHUB_URL.rstrip('/')}/orgs/{settings.GITHUB_ORG}/teams"
    return [
        TeamRow(slug, role, f"{base}/{slug}", through.count(slug), slug in taken)
        for slug, role in sorted(roles.items(), key=lambda entry: -entry[1].rank)
    ]


@dataclass(frozen=True, slots=True)
class AccountPage:
    """`memberships_at` is when GitHub last answered for this person; None where it was never asked."""

    login: str
    name: str
    is_admin: bool
    tenants: list[tuple[str, Role, list[Member]]]
    memberships_at: datetime | None
    can_refresh: bool
    github: Mapping[str, object] | None


def account_page(actor: Actor) -> AccountPage:
    """Who the actor is here and through what, tenant by tenant."""
    person = Person.objects.filter(login=actor.name).first()
    rows = Member.objects.filter(login=actor.name).select_related("tenant").order_by("tenant__name", "source")
    found: dict[str, list[Member]] = {}
    for row in rows:
        found.setdefault(row.tenant.name, []).append(row)
    source = Source.objects.filter(name=GITHUB_SOURCE).first()
    return AccountPage(
        login=actor.name,
        name=person.name if person else "",
        is_admin=actor.is_admin,
        tenants=[(tenant, actor.roles[tenant], listed) for tenant, listed in found.items() if tenant in actor.roles],
        memberships_at=person.memberships_at if person else None,
        can_refresh=bool(settings.GITHUB_ORG and settings.GITHUB_TOKEN),
        github=source_state(source, now()) if source else None,
    )
