"""Time as the controllers spend it: stamps are real, waiting is divided by the speed."""

import asyncio
from datetime import UTC, datetime


class Clock:
    """`speed` 1 is life-like; at 20 a ten-second probe period lasts half a second."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(self.real(seconds))

    def real(self, seconds: float) -> float:
        """How many real seconds `seconds` of the sandbox's time take."""
        return max(seconds, 0.0) / self.speed

    def age_s(self, since: str) -> float:
        """Real seconds since a moment that another program wrote down."""
        return (self.now() - parse(since)).total_seconds()

    def elapsed(self, since: datetime | str, until: datetime | None = None) -> float:
        """Seconds of the sandbox's time between two real moments."""
        start = parse(since) if isinstance(since, str) else since
        return ((until or self.now()) - start).total_seconds() * self.speed


def stamp(moment: datetime) -> str:
    """RFC 3339 with whole seconds, as most fields of the API have it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_stamp(moment: datetime) -> str:
    """RFC 3339 with microseconds: leases and the scheduler's events."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
