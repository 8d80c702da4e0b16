"""The recent changes of one kind: what a watch replays, and who waits for more.

Watchers hold a position in the log instead of a queue of their own, so a slow one costs no memory: it falls behind the
oldest change kept and is told that its resource version has expired, as by the real server.
"""

import asyncio
from dataclasses import dataclass, field

from sandbox.kubeapi.entries import Entry

KEPT_CHANGES = 1500


@dataclass(frozen=True, slots=True)
class Change:
    """`entry` is the object after the change (for "DELETED" as it last was); `before` is None for "ADDED"."""

    version: int
    type: str
    entry: Entry
    before: Entry | None


@dataclass(slots=True)
class EventLog:
    compacted_at: int  # changes up to this resource version are forgotten
    changes: list[Change] = field(default_factory=list)
    first_position: int = 0
    waiting: set[asyncio.Event] = field(default_factory=set)

    def append(self, change: Change) -> None:
        self.changes.append(change)
        # Twice the limit before trimming: one copy for many appends.
        if len(self.changes) >= 2 * KEPT_CHANGES:
            self.compacted_at = self.changes[KEPT_CHANGES - 1].version
            del self.changes[:KEPT_CHANGES]
            self.first_position += KEPT_CHANGES
        for waiter in self.waiting:
            waiter.set()

    @property
    def end(self) -> int:
        return self.first_position + len(self.changes)

    def position_after(self, version: int) -> int | None:
        """Where the changes after `version` begin; None when some of them are forgotten."""
        if version < self.compacted_at:
            return None
        low, high = 0, len(self.changes)
        while low < high:
            middle = (low + high) // 2
            if self.changes[middle].version <= version:
                low = middle + 1
            else:
                high = middle
        return self.first_position + low

    def since(self, position: int) -> list[Change] | None:
        """The changes from `position` on; None when the first of them is forgotten."""
        if position < self.first_position:
            return None
        return self.changes[position - self.first_position :]
