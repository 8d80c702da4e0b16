"""Failed authentications by request id, kept for fifteen minutes for whoever asks why. Never the token."""

import re
from typing import Any

import structlog
from django.core.cache import cache

from accounts.errors import TokenRefused
from core.actor import Door
from core.clock import now
from core.errors import Problem
from core.security_events import count_stranger

KEPT_FOR_S = 900
REQUEST_ID = re.compile(r"[0-9A-Za-z-]{8,64}")

log = structlog.get_logger()


def remember_failure(problem: Problem, *, request_id: str, door: str, name: str = "") -> None:
    """`name` is who was refused, "" where nobody was known. Best effort: a cache that is away must not turn a 401
    into an error."""
    if not REQUEST_ID.fullmatch(request_id):
        return
    record = {**problem.as_dict(), "door": door, "name": name, "at": now().isoformat()}
    try:
        cache.set(_key(request_id), record, KEPT_FOR_S)
    except Exception:
        log.warning("failure_not_kept", request_id=request_id, exc_info=True)


def count_refused_bearer(problem: Problem, *, door: Door, address: str) -> None:
    """Into the audit, where a token was shown and refused; a request that shows none is no attempt."""
    if isinstance(problem, TokenRefused):
        reason = f"{problem.sentence} ({problem.problem_code}, {problem.kind.label})"
        count_stranger("bearer_token", reason, door=door, address=address)


def failure_of(request_id: str) -> dict[str, Any] | None:
    """`{"code", "sentence", "remedy", "facts", "door", "name", "at"}`, or None where it is unknown or too old."""
    if not REQUEST_ID.fullmatch(request_id):
        return None
    found = cache.get(_key(request_id))
    return found if isinstance(found, dict) else None


def _key(request_id: str) -> str:
    return f"failed-authentication:{request_id}"
