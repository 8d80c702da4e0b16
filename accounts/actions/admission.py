"""Admitting people whom GitHub vouches for, and ending that when it no longer does."""

from django.conf import settings
from django.db import transaction

from accounts.actions.clients import end_client_tokens
from accounts.errors import LoginTaken, NotAMember, OrganisationChanged
from accounts.models import Person, PersonalToken
from accounts.policies import may_github_vouch
from accounts.registry import MEMBERSHIP_TAKER
from core.actor import Actor, Door
from core.audit import SUCCEEDED, record
from core.clock import now
from integrations.github import Account, OrgMembership, as_person


def admit(token: str, account: Account | None = None) -> Person:
    """The person of a GitHub token, with memberships as GitHub tells them now. The token is not kept.

    Raises NotAMember, LoginTaken, OrganisationChanged, Unreachable, and Refused where the organisation has not approved
    the application, wants a SAML session, or the token may not see the organisation. On any of them nothing changes.
    """
    vouches = may_github_vouch()
    if not vouches.allowed:
        raise NotAMember(vouches.reason, remedy=vouches.remedy)
    github = as_person(token)
    account = account or github.me()
    membership = github.my_membership(settings.GITHUB_ORG)
    if membership is None or not membership.is_active:
        raise not_a_member(account, membership)
    check_organisation(membership.organisation_id)
    teams = [team for team in github.my_teams() if team.organisation_id == membership.organisation_id]
    with transaction.atomic():
        person = save_person(account)
        MEMBERSHIP_TAKER.value(person.login, teams)
    return person


def not_a_member(account: Account, membership: OrgMembership | None) -> NotAMember:
    organisation = settings.GITHUB_ORG
    if membership is not None:
        return NotAMember(
            f"The invitation of {account.login} to {organisation} on GitHub is not accepted yet.",
            remedy=f"Accept it on GitHub, in the mail or at the page of {organisation}, then sign in again.",
        )
    return NotAMember(
        f"{account.login} is not a member of {organisation} on GitHub.",
        remedy=f"Ask an owner of {organisation} for an invitation, or sign in to GitHub as somebody else first.",
    )


def check_organisation(number: int) -> None:
    """Raises OrganisationChanged. Names can be renamed and taken over; the number in the settings cannot."""
    if settings.GITHUB_ORG_ID and number != settings.GITHUB_ORG_ID:
        raise OrganisationChanged(
            f"The organisation {settings.GITHUB_ORG} on GitHub is not the one that is configured here.",
            remedy="A platform admin compares MCTL_GITHUB_ORG and MCTL_GITHUB_ORG_ID with GitHub.",
            expected=settings.GITHUB_ORG_ID,
            seen=number,
        )


def save_person(account: Account) -> Person:
    """The person of that GitHub account: found by its number, whatever its login was, and active again."""
    holder = Person.objects.select_for_update().filter(login=account.login).first()
    known = Person.objects.select_for_update().filter(github_id=account.id).first()
    person = known or holder or Person(login=account.login)
    if holder is not None and (holder != person or holder.github_id not in {None, account.id}):
        raise LoginTaken(
            f"The login {account.login} belongs to another GitHub account here.",
            remedy=f"A platform admin looks into it and runs manage.py release_login {account.login}.",
        )
    person.login, person.github_id, person.is_active = account.login, account.id, True
    person.name = account.name or person.name
    person.memberships_at = now()
    person.save()
    return person


def deactivate_person(person: Person) -> None:
    """Ends every access of somebody whom GitHub no longer vouches for, tokens for good.

    A person who returns makes new tokens: a leaked one must stay dead.
    """
    with transaction.atomic():
        record(Actor("mctl", Door.SCHEDULE), "person.shut_out", result=SUCCEEDED, target=person.login)
        PersonalToken.objects.filter(person=person, revoked_at__isnull=True).update(revoked_at=now())
        end_client_tokens(user=person)
        person.is_active, person.memberships_at = False, now()
        person.save(update_fields=["is_active", "memberships_at"])


def release_login(login: str) -> Person | None:
    """Frees a login for another GitHub account. The person who had it keeps the record and is signed out."""
    with transaction.atomic():
        person = Person.objects.filter(login=login.lower()).first()
        if person is not None:
            deactivate_person(person)
            person.login = f"{person.login}~{person.github_id or person.pk}"
            person.save(update_fields=["login"])
    return person
