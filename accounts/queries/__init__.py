"""Reads about people and their tokens."""

from accounts.queries.bearers import Bearer, verified, verified_for_any_door
from accounts.queries.clients import ConnectedClient, connected_clients
from accounts.queries.failures import failure_of, note_bearer, remember_failure
from accounts.queries.shapes import recognise
from accounts.queries.tokens import PersonalTokenRow, personal_tokens
from accounts.queries.whoami import whoami

__all__ = [
    "Bearer",
    "ConnectedClient",
    "PersonalTokenRow",
    "connected_clients",
    "failure_of",
    "note_bearer",
    "personal_tokens",
    "recognise",
    "remember_failure",
    "verified",
    "verified_for_any_door",
    "whoami",
]
