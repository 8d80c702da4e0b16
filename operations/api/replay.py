"""Idempotency keys: the same request sent twice is done once, and answered twice with the first answer.

Kept for a day in the cache, by person, operation and key. A request that was refused frees its key again: nothing was
done, and a corrected one may follow under the same key.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from django.core.cache import cache
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError

from core.actor import Actor
from core.errors import Problem, Unavailable

log = structlog.get_logger(__name__)

KEPT_S = 24 * 3600
# Recording an operation takes milliseconds; after this the process that began it has died.
BEGUN_S = 60


class KeyReused(Problem):
    code = "idempotency_key_reused"
    status = 409


class RequestInProgress(Problem):
    code = "idempotency_in_progress"
    status = 409


def once(
    actor: Actor, name: str, key: str, asked: Mapping[str, Any], work: Callable[[], dict[str, Any]]
) -> tuple[dict[str, Any], bool]:
    """What `work` returned, now or the first time, and whether it is a repeat.

    Raises KeyReused where the key belongs to another request, RequestInProgress while the first one is being worked
    on, and Unavailable where the cache cannot be asked: without it, doing it once cannot be promised.
    """
    place = "idempotency:" + digest({"actor": actor.name, "operation": name, "key": key})
    body = digest(asked)
    try:
        if not cache.add(place, {"body": body}, timeout=BEGUN_S):
            return earlier(cache.get(place), body), True
    except (RedisError, OSError) as error:
        raise Unavailable(
            "Idempotency keys cannot be kept right now.", remedy="Try again, or send the request without the key."
        ) from error
    try:
        answer = work()
    except BaseException:
        best_effort(lambda: cache.delete(place))
        raise
    best_effort(lambda: cache.set(place, {"body": body, "answer": answer}, timeout=KEPT_S))
    return answer, False


def best_effort(note: Callable[[], Any]) -> None:
    """The work has its result already: a cache that has gone away meanwhile may not take its place."""
    try:
        note()
    except (RedisError, OSError) as error:
        log.warning("idempotency_not_kept", error=type(error).__name__)


def earlier(kept: Mapping[str, Any] | None, body: str) -> dict[str, Any]:
    if kept is None:
        raise RequestInProgress(
            "The first request with this key has just ended without a result.", remedy="Send it again."
        )
    if kept["body"] != body:
        raise KeyReused(
            "This Idempotency-Key was used for another request within the last 24 hours.",
            remedy="Send a new key for a new request.",
        )
    if "answer" not in kept:
        raise RequestInProgress(
            "The first request with this key is still being worked on.", remedy="Ask again in a moment."
        )
    return dict(kept["answer"])


def digest(value: Any) -> str:
    """Keyed with our secret: a short secret of a body could be guessed from a plain hash of it."""
    text = json.dumps(value, sort_keys=True, default=str)
    return salted_hmac("mctl.idempotency", text, algorithm="sha256").hexdigest()
