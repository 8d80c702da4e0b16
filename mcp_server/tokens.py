"""Creating and ending tokens and clients from the Connecting page, with a row in the audit for each."""

from accounts import actions as accounts
from accounts.actions import NewToken
from core.actor import Actor
from operations.choices import AuditResult
from operations.engine import record_attempt


def create(actor: Actor, *, name: str, scopes: list[str], days: int) -> NewToken:
    """Raises Invalid and Forbidden. The secret is in the returned value only."""
    made = accounts.create_token(actor, name=name, scopes=scopes, days=days)
    kept = {"scopes": scopes, "days": days}
    record_attempt(actor, "token.create", result=AuditResult.SUCCEEDED, target=made.name, parameters=kept)
    return made


def revoke(actor: Actor, token_id: int) -> str:
    """The name of the token that ended."""
    ended = accounts.revoke_token(actor, token_id).name
    record_attempt(actor, "token.revoke", result=AuditResult.SUCCEEDED, target=ended)
    return ended


def disconnect(actor: Actor, application_id: int) -> str:
    """The name of the client that ended."""
    ended = accounts.disconnect_client(actor, application_id).name or "The client"
    record_attempt(actor, "client.disconnect", result=AuditResult.SUCCEEDED, target=ended)
    return ended
