"""Asking GitHub with the installation's own token: about one person now, or about everybody in turn.

An outage changes no row. What a row says is then as old as its `resolved_at`, and `freshness` judges that.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.conf import settings
from django.db.models import Q, QuerySet

from accounts.actions.admission import check_organisation, deactivate_person
from accounts.models import Person
from core.clock import now
from core.errors import Problem
from integrations.github import GitHub, Team, organisation
from tenants.engine.roles import grants_by_team, roles_through_teams, save_roles, trusted_teams
from tenants.models import Member, Source
from tenants.queries import GITHUB_SOURCE

log = structlog.get_logger(__name__)

SOURCE_LABEL = "GitHub teams"
AT_ONCE = 8
# Beyond this many teams one person's question asks about the known ones only; the next round finds new ones.
MOST_TEAMS_ASKED = 60


def refresh_person(login: str) -> None:
    """The person's roles as GitHub tells them now. Raises Unreachable, Refused, Unavailable; then nothing changed."""
    github, org, asked_at = organisation(), settings.GITHUB_ORG, now()
    membership = github.membership(org, login)
    person = Person.objects.filter(login=login).first()
    if membership is not None:
        check_organisation(membership.organisation_id)
    taken = membership is not None and person is not None and person.github_id not in {None, membership.account.id}
    if membership is None or not membership.is_active or taken:
        save_roles({}, login=login, asked_at=asked_at)
        expel(Person.objects.filter(login=login))
        return
    known = set(Member.objects.filter(login=login, source=Member.FROM_GITHUB).values_list("team", flat=True))
    relevant = [team for team in trusted_teams(github.teams(org)) if team.slug in grants_by_team()]
    if len(relevant) > MOST_TEAMS_ASKED:
        relevant = [team for team in relevant if team.slug in known]
    held = roles_through_teams({slug: [login] for slug in in_teams(github, relevant, login)})
    save_roles(held, login=login, asked_at=asked_at)
    Person.objects.filter(login=login, github_id__isnull=False).update(memberships_at=now())


def in_teams(github: GitHub, teams: Iterable[Team], login: str) -> list[str]:
    """Those of the teams that the person is in; asked side by side, for people wait for this."""

    def asked(team: Team) -> str:
        return team.slug if github.is_in_team(settings.GITHUB_ORG, team.slug, login) else ""

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [slug for slug in pool.map(asked, teams) if slug]


def refresh_everybody() -> int:
    """One round over the organisation: its members, and the members of every team that gives a role. Returns how many
    roles changed. An outage is noted at the source, which every page shows, and changes nothing else."""
    asked_at = now()
    try:
        github = organisation()
        number = github.organisation_id(settings.GITHUB_ORG)
        check_organisation(number or 0)
        present = {account.id: account.login for account in github.members(settings.GITHUB_ORG)}
        members = team_members(github)
    except Problem as problem:
        log.warning("memberships_not_refreshed", code=problem.problem_code, sentence=problem.sentence)
        note_contact(problem.sentence)
        return 0
    logins = set(present.values())
    changed = save_roles(
        roles_through_teams({slug: logins & set(listed) for slug, listed in members.items()}), asked_at=asked_at
    )
    expel_absent(github, present)
    note_contact("")
    return changed


def team_members(github: GitHub) -> Mapping[str, list[str]]:
    org, relevant = settings.GITHUB_ORG, grants_by_team()
    teams = [team for team in trusted_teams(github.teams(org)) if team.slug in relevant]
    return {team.slug: [account.login for account in github.team_members(org, team.slug)] for team in teams}


def expel_absent(github: GitHub, present: Mapping[int, str]) -> None:
    """Ends the access of people who left the organisation; renews the others' date.

    Each absence is asked about once more: a token that may see public members only must not shut everybody out.
    """
    known = Person.objects.filter(github_id__isnull=False, is_active=True)
    here = Q(github_id__in=present)
    for person in known.exclude(here):
        try:
            membership = github.membership(settings.GITHUB_ORG, person.login)
        except Problem as problem:
            log.warning("absence_not_confirmed", person=person.login, code=problem.problem_code)
            continue
        if membership is None or not membership.is_active or membership.account.id != person.github_id:
            expel(known.filter(pk=person.pk))
    known.filter(here).update(memberships_at=now())


def expel(people: QuerySet[Person]) -> None:
    """Only people GitHub once vouched for: its silence about others says nothing."""
    for person in people.filter(github_id__isnull=False, is_active=True):
        log.info("person_left", person=person.login)
        deactivate_person(person)


def note_contact(error: str) -> None:
    """One row beside the observer's sources, so that every page marks memberships that are old."""
    row, _ = Source.objects.get_or_create(name=GITHUB_SOURCE, defaults={"label": SOURCE_LABEL})
    moment = now()
    row.label, row.error = SOURCE_LABEL, error
    row.error_since = (row.error_since or moment) if error else None
    row.last_contact_at = row.last_contact_at if error else moment
    row.objects_seen = Member.objects.filter(source=Member.FROM_GITHUB).count()
    row.save()
