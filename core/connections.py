"""How many live connections one person may hold open at once: sockets of pages, streams of runs, calls at /mcp.

Counted across processes in the cache. A connection's entry expires unless it is renewed, so that a killed process
blocks nobody for long. A cache that cannot be reached lets everybody in, as with the other limits. Its round trips run
in the loop's own threads: the pools of the gate and the tools belong to /mcp, and sockets come in here as well.
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
from core.security_events import SecurityEvent, count_event

# Long enough to miss a renewal, short enough that what a killed process held is soon free.
EXPIRES_AFTER_S = 90
RENEWED_EVERY_S = 30.0
RETRY_AFTER_S = 5

# KEYS: the person's connections of a kind. ARGV: connection, most of them, ms an entry lasts. Returns: 1 if it counts.
COUNT = Script("""
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local is_new = not redis.call('ZSCORE', KEYS[1], ARGV[1])
if is_new and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return {0} end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {1}
""")
FORGET = Script("return {redis.call('ZREM', KEYS[1], ARGV[1])}")


class ConnectionKind(StrEnum):
    """What is counted, each by itself."""

    SOCKET = "live pages"
    STREAM = "streams"
    CALL = "calls at /mcp"


class TooManyConnections(TooManyRequests):
    code = "too_many_open"

    def __init__(self, kind: ConnectionKind, most: int) -> None:
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
class Connection:
    """One that is open and counts. `key` names all of that person and kind."""

    key: str
    id: str

    def count(self) -> bool:
        """Counts it, or renews its entry. False where the person has as many open as they may."""
        answer = COUNT.run(self.key, self.id, settings.OPEN_AT_ONCE, EXPIRES_AFTER_S * 1000)
        return answer is None or bool(answer[0])

    def forget(self) -> None:
        FORGET.run(self.key, self.id)


def count_connection(actor: Actor, kind: ConnectionKind) -> Connection:
    """Raises TooManyConnections. The caller renews it while it is open, and forgets it then."""
    connection = Connection(f"open:{kind.name.lower()}:{actor.name}", uuid4().hex)
    if not connection.count():
        problem = TooManyConnections(kind, settings.OPEN_AT_ONCE)
        count_event(SecurityEvent(LIMIT, problem.sentence, actor.door.value, actor.name, actor.client))
        raise problem
    return connection


@asynccontextmanager
async def connection_of(actor: Actor, kind: ConnectionKind) -> AsyncIterator[None]:
    """Counts one for as long as the block runs. Raises TooManyConnections."""
    async with renewals_of(await asyncio.to_thread(count_connection, actor, kind)):
        yield


@asynccontextmanager
async def renewals_of(connection: Connection) -> AsyncIterator[None]:
    """Renews it for as long as the block runs, and forgets it at the end."""
    renewing = asyncio.create_task(renew(connection))
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.to_thread(connection.forget)


async def renew(connection: Connection) -> None:
    while True:
        await asyncio.sleep(RENEWED_EVERY_S)
        await asyncio.to_thread(connection.count)
