"""Reads about tenants, members and the sources of the mirror. Looking up is asking permission."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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
from integrations.gitops import EVERY_HOST, Route
from tenants.models import HostClaim, Member, Source, TeamPin, Tenant
from tenants.policies import hosts_overlap, may_manage_members, team_giving, team_of, team_roles

MOST_NAMED = 5
# SQLite takes 32,766 values in one statement.
MOST_ASKED = 20_000
GITHUB_SOURCE = "github"
QUOTA_SOURCE = "kubernetes:resourcequotas"
SOURCE_STALE_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class UnreadableSource:
    """A source that cannot be read now. `last_read_at` is None where it was never read, and where nothing on the page
    is from it."""

    label: str
    last_read_at: datetime | None

    def __str__(self) -> str:
        last = f"; last read {self.last_read_at:%Y-%m-%d %H:%M:%S} UTC" if self.last_read_at else ""
        return f"{self.label} cannot be read now{last}."


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


def whom_to_ask(missing: MissingRight) -> Explanation:
    """Which team gives the missing role, who can add somebody to it, and when memberships were last read."""
    if missing.scope is not None:
        return Explanation(
            f"Let the client ask for {missing.scope.value}, or create a token with it on the Connecting page.",
            {**about(missing), "scope_needed": missing.scope.value},
        )
    if missing.needed is None:
        admins = sorted(settings.PLATFORM_ADMINS)[:MOST_NAMED]
        return Explanation(
            f"Ask {', '.join(admins) or 'whoever runs this installation'} to do it.", {**about(missing), "ask": admins}
        )
    row = Tenant.objects.filter(name=missing.tenant).only("name", "github_team", "team_roles").first()
    owners = owners_of(missing.tenant)
    team = giving_team(row, missing.needed) if row and settings.GITHUB_ORG else ""
    people = ", ".join(owners[:MOST_NAMED]) or "a platform admin"
    way = f"add you to the GitHub team {team}" if team else f"list you as {missing.needed.value} in its values file"
    read = f" Your memberships were last read at {missing.resolved_at:%H:%M:%S} UTC." if missing.resolved_at else ""
    return Explanation(
        f"Ask {people} to {way}.{read}",
        {**about(missing), "team": team, "ask": owners[:MOST_NAMED]},
    )


def about(missing: MissingRight) -> dict[str, str | None]:
    return {
        "tenant": missing.tenant,
        "role_needed": missing.needed.value if missing.needed else "platform admin",
        "role_held": missing.held.value if missing.held else None,
        "resolved_at": missing.resolved_at.isoformat() if missing.resolved_at else None,
    }


def giving_team(tenant: Tenant, role: Role) -> str:
    return team_giving(role, team_of(tenant.name, tenant.github_team), tenant.team_roles)


def sources() -> list[Mapping[str, object]]:
    """Every source of the mirror: `{"name", "label", "ok", "error", "observed_at", "age_s"}`."""
    moment = now()
    return [source_state(source, moment) for source in Source.objects.order_by("name")]


def quota_note(tenant: Tenant) -> str:
    """Which source of the quota cannot be read now, and when it was last read; empty while it can be read."""
    if tenant.cluster_observed_at is None:
        return "The cluster has not been observed yet, so nothing is known of what is used."
    return str(unreadable_quota_source(tenant) or "")


def unreadable_quota_source(tenant: Tenant) -> UnreadableSource | None:
    """The source of the quota's use where it cannot be read now."""
    away = unreadable_quotas_source()
    return replace(away, last_read_at=tenant.cluster_observed_at) if away else None


def unreadable_quotas_source() -> UnreadableSource | None:
    """The source of all quotas' use where it cannot be read now."""
    source = Source.objects.filter(name=QUOTA_SOURCE).first()
    if source is None or source_state(source, now())["ok"]:
        return None
    return UnreadableSource(source.label, source.last_contact_at)


def source_state(source: Source, moment: datetime) -> Mapping[str, object]:
    age = moment - source.last_contact_at if source.last_contact_at else None
    return {
        "name": source.name,
        "label": source.label,
        "ok": not source.error and age is not None and age <= SOURCE_STALE_AFTER,
        "error": source.error,
        "observed_at": source.last_contact_at,
        "age_s": age.total_seconds() if age is not None else None,
    }


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


def wildcards_over(host: str) -> list[str]:
    labels = host.split(".")
    return [EVERY_HOST, *(".".join([EVERY_HOST, *labels[start:]]) for start in range(1, len(labels)))]


def claims_in_the_way(routes: Collection[Route], *, tenant: str, service: str) -> Iterator[HostClaim]:
    """What others have of these hosts: another tenant at any path, wildcards included, and a service of this tenant at
    the same path. What is in git comes first. Every claim may be in the way of a wildcard, so take no more than needed.
    """
    places = {(route.host, route.path) for route in routes}
    hosts = {host for host, _ in places}
    if not hosts:
        return
    claims = HostClaim.objects.of_others(tenant, service).order_by("operation", "id")
    asked = hosts.union(*map(wildcards_over, hosts))
    has_wildcard = any(host.startswith(EVERY_HOST) for host in hosts)
    looked_at = claims.iterator() if has_wildcard or len(asked) > MOST_ASKED else claims.filter(host__in=asked)
    for claim in looked_at:
        if claim.tenant == tenant:
            is_in_the_way = (claim.host, claim.path) in places or (claim.operation and claim.host in hosts)
        else:
            is_in_the_way = claim.host in hosts or any(hosts_overlap(claim.host, host) for host in hosts)
        if is_in_the_way:
            yield claim


def hosts_of(tenant: str, service: str) -> list[Route]:
    """Where a service answers as git has it, in the order of its values file."""
    claims = HostClaim.objects.in_git().filter(tenant=tenant, service=service)
    return [Route(claim.host, claim.path, claim.source) for claim in claims]


def holder_name(claim: HostClaim, sees: Callable[[str], bool]) -> str:
    """Never the name of a tenant that somebody does not see."""
    return f"{claim.tenant}/{claim.service}" if sees(claim.tenant) else "another service"
