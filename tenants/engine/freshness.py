"""How old a membership may be that a change relies on.

A role counts for a change only if its source, git or a GitHub team, said so within MCTL_MEMBERSHIP_MAX_AGE_S; so
does being platform admin for somebody who signs in with GitHub. Where it is older, the source is asked at once; where
it cannot be asked, or its file cannot be read, the change is refused. Reading is not judged here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from django.conf import settings

from accounts.models import Person
from core.actor import Actor, Role
from core.clock import now
from core.errors import Problem, Unavailable
from integrations.errors import Missing
from integrations.gitops import gitops
from tenants.engine.refresh import refresh_person
from tenants.models import Member
from tenants.queries import actor_for, greatest


class MembershipsStale(Unavailable):
    """The role is known only from an answer that is too old, and its source cannot be asked now."""

    code = "memberships_stale"


def relied_upon(actor: Actor, allows: Callable[[Actor], bool]) -> Actor:
    """The actor with nothing but what may be relied upon now. `allows` is the rule that is about to be applied.

    A source is asked only where the rule depends on an old answer of its. Raises MembershipsStale.
    """
    cutoff = now() - timedelta(seconds=settings.MEMBERSHIP_MAX_AGE_S)
    stale = list(Member.objects.filter(login=actor.name, resolved_at__lt=cutoff).select_related("tenant"))
    admin_since = stale_admin(actor, cutoff)
    if not stale and admin_since is None:
        return actor
    sure = limit_rights(actor, greatest(read_since(cutoff, actor.name)), is_admin=admin_since is None)
    if allows(sure):
        return sure
    if not allows(actor):
        return actor
    asked_last = max([row.resolved_at for row in stale] + [moment for moment in [admin_since] if moment])
    try:
        listed = roles_in_git(actor.name, [row.tenant.name for row in stale if row.source == Member.FROM_GIT])
        if admin_since or any(row.source == Member.FROM_GITHUB for row in stale):
            refresh_person(actor.name)
    except Problem as problem:
        raise cannot_ask(asked_last, problem) from problem
    fresh = actor_for(actor.name, door=actor.door)
    # Somebody who has left the organisation meanwhile has no roles, whatever git lists.
    certain = greatest([*read_since(cutoff, actor.name), *listed]) if fresh.roles else {}
    return replace(limit_rights(actor, certain, is_admin=fresh.is_admin), resolved_at=fresh.resolved_at)


def read_since(cutoff: datetime, login: str) -> Iterable[tuple[str, str]]:
    """(tenant, role) of the memberships whose source confirmed them since then."""
    return Member.objects.filter(login=login, resolved_at__gte=cutoff).values_list("tenant__name", "role")


def roles_in_git(login: str, tenants: Sequence[str]) -> list[tuple[str, str]]:
    """(tenant, role) as the newest commit lists them. Raises what the repository raises, Unreadable included."""
    if not tenants:
        return []
    repository = gitops()
    revision = repository.fetch()
    found = []
    for name in tenants:
        try:
            members = repository.tenant(name, revision).members
        except Missing:
            continue
        found += [(name, member.role) for member in members if member.login.lower() == login]
    return found


def stale_admin(actor: Actor, cutoff: datetime) -> datetime | None:
    """When GitHub last vouched for this platform admin, if that is too long ago. None also for people it never did."""
    if not actor.is_admin:
        return None
    person = Person.objects.filter(login=actor.name, github_id__isnull=False, memberships_at__lt=cutoff).first()
    return person.memberships_at if person else None


def limit_rights(actor: Actor, roles: Mapping[str, Role], *, is_admin: bool) -> Actor:
    """Never more than before: a token's narrower rights stay narrow."""
    lesser = {
        tenant: min(role, roles[tenant], key=lambda one: one.rank)
        for tenant, role in actor.roles.items()
        if tenant in roles
    }
    return replace(actor, roles=MappingProxyType(lesser), is_admin=actor.is_admin and is_admin)


def cannot_ask(asked_last: datetime, problem: Problem) -> MembershipsStale:
    source = "git" if problem.facts.get("system") == "gitops" else "GitHub"
    return MembershipsStale(
        f"This change relies on what {source} said at {asked_last:%H:%M:%S} UTC, which is more than "
        f"{settings.MEMBERSHIP_MAX_AGE_S:.0f} s ago, and {source} cannot be asked now: {problem.sentence}",
        remedy=f"Pages can still be read. Try again when {source} answers.",
        resolved_at=asked_last.isoformat(),
        cause=problem.problem_code,
    )
