"""Reads about people and their tokens."""

from accounts.queries.bearers import Bearer, verify, verify_for_any_door
from accounts.queries.connected_clients import ConnectedClient, connected_clients
from accounts.queries.failures import count_refused_bearer, failure_of, remember_failure
from accounts.queries.personal_tokens import PersonalTokenRow, personal_tokens
from accounts.queries.token_shapes import recognise
from accounts.queries.whoami import whoami

__all__ = [
    "Bearer",
    "ConnectedClient",
    "PersonalTokenRow",
    "connected_clients",
    "count_refused_bearer",
    "failure_of",
    "personal_tokens",
    "recognise",
    "remember_failure",
    "verify",
    "verify_for_any_door",
    "whoami",
]
