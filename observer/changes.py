"""What readers tell the writer. Readers run in threads of their own and touch nothing but this inbox."""

import queue
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.kubernetes import Key
from integrations.kubernetes.instances import ServiceKey


@dataclass(frozen=True, slots=True)
class Replaced:
    """The complete state of one source, such as `pods`. `unreadable` are objects of which no row could be made."""

    source: str
    rows: dict[Key, Any]
    unreadable: Mapping[Key, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Upserted:
    source: str
    key: Key
    row: Any


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An object that is there, and why no row could be made of it."""

    source: str
    key: Key
    reason: str


@dataclass(frozen=True, slots=True)
class Deleted:
    source: str
    key: Key


@dataclass(frozen=True, slots=True)
class GitRead:
    """The world at one revision, as `integrations.gitops` reads it."""

    world: Any


@dataclass(frozen=True, slots=True)
class Diagnosed:
    service: ServiceKey
    diagnosis: Mapping[str, Any]


Change = Replaced | Upserted | Unreadable | Deleted | GitRead | Diagnosed


class Inbox:
    """Many writers, one reader."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Change | None] = queue.SimpleQueue()

    def put(self, change: Change) -> None:
        self._queue.put(change)

    def wake(self) -> None:
        """Ends the reader's wait without a change."""
        self._queue.put(None)

    def take(self, wait_s: float, *, gather_s: float) -> list[Change]:
        """What came within `wait_s`; after the first change, what else comes within `gather_s`."""
        taken: list[Change] = []
        try:
            first = self._queue.get(timeout=max(0.0, wait_s))
        except queue.Empty:
            return taken
        if first is None:
            return taken
        taken.append(first)
        end = time.monotonic() + gather_s
        while (left := end - time.monotonic()) > 0 and len(taken) < MOST_AT_ONCE:
            try:
                change = self._queue.get(timeout=left)
            except queue.Empty:
                break
            if change is None:
                break
            taken.append(change)
        return taken


MOST_AT_ONCE = 5_000
