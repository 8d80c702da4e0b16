"""Whose a bearer token is: recognised by shape, then verified by whoever issued it.

Raises TokenMissing or TokenRefused (401), and Unreachable (503) where the issuer must be asked and does not answer:
then nobody gets in.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.cache import cache
from oauth2_provider.models import AccessToken

from accounts.choices import TokenKind
from accounts.errors import RENEW, TokenRefused
from accounts.models import Person, PersonalToken
from accounts.policies import may_github_vouch
from accounts.queries import own_jwt
from accounts.queries.resources import door_address, resources
from accounts.queries.token_shapes import recognise, unrecognised_refusal
from core.actor import ALL_SCOPES, Door
from core.clock import now
from integrations.github import as_person, organisation
from integrations.oidc import DexTokenInvalid, GitHubIdentity, dex, github_identity


@dataclass(frozen=True, slots=True)
class Bearer:
    """A verified token. `client` is what the audit names beside the person. `only_door` is the only door at which an
    OAuth token works. Of a personal token `personal_token` is the row's id and `used_at` its last noted use."""

    login: str
    kind: TokenKind
    client: str
    scopes: frozenset[str] = ALL_SCOPES
    expires_at: datetime | None = None
    only_door: Door | None = None
    personal_token: int | None = None
    used_at: datetime | None = None


def verify(token: str, door: Door) -> Bearer:
    """Verify the token. Refuse one issued for another door."""
    found = verify_for_any_door(token)
    if found.only_door not in (None, door):
        raise _for_another_door(found.only_door, door)
    return found


def verify_for_any_door(token: str) -> Bearer:
    """For showing somebody what a token is, never for letting anybody in."""
    kind = recognise(token)
    if kind is TokenKind.UNRECOGNISED:
        raise unrecognised_refusal(token)
    return VERIFIERS[kind](token)


def _for_another_door(meant: Door, used: Door) -> TokenRefused:
    return TokenRefused(
        "token_audience",
        f"The token was issued for {door_address(meant)}; this is {door_address(used)}.",
        kind=TokenKind.OAUTH,
        remedy=f"Let the client ask for a token with resource={door_address(used)}.",
        resource=door_address(used),
    )


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _personal(token: str) -> Bearer:
    row = PersonalToken.objects.select_related("person").filter(digest=digest_of(token)).first()
    kind = TokenKind.PERSONAL
    if row is None:
        raise TokenRefused("token_unknown", "There is no such personal token.", kind=kind)
    if row.revoked_at:
        raise TokenRefused("token_revoked", f"The token {row.name!r} was revoked.", kind=kind, remedy=NEW_TOKEN)
    if row.expires_at <= now():
        raise TokenRefused("token_expired", f"The token {row.name!r} has expired.", kind=kind, remedy=NEW_TOKEN)
    refuse_inactive(row.person, kind)
    scopes = frozenset(row.scopes.split())
    about = (row.person.login, kind, f"token {row.name}", scopes, row.expires_at)
    return Bearer(*about, personal_token=row.pk, used_at=row.last_used_at)


def _oauth(token: str) -> Bearer:
    resource = own_jwt.verify(token)["aud"]
    row = AccessToken.objects.select_related("user", "application").filter(token_checksum=digest_of(token)).first()
    if row is None or row.user is None or row.application is None or row.expires <= now():
        raise TokenRefused(
            "token_revoked", "The client's access was ended.", kind=TokenKind.OAUTH, remedy=own_jwt.RECONNECT
        )
    if row.resource != [resource]:
        raise TokenRefused("token_audience", "The token was issued for another service.", kind=TokenKind.OAUTH)
    refuse_inactive(row.user, TokenKind.OAUTH)
    client = row.application.name or "OAuth client"
    scopes, door = frozenset(row.scope.split()), resources()[resource]
    return Bearer(row.user.login, TokenKind.OAUTH, client, scopes, row.expires, only_door=door)


def _dex(token: str) -> Bearer:
    verifier = dex()
    if verifier is None:
        raise TokenRefused(
            "token_issuer",
            "The token was issued by somebody whom this installation does not know.",
            kind=TokenKind.DEX,
            remedy="Sign in against this installation, or create a personal token on the Connecting page.",
        )
    try:
        claims = verifier.verify(token)
    except DexTokenInvalid as error:
        raise TokenRefused(error.code, error.sentence, kind=TokenKind.DEX) from error
    refuse_inactive(Person.objects.filter(login=claims.login).first(), TokenKind.DEX)
    return Bearer(claims.login, TokenKind.DEX, "Dex JWT", expires_at=claims.expires_at)


def _github(token: str) -> Bearer:
    vouches = may_github_vouch()
    if not vouches.allowed:
        raise TokenRefused("github_not_taken", vouches.reason, kind=TokenKind.GITHUB, remedy=vouches.remedy)
    identity = github_identity(token)
    if identity is None:
        raise TokenRefused(
            "token_refused_by_github",
            "The token has no dots, so it was shown to GitHub, and GitHub does not take it.",
            kind=TokenKind.GITHUB,
            remedy="Create a new token in GitHub's settings, or a personal token on the Connecting page.",
        )
    person = Person.objects.filter(login=identity.login).first()
    refuse_inactive(person, TokenKind.GITHUB)
    refuse_other_account(person, identity)
    refuse_outsider(person, identity, token)
    return Bearer(identity.login, TokenKind.GITHUB, "GitHub token", expires_at=identity.expires_at)


def refuse_other_account(person: Person | None, identity: GitHubIdentity) -> None:
    """A login can be renamed and taken by somebody else; the number that signed in first keeps it here."""
    if person is not None and person.github_id not in (None, identity.number):
        raise TokenRefused(
            "login_taken",
            f"The login {identity.login} belonged to another GitHub account when it was first seen here.",
            kind=TokenKind.GITHUB,
            remedy="Ask a platform admin.",
        )


def refuse_outsider(person: Person | None, identity: GitHubIdentity, token: str) -> None:
    """Membership of the organisation admits, as at sign-in. Who signed in is known to belong to it: the rounds shut
    out whoever leaves. Others are asked about, at most once a minute. Raises Unreachable where GitHub cannot be asked.
    """
    if person is not None and person.github_id == identity.number:
        return
    key = f"github-member:{settings.GITHUB_ORG}:{identity.number}"
    belongs = cache.get(key)
    if belongs is None:
        belongs = _belongs(identity, token)
        cache.set(key, belongs, KNOWN_FOR_S)
    if not belongs:
        raise TokenRefused(
            "not_a_member",
            f"{identity.login} is no member of the GitHub organisation {settings.GITHUB_ORG}.",
            kind=TokenKind.GITHUB,
            remedy="Ask an owner of the organisation for an invitation, and accept it.",
        )


def _belongs(identity: GitHubIdentity, token: str) -> bool:
    """Asked with the installation's token, where it has none with the person's own."""
    if settings.GITHUB_TOKEN:
        membership = organisation().membership(settings.GITHUB_ORG, identity.login)
    else:
        membership = as_person(token).my_membership(settings.GITHUB_ORG)
    if membership is None or not membership.is_active or membership.account.id != identity.number:
        return False
    # An organisation that took a freed name has another number.
    return settings.GITHUB_ORG_ID in {0, membership.organisation_id}


def refuse_inactive(person: Person | None, kind: TokenKind) -> None:
    """Raises TokenRefused where the person was shut out here, whatever the issuer says."""
    if person is not None and not person.is_active:
        raise TokenRefused(
            "person_inactive",
            "This account has left the organisation or was shut out.",
            kind=kind,
            remedy="Sign in again if you are back in it; else ask a platform admin.",
        )


# How long a membership that was asked about, or its absence, is believed.
KNOWN_FOR_S = 60
NEW_TOKEN = "Create a new one on the Connecting page."
VERIFIERS = {
    TokenKind.PERSONAL: _personal,
    TokenKind.OAUTH: _oauth,
    TokenKind.DEX: _dex,
    TokenKind.GITHUB: _github,
}
__all__ = ["RENEW", "Bearer", "verify", "verify_for_any_door"]
