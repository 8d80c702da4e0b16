"""Small scripts that the cache's own server runs: one round trip, exact however many processes ask at once.

A cache that cannot be reached answers None, with a warning in the log; for two seconds nobody waits for it again.
"""

import time
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

import structlog
from django.core.cache import caches
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

CACHE_REST_S = 2.0
_rests_until = 0.0


class Script:
    """Lua over one key, which the server keeps by its hash after the first run."""

    def __init__(self, text: str) -> None:
        self.text = text

    def run(self, name: str, *arguments: str | int) -> Sequence[Any] | None:
        """The script's answer for the cache's entry of that name; None where the cache cannot be reached."""
        global _rests_until
        if time.monotonic() < _rests_until:
            return None
        try:
            client = connection()
            answer: Sequence[Any] = self._registered(keys=[full_key(name)], args=arguments, client=client)
        except (RedisError, OSError) as error:
            _rests_until = time.monotonic() + CACHE_REST_S
            log.warning("counters_not_kept", error=type(error).__name__)
            return None
        return answer

    @cached_property
    def _registered(self) -> Any:
        return connection().register_script(self.text)


def connection() -> Any:
    """The server behind Django's cache, which offers no scripts of its own. Safe to use from several threads.

    One for the process: `caches` makes a new cache for each asynchronous context, and so a new connection each request.
    """
    return _client(caches.settings["default"]["LOCATION"])


@lru_cache(maxsize=2)
def _client(address: str) -> Any:
    cache: Any = caches["default"]
    return cache._cache.get_client(None, write=True)


def full_key(name: str) -> str:
    return str(caches["default"].make_and_validate_key(name))
