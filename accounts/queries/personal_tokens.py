"""A person's own tokens, as the Connecting page lists them."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import PersonalToken
from core.actor import Actor
from core.clock import now
from core.errors import NotFound


@dataclass(frozen=True, slots=True)
class PersonalTokenRow:
    id: int
    name: str
    ending: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    is_expired: bool


def personal_tokens(actor: Actor) -> list[PersonalTokenRow]:
    """Those not revoked, newest first; expired ones stay until they are removed, so that nobody wonders."""
    moment = now()
    rows = PersonalToken.objects.filter(person__login=actor.name, revoked_at__isnull=True)
    return [
        PersonalTokenRow(
            row.pk,
            row.name,
            row.ending,
            row.scopes.split(),
            row.created_at,
            row.expires_at,
            row.last_used_at,
            row.expires_at <= moment,
        )
        for row in rows
    ]


def access_token(actor: Actor, token_id: int) -> PersonalToken:
    """The actor's own token. Raises NotFound for absent ones and other people's alike."""
    row = PersonalToken.objects.filter(pk=token_id, person__login=actor.name, revoked_at__isnull=True).first()
    if row is None:
        raise NotFound("You have no such token.", remedy="It may be revoked already; reload the page.")
    return row
