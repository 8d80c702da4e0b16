"""Creates and revokes personal access tokens, each with its audit row. The token is shown once, to its owner."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import Person, PersonalToken
from accounts.policies import may_manage_tokens
from accounts.queries.bearers import digest_of
from accounts.queries.personal_tokens import access_token
from accounts.queries.token_shapes import PERSONAL_PREFIX
from core.actor import Actor, Scope
from core.audit import SUCCEEDED, record
from core.clock import now
from core.errors import Invalid
from core.gate import require

SECRET_BYTES = 32
LONGEST_LIFE_DAYS = 366
MOST_TOKENS = 50
# Writing at every request would make reads of the API into writes of the database.
USED_AGAIN_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class NewToken:
    """`secret` exists only in this value; it is shown once."""

    secret: str
    name: str
    expires_at: datetime


def create_token(actor: Actor, *, name: str, scopes: list[str], days: int) -> NewToken:
    """A token of the actor's own. Raises Invalid, and Forbidden where another token asks for it."""
    require(may_manage_tokens(actor))
    _check(name, scopes, days)
    person = Person.objects.get(login=actor.name)
    moment = now()
    if PersonalToken.objects.usable(moment).filter(person=person).count() >= MOST_TOKENS:
        raise _invalid("name", name, f"You have {MOST_TOKENS} tokens already; revoke one first.")
    secret = PERSONAL_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    token = PersonalToken(
        person=person,
        name=name,
        digest=digest_of(secret),
        ending=secret[-4:],
        scopes=" ".join(scope for scope in Scope if scope in scopes),
        created_at=moment,
        expires_at=moment + timedelta(days=days),
    )
    kept = {"scopes": token.scopes.split(), "days": days}
    try:
        with transaction.atomic():
            # First, since it takes the lock of the audit's chain, which comes before all others.
            record(actor, "token.create", result=SUCCEEDED, target=name, parameters=kept)
            token.save()
    except IntegrityError as error:
        raise _invalid("name", name, "You already have a token of that name.") from error
    return NewToken(secret, token.name, token.expires_at)


def revoke_token(actor: Actor, token_id: int) -> PersonalToken:
    """Ends a token at once. Raises NotFound for other people's."""
    require(may_manage_tokens(actor))
    token = access_token(actor, token_id)
    with transaction.atomic():
        record(actor, "token.revoke", result=SUCCEEDED, target=token.name)
        PersonalToken.objects.filter(pk=token.pk).update(revoked_at=now())
    return token


def mark_used(token_id: int, used_at: datetime | None) -> None:
    """Notes the use, at most once a minute. `used_at` is what was noted before."""
    moment = now()
    if used_at is not None and used_at >= moment - USED_AGAIN_AFTER:
        return
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=moment - USED_AGAIN_AFTER)
    PersonalToken.objects.filter(stale, pk=token_id).update(last_used_at=moment)


def _check(name: str, scopes: list[str], days: int) -> None:
    if not name or len(name) > 60 or not name.isprintable():
        raise _invalid("name", name, "Give the token a name of 1 to 60 characters.", "deploys from CI")
    if not scopes or not set(scopes) <= set(Scope):
        raise _invalid("scopes", " ".join(scopes), "Choose read, write or admin.", "read")
    if not 1 <= days <= LONGEST_LIFE_DAYS:
        raise _invalid("days", str(days), f"A token lives 1 to {LONGEST_LIFE_DAYS} days.", "90")


def _invalid(field: str, value: str, sentence: str, example: str = "") -> Invalid:
    entry = {"field": field, "value": value, "sentence": sentence, "example": example}
    return Invalid("The token was not created.", fields=[entry])
