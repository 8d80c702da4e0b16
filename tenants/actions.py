"""Letting a bearer token in: the one way, for every door that takes tokens."""

from dataclasses import replace

from django.conf import settings

from accounts import queries as accounts
from accounts.actions import mark_used
from accounts.choices import TokenKind
from accounts.errors import TokenRefused
from accounts.queries.shapes import bearer_of
from core.actor import Actor, Door
from core.audit import SUCCEEDED
from core.tally import Happening, note
from tenants.queries import actor_for

FOREIGN_TOKEN_USED = "mcp.foreign_token"


def authenticate(header: str | None, door: Door) -> Actor:
    """The Actor of an Authorization header, its roles read now and limited by the token's scopes.

    Raises TokenMissing and TokenRefused (401), and Unreachable where whoever issued the token cannot be asked.
    """
    token = bearer_of(header)
    _refuse_foreign(accounts.recognise(token), door)
    bearer = accounts.verified(token, door)
    if bearer.personal_token is not None:
        mark_used(bearer.personal_token, bearer.used_at)
    person = actor_for(bearer.login, door=door, client=bearer.client, token_kind=bearer.kind.value)
    actor = replace(person, scopes=bearer.scopes, expires_at=bearer.expires_at)
    if door is Door.MCP and bearer.kind.is_foreign:
        reason = f"A {bearer.kind.label}, which was not issued for this server."
        note(Happening(FOREIGN_TOKEN_USED, reason, door.value, actor.name, actor.client, result=SUCCEEDED))
    return actor


def _refuse_foreign(kind: TokenKind, door: Door) -> None:
    if door is Door.MCP and kind.is_foreign and not settings.MCP_FOREIGN_TOKENS:
        raise TokenRefused(
            "foreign_token_not_taken",
            f"This installation takes only its own tokens on /mcp; this is a {kind.label}.",
            kind=kind,
            remedy="Connect with OAuth, or create a personal token on the Connecting page.",
        )
