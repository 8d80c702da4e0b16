"""Keys waiting to be reconciled: each at most once in the queue, never two workers on one key, failures retried."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import aiohttp

from sandbox.controllers.client import ApiError

log = logging.getLogger(__name__)
KeyType = TypeVar("KeyType", bound=Hashable)
FIRST_RETRY_S, LAST_RETRY_S = 0.05, 30.0


class WorkQueue(Generic[KeyType]):
    """`handle(key)` brings one thing up to date. Delays are real seconds; callers divide by the speed."""

    def __init__(self, name: str, handle: Callable[[KeyType], Awaitable[None]], *, workers: int = 4) -> None:
        self.name, self.handle, self.workers = name, handle, workers
        self._ready: asyncio.Queue[KeyType] = asyncio.Queue()
        self._queued: set[KeyType] = set()
        self._working: set[KeyType] = set()
        self._again: set[KeyType] = set()
        self._timers: dict[KeyType, asyncio.TimerHandle] = {}
        self._failures: dict[KeyType, int] = {}

    def add(self, key: KeyType) -> None:
        if key in self._working:
            self._again.add(key)
        elif key not in self._queued:
            self._queued.add(key)
            self._ready.put_nowait(key)

    def add_after(self, key: KeyType, seconds: float) -> None:
        """Keeps the earlier of two alarms for one key."""
        loop = asyncio.get_running_loop()
        known = self._timers.get(key)
        if known is not None and not known.cancelled() and known.when() <= loop.time() + seconds:
            return
        if known is not None:
            known.cancel()
        self._timers[key] = loop.call_later(seconds, self._alarm, key)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self.workers):
                group.create_task(self._work())

    def _alarm(self, key: KeyType) -> None:
        self._timers.pop(key, None)
        self.add(key)

    async def _work(self) -> None:
        while True:
            key = await self._ready.get()
            self._queued.discard(key)
            self._working.add(key)
            try:
                await self.handle(key)
                self._failures.pop(key, None)
            except (ApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
                self._retry(key, error)
            except Exception:
                # One object nobody foresaw must not stop the controller for all the others.
                log.exception("reconcile_failed queue=%s key=%s", self.name, key)
                self._retry(key, None)
            finally:
                self._working.discard(key)
                if key in self._again:
                    self._again.discard(key)
                    self.add(key)

    def _retry(self, key: KeyType, error: Exception | None) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        if failures > 3 and error is not None:
            log.warning("reconcile_retry queue=%s key=%s failures=%s %s", self.name, key, failures, error)
        self.add_after(key, min(FIRST_RETRY_S * 2**failures, LAST_RETRY_S))
