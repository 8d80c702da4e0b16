"""Roles out of teams, and the rows that keep them. Rows from git are never touched here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction

from core.actor import Role
from core.clock import now
from integrations.github import Team
from tenants.models import Member, TeamPin, Tenant
from tenants.policies import team_of, team_roles

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Grant:
    """What membership in one team means in one tenant."""

    tenant_id: int
    tenant: str
    role: Role


RolesHeld = Mapping[tuple[int, str], tuple[Role, str]]  # (tenant's row id, login) -> (role, team)


def grants_by_team() -> Mapping[str, list[Grant]]:
    """Every team that gives a role somewhere. One team may serve several tenants."""
    grants: dict[str, list[Grant]] = {}
    for row in Tenant.objects.only("name", "github_team", "team_roles"):
        for slug, role in team_roles(team_of(row.name, row.github_team), row.team_roles).items():
            grants.setdefault(slug, []).append(Grant(row.pk, row.name, role))
    return grants


def trusted_teams(teams: Iterable[Team]) -> list[Team]:
    """Those that are still the team which had that name first. The others are noted and give no role."""
    teams = list(teams)
    pins = {pin.slug: pin for pin in TeamPin.objects.filter(slug__in=[team.slug for team in teams])}
    fresh = [TeamPin(slug=team.slug, github_id=team.id, pinned_at=now()) for team in teams if team.slug not in pins]
    TeamPin.objects.bulk_create(fresh, ignore_conflicts=True)
    trusted = []
    for team in teams:
        pin = pins.get(team.slug)
        stranger = team.id if pin is not None and pin.github_id != team.id else None
        if stranger is None:
            trusted.append(team)
        if pin is not None and pin.seen_id != stranger:
            log.warning("team_changed_hands", team=team.slug, pinned=pin.github_id, seen=stranger)
            TeamPin.objects.filter(pk=pin.pk).update(seen_id=stranger)
    return trusted


def roles_through_teams(members: Mapping[str, Iterable[str]]) -> RolesHeld:
    """The greatest role of each person in each tenant. `members`: team slug -> logins."""
    held: dict[tuple[int, str], tuple[Role, str]] = {}
    grants = grants_by_team()
    for slug, logins in members.items():
        for grant in grants.get(slug, ()):
            for login in logins:
                before = held.get((grant.tenant_id, login))
                if before is None or before[0].rank < grant.role.rank:
                    held[grant.tenant_id, login] = (grant.role, slug)
    return held


def save_roles(held: RolesHeld, *, asked_at: datetime, login: str | None = None) -> int:
    """Makes the rows say exactly this, for one person or for everybody. Returns how many roles changed.

    `asked_at` is when GitHub was asked. Rows that were read later, by a sign-in during a long round, stay as they are.
    """
    rows = Member.objects.filter(source=Member.FROM_GITHUB)
    rows = rows.filter(login=login) if login is not None else rows
    with transaction.atomic():
        found = {(row.tenant_id, row.login): row for row in rows.select_for_update()}
        later = {key for key, row in found.items() if row.resolved_at > asked_at}
        before = {key: row for key, row in found.items() if key not in later}
        gone = [row.pk for key, row in before.items() if key not in held]
        Member.objects.filter(pk__in=gone).delete()
        changed = [row for key, row in before.items() if key in held and (Role(row.role), row.team) != held[key]]
        for row in changed:
            row.role, row.team = held[row.tenant_id, row.login]
        Member.objects.bulk_update(changed, ["role", "team"])
        rows.filter(resolved_at__lt=asked_at).update(resolved_at=asked_at)
        new = [
            Member(tenant_id=tenant, login=who, role=role, team=team, source=Member.FROM_GITHUB, resolved_at=asked_at)
            for (tenant, who), (role, team) in held.items()
            if (tenant, who) not in found
        ]
        # Somebody may sign in at this very moment; then both say the same.
        Member.objects.bulk_create(new, ignore_conflicts=True)
    return len(gone) + len(changed) + len(new)


def take_memberships(login: str, teams: Iterable[Team]) -> None:
    """A person's roles out of all teams of the organisation that the person is in."""
    save_roles(roles_through_teams({team.slug: [login] for team in trusted_teams(teams)}), login=login, asked_at=now())


def confirm_team(slug: str) -> int | None:
    """Pins the team that has the name now. Returns its number, or None where nothing was to be confirmed."""
    pin = TeamPin.objects.filter(slug=slug, seen_id__isnull=False).first()
    if pin is None or pin.seen_id is None:
        return None
    pin.github_id, pin.seen_id, pin.pinned_at = pin.seen_id, None, now()
    pin.save()
    return pin.github_id
