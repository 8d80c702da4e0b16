"""How old a membership may be that a change relies on.

A role that git lists is as new as the mirror. A role that a GitHub team gives, and being platform admin for somebody
who signs in with GitHub, counts for a change only if GitHub said so within MCTL_MEMBERSHIP_MAX_AGE_S. Where it is
older, GitHub is asked at once; where GitHub cannot be asked, the change is refused. Reading is not judged here.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from django.conf import settings

from accounts.models import Person
from core.actor import Actor, Role
from core.clock import now
from core.errors import Problem, Unavailable
from tenants.engine.asking import refresh_person
from tenants.models import Member
from tenants.queries import actor_for, greatest


class MembershipsStale(Unavailable):
    """The role is known only from an answer of GitHub's that is too old, and GitHub cannot be asked now."""

    code = "memberships_stale"


def relied_upon(actor: Actor, allows: Callable[[Actor], bool]) -> Actor:
    """The actor with nothing but what may be relied upon now. `allows` is the rule that is about to be applied.

    GitHub is asked only where the rule depends on an old answer. Raises MembershipsStale.
    """
    cutoff = now() - timedelta(seconds=settings.MEMBERSHIP_MAX_AGE_S)
    stale = list(Member.objects.filter(login=actor.name, source=Member.FROM_GITHUB, resolved_at__lt=cutoff))
    admin_since = stale_admin(actor, cutoff)
    if not stale and admin_since is None:
        return actor
    certain = Member.objects.filter(login=actor.name).exclude(pk__in=[row.pk for row in stale])
    sure = limited(actor, greatest(certain.values_list("tenant__name", "role")), is_admin=admin_since is None)
    if allows(sure):
        return sure
    if not allows(actor):
        return actor
    asked_last = max([row.resolved_at for row in stale] + [moment for moment in [admin_since] if moment])
    try:
        refresh_person(actor.name)
    except Problem as problem:
        raise cannot_ask(asked_last, problem) from problem
    fresh = actor_for(actor.name, door=actor.door)
    return replace(limited(actor, fresh.roles, is_admin=fresh.is_admin), resolved_at=fresh.resolved_at)


def stale_admin(actor: Actor, cutoff: datetime) -> datetime | None:
    """When GitHub last vouched for this platform admin, if that is too long ago. None also for people it never did."""
    if not actor.is_admin:
        return None
    person = Person.objects.filter(login=actor.name, github_id__isnull=False, memberships_at__lt=cutoff).first()
    return person.memberships_at if person else None


def limited(actor: Actor, roles: Mapping[str, Role], *, is_admin: bool) -> Actor:
    """Never more than before: a token's narrower rights stay narrow."""
    lesser = {
        tenant: min(role, roles[tenant], key=lambda one: one.rank)
        for tenant, role in actor.roles.items()
        if tenant in roles
    }
    return replace(actor, roles=MappingProxyType(lesser), is_admin=actor.is_admin and is_admin)


def cannot_ask(asked_last: datetime, problem: Problem) -> MembershipsStale:
    return MembershipsStale(
        f"This change relies on what GitHub said at {asked_last:%H:%M:%S} UTC, which is more than "
        f"{settings.MEMBERSHIP_MAX_AGE_S:.0f} s ago, and GitHub cannot be asked now: {problem.sentence}",
        remedy="Pages can still be read. Try again when GitHub answers.",
        resolved_at=asked_last.isoformat(),
        cause=problem.problem_code,
    )
