"""What anybody can cause as often as they like: bad tokens, failed sign-ins, limits, hidden things asked for, the use
of a token that was issued for somebody else, and refusals of one person that repeat.

They are counted in the cache, and a round of beat writes one row of the audit for each kind, address and round, with
the number of times. So a flood can neither fill the audit nor make others wait for its chain, and an answer about a
hidden thing takes as long as one about nothing: which of the two it was is found out later.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import structlog

from core.actor import Actor, Door
from core.audit import DENIED
from core.clock import now
from core.scripts import Script, connection, full_key

# No login on GitHub has a blank.
NOT_SIGNED_IN = "not signed in"
MANY_ADDRESSES = "many addresses"
# Of each round; what exceeds them is counted in one row for each kind.
MOST_ROWS = 50
LONGEST_REASON = 300
LONGEST_NAME = 130

# KEYS: the hash of this round. ARGV: entry, the entry that stands for all others, most entries, when, request id.
COUNT = Script("""
local entry = ARGV[1]
if redis.call('HEXISTS', KEYS[1], entry) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then
  entry = ARGV[2]
end
local known = redis.call('HGET', KEYS[1], entry)
local kept = known and cjson.decode(known) or {times = 0, first_at = ARGV[4], request_id = ARGV[5]}
kept.times = kept.times + 1
kept.last_at = ARGV[4]
redis.call('HSET', KEYS[1], entry, cjson.encode(kept))
return {kept.times}
""")


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """`name` is the person, or NOT_SIGNED_IN; `client` the client, or the address of a person not signed in.

    `unseen`: it was answered as not found. It is a denial only where there is such a thing. `parameters` is a digest of
    those that were sent, so that other values are counted by themselves.
    """

    verb: str
    reason: str
    door: str
    name: str = NOT_SIGNED_IN
    client: str = ""
    result: str = DENIED
    tenant: str = ""
    target: str = ""
    unseen: bool = False
    parameters: str = ""


@dataclass(frozen=True, slots=True)
class CountedEvent:
    """How often it happened; the moments are ISO 8601, `request_id` is that of the first time."""

    event: SecurityEvent
    times: int
    first_at: str
    last_at: str
    request_id: str


def count_event(event: SecurityEvent) -> bool:
    """Counts it, if the cache is there. Best effort: where it is away, the log is what is left."""
    shown = replace(
        event,
        reason=event.reason[:LONGEST_REASON],
        client=event.client[:LONGEST_NAME],
        target=event.target[:LONGEST_NAME],
        tenant=event.tenant[:LONGEST_NAME],
    )
    others = replace(shown, client=MANY_ADDRESSES, name=NOT_SIGNED_IN, reason="", tenant="", target="", parameters="")
    request_id = str(structlog.contextvars.get_contextvars().get("request_id", ""))
    return (
        COUNT.run(hash_of(shown), as_json(shown), as_json(others), MOST_ROWS, now().isoformat(), request_id) is not None
    )


def count_unseen(actor: Actor, verb: str, *, tenant: str = "", target: str = "") -> None:
    """Somebody asked for a thing that is absent or hidden, and was told that there is none."""
    reason = f"{actor.name} asked for what is hidden from them and was told that it does not exist."
    about = {"tenant": tenant, "target": target or tenant}
    count_event(SecurityEvent(verb, reason, actor.door.value, actor.name, actor.client, unseen=True, **about))


def count_stranger(verb: str, reason: str, *, door: Door, address: str, name: str = NOT_SIGNED_IN) -> None:
    count_event(SecurityEvent(verb, reason, door.value, name, address))


def take_counted() -> Iterator[CountedEvent]:
    """All that was noted; each is forgotten when the next one is asked for. Raises what the cache raises."""
    server = connection()
    for key in (full_key(STRANGERS), full_key(PEOPLE)):
        held = f"{key}:held"
        # Left by a round that died: its rows come first, and what was noted since waits for the next round.
        if not server.exists(held) and server.exists(key):
            server.rename(key, held)
        for entry, kept in server.hgetall(held).items():
            yield read_counted(json.loads(entry), json.loads(kept))
            server.hdel(held, entry)


def read_counted(entry: dict[str, Any], kept: dict[str, Any]) -> CountedEvent:
    return CountedEvent(
        SecurityEvent(**entry), int(kept["times"]), kept["first_at"], kept["last_at"], kept["request_id"]
    )


STRANGERS, PEOPLE = "security-events:strangers", "security-events:people"


def hash_of(event: SecurityEvent) -> str:
    """A flood of strangers cannot push known people out of the round's rows."""
    return STRANGERS if event.name == NOT_SIGNED_IN else PEOPLE


def as_json(event: SecurityEvent) -> str:
    return json.dumps(asdict(event), sort_keys=True)
