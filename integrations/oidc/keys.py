"""The published keys of an issuer, with rotation: a new key is found, a removed one ends, an outage is survived.

Tokens with unknown key ids cannot make us ask the issuer more often than the back-off allows, nor in parallel.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import jwt
import structlog

from integrations.errors import Unreachable

log = structlog.get_logger()

RENEW_AFTER_S = 600.0
FIRST_BACKOFF_S = 5.0
LONGEST_BACKOFF_S = 300.0
STALE_AFTER_S = 3600.0
# A kid nobody published triggers a fetch; this many seconds must lie between two such fetches.
UNKNOWN_KEY_PAUSE_S = 15.0
ALGORITHMS = {"RSA": {"RS256", "RS384", "RS512"}, "EC": {"ES256", "ES384", "ES512"}}


class KeySet:
    """`read()` returns the issuer's JWKS document. `clock` is monotonic seconds."""

    def __init__(self, read: Callable[[], Any], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._read_at: float | None = None
        self._not_before = 0.0
        self._failures = 0

    def key(self, kid: str, algorithm: str) -> jwt.PyJWK | None:
        """The key of that id where it fits the algorithm; None where the issuer has none. Raises Unreachable."""
        self._renew_if_due()
        if kid not in self._keys:
            self._renew(at_least_after=UNKNOWN_KEY_PAUSE_S)
        found = self._keys.get(kid)
        if found is None or algorithm not in ALGORITHMS.get(found.key_type or "", ()):
            return None
        return found

    def _renew_if_due(self) -> None:
        if self._read_at is None or self._clock() - self._read_at > RENEW_AFTER_S:
            self._renew(at_least_after=0)
        if self._read_at is None or self._clock() - self._read_at > STALE_AFTER_S:
            raise Unreachable(
                "dex", "The keys of the identity provider cannot be read now.", remedy="Try again in a minute."
            )

    def _renew(self, *, at_least_after: float) -> None:
        with self._lock:
            moment = self._clock()
            # A thread that waited for the lock finds that another has just asked.
            recently = self._read_at is not None and moment - self._read_at <= at_least_after
            if moment < self._not_before or recently:
                return
            try:
                self._keys = usable_keys(self._read())
            except Unreachable as error:
                self._failures += 1
                self._not_before = moment + min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** (self._failures - 1))
                log.warning("issuer_keys_unreachable", reason=error.sentence, failures=self._failures)
                return
            self._failures, self._read_at = 0, self._clock()


def usable_keys(document: Any) -> dict[str, jwt.PyJWK]:
    """The signing keys of a JWKS by id; those of unknown kinds, or without an id, are left out."""
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise Unreachable("dex", "The identity provider's key list cannot be read.")
    found = {}
    for entry in keys[:50]:
        fits = isinstance(entry, dict) and entry.get("kty") in ALGORITHMS and entry.get("use", "sig") == "sig"
        if not fits or not isinstance(entry.get("kid"), str):
            continue
        try:
            found[entry["kid"]] = jwt.PyJWK(entry)
        except jwt.PyJWTError:
            log.warning("issuer_key_unusable", kid=entry["kid"][:80])
    return found
