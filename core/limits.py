"""How much one person, or one address nobody has signed in from, may ask within a minute. The same rule at every door.

A sliding window: at any moment the last sixty seconds count, so no burst across the turn of a minute doubles the
limit. The moments stand in the cache, in one list per person and kind, and one script of the cache's server reads and
writes it: one round trip, exact however many processes ask at once, on the server's own clock. What was refused does
not count.

A cache that cannot be reached lets everything pass, with a warning in the log. The limits guard against load, not
against rights, which are asked elsewhere; refusing would turn the cache's outage into the outage of the very tool that
people mend it with.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import ceil
from typing import Any

import structlog
from django.conf import settings

from core.actor import Actor, Door
from core.errors import Problem
from core.scripts import Script
from core.security_events import SecurityEvent, count_event, count_stranger

log = structlog.get_logger(__name__)

WINDOW_S = 60
# The verb in the audit of whoever asked too much.
LIMIT = "limit.reached"
# An IPv6 network of one household or host; its addresses are free to choose.
IPV6_NETWORK = 64

# KEYS: the list. ARGV: limit, window in ms, 1 to count or 0 to look. Returns: 1 if there was room, number within the
# window, ms until there is room.
SLIDING_WINDOW = Script("""
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local oldest = redis.call('LINDEX', KEYS[1], 0)
while oldest and tonumber(oldest) <= now - window do
  redis.call('LPOP', KEYS[1])
  oldest = redis.call('LINDEX', KEYS[1], 0)
end
local used = redis.call('LLEN', KEYS[1])
if used >= limit then
  local freed = redis.call('LINDEX', KEYS[1], used - limit)
  return {0, used, (tonumber(freed) or now) + window - now}
end
if ARGV[3] == '1' then
  redis.call('RPUSH', KEYS[1], now)
  redis.call('PEXPIRE', KEYS[1], window)
  used = used + 1
end
return {1, used, oldest and tonumber(oldest) + window - now or window}
""")


class Kind(StrEnum):
    """What is counted, each by itself. PAGE is a view of the dashboard: one click asks for several parts; SOCKET the
    opening of a live connection, which a page does again whenever it was cut."""

    READ = "read"
    WRITE = "write"
    PAGE = "page"
    SOCKET = "socket"
    STRANGER = "stranger"

    @property
    def per_minute(self) -> int:
        return int(getattr(settings, f"{self.name}S_PER_MINUTE"))


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a limit; `reset_s` until one more fits, or until the oldest of the window no longer counts."""

    limit: int
    remaining: int
    reset_s: int

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_s),
            "RateLimit-Policy": f"{self.limit};w={WINDOW_S}",
        }


class TooManyRequests(Problem):
    code = "too_many_requests"
    status = 429

    def __init__(self, kind: Kind, allowance: Allowance) -> None:
        self.allowance = allowance
        what = "requests without sign-in from your address" if kind is Kind.STRANGER else f"{kind.value}s for you"
        super().__init__(
            f"That was too much at once: {allowance.limit} {what} within a minute are the limit.",
            remedy=f"Try again in {allowance.reset_s} s.",
            ours=True,
            limit=allowance.limit,
            window_s=WINDOW_S,
            retry_after_s=allowance.reset_s,
            kind=kind.value,
        )

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.allowance.reset_s), **self.allowance.headers()}


def take(actor: Actor, kind: Kind) -> Allowance:
    """Counts one against the person, whatever the number of their sessions, tokens and doors. Raises TooManyRequests.

    Asked by doors, once a request; schedules and the terminal are not limited.
    """
    try:
        return _take(f"person:{actor.name}", kind, counts=True)
    except TooManyRequests as problem:
        count_event(SecurityEvent(LIMIT, problem.sentence, actor.door.value, actor.name, actor.client))
        raise


def take_address(address: str, door: Door, *, counts: bool = True) -> Allowance:
    """The same before anybody is known, for the address that `client_address` returned.

    A door of bearer tokens looks without counting before it verifies a token, and counts the tokens that failed: good
    tokens behind one gateway do not add up, and guessing is over after the limit. Raises TooManyRequests.
    """
    try:
        return _take(f"address:{network_of(address)}", Kind.STRANGER, counts=counts)
    except TooManyRequests as problem:
        count_stranger(LIMIT, problem.sentence, door=door, address=address)
        raise


def client_address(peer: str, forwarded_for: str) -> str:
    """Where a request came from: the peer, or, where that is a proxy we trust, the right-most hop that is not.

    Whatever stands left of that hop was written by the client itself.
    """
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    address = peer
    while hops and is_trusted(address):
        nearer = without_port(hops.pop())
        if parse_address(nearer) is None:
            break
        address = nearer
    return address


def address_of(meta: Mapping[str, Any]) -> str:
    """The same of a request's META."""
    return client_address(meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR", ""))


def is_trusted(address: str) -> bool:
    known = parse_address(address)
    return known is not None and any(known in network for network in networks(tuple(settings.TRUSTED_PROXIES)))


@lru_cache(maxsize=8)
def networks(words: Sequence[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(word, strict=False) for word in words]


def parse_address(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IPv4 address written as IPv6 is the IPv4 address."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return None
    return (known.ipv4_mapped or known) if isinstance(known, ipaddress.IPv6Address) else known


def without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def network_of(address: str) -> str:
    known = parse_address(address)
    if isinstance(known, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((known, IPV6_NETWORK), strict=False).network_address)
    return str(known or "unknown")


def wait_for_room(name: str, most: int) -> int:
    """Counts one more of `name`: 0 where there is room in the last minute, else the seconds until there is."""
    answer = _asked(f"limit:{name}", most, counts=True)
    has_room, _, wait_ms = answer or (1, 0, 0)
    return 0 if has_room else max(1, ceil(wait_ms / 1000))


def _take(who: str, kind: Kind, *, counts: bool) -> Allowance:
    limit = kind.per_minute
    answer = _asked(f"limit:{kind.value}:{who}", limit, counts=counts)
    if answer is None:
        return Allowance(limit, limit, WINDOW_S)
    has_room, used, wait_ms = answer
    allowance = Allowance(limit, max(0, limit - used), max(1, ceil(wait_ms / 1000)))
    if not has_room:
        log.warning("limit_reached", kind=kind.value, who=who, limit=limit)
        raise TooManyRequests(kind, allowance)
    return allowance


def _asked(name: str, limit: int, *, counts: bool) -> tuple[int, int, int] | None:
    """The script's answer, or None where the cache cannot be reached."""
    answer = SLIDING_WINDOW.run(name, limit, WINDOW_S * 1000, int(counts))
    if answer is None:
        return None
    has_room, used, wait_ms = answer
    return int(has_room), int(used), int(wait_ms)
