"""How many live connections one person may hold open at once: sockets of pages, streams of runs, calls at /mcp.

Counted across processes in the cache. A place expires unless it is renewed, so that a killed process blocks nobody for
long. A cache that cannot be reached lets everybody in, as with the other limits.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from uuid import uuid4

from django.conf import settings

from core.actor import Actor
from core.errors import Problem
from core.limits import LIMIT, TooManyRequests
from core.scripts import Script
from core.tally import Happening, note

# Long enough to miss a renewal, short enough that the places of a killed process are soon free.
PLACE_S = 90
RENEWED_EVERY_S = 30.0
RETRY_AFTER_S = 5

# KEYS: the places. ARGV: place, most places, ms it lasts. Returns: 1 if the place is held now.
HOLD = Script("""
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local is_new = not redis.call('ZSCORE', KEYS[1], ARGV[1])
if is_new and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return {0} end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {1}
""")
LEAVE = Script("return {redis.call('ZREM', KEYS[1], ARGV[1])}")


class Open(StrEnum):
    """What is counted, each by itself."""

    SOCKET = "live pages"
    STREAM = "streams"
    CALL = "calls at /mcp"


class TooManyOpen(TooManyRequests):
    code = "too_many_open"

    def __init__(self, kind: Open, most: int) -> None:
        Problem.__init__(
            self,
            f"You have {most} {kind.value} open, which is the limit.",
            remedy="Close one, or wait until one has ended.",
            limit=most,
            retry_after_s=RETRY_AFTER_S,
        )

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(RETRY_AFTER_S)}


@dataclass(frozen=True, slots=True)
class Place:
    """One open connection of one person."""

    places: str
    id: str

    def hold(self) -> bool:
        """Takes the place, or renews it. False where all are taken."""
        answer = HOLD.run(self.places, self.id, settings.OPEN_AT_ONCE, PLACE_S * 1000)
        return answer is None or bool(answer[0])

    def leave(self) -> None:
        LEAVE.run(self.places, self.id)


def take_place(actor: Actor, kind: Open) -> Place:
    """Raises TooManyOpen. The caller renews the place while it is open, and leaves it."""
    place = Place(f"open:{kind.name.lower()}:{actor.name}", uuid4().hex)
    if not place.hold():
        problem = TooManyOpen(kind, settings.OPEN_AT_ONCE)
        note(Happening(LIMIT, problem.sentence, actor.door.value, actor.name, actor.client))
        raise problem
    return place


@asynccontextmanager
async def held_open(actor: Actor, kind: Open) -> AsyncIterator[None]:
    """A place for as long as the block runs. Raises TooManyOpen."""
    async with held(await asyncio.to_thread(take_place, actor, kind)):
        yield


@asynccontextmanager
async def held(place: Place) -> AsyncIterator[None]:
    renewing = asyncio.create_task(keep(place))
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.to_thread(place.leave)


async def keep(place: Place) -> None:
    while True:
        await asyncio.sleep(RENEWED_EVERY_S)
        await asyncio.to_thread(place.hold)
