"""Tells open pages that something changed. The wire names a thing, never its contents; the page fetches it again.

Groups: `tenant.<name>` for each tenant, and `tenants` for those who see all of them. Announcing never fails and never
waits: a broker that is down costs freshness, not the change itself.
"""

import asyncio
import atexit
import os
import threading
from collections.abc import Mapping
from typing import Any

import structlog
from channels.layers import get_channel_layer
from django.db import transaction

log = structlog.get_logger(__name__)

ALL_TENANTS = "tenants"
# Beyond this many unsent messages the broker is down or far too slow; pages then learn by their own refresh.
MOST_UNSENT = 1_000
LONGEST_FLUSH_S = 1.0


def tenant_group(tenant: str) -> str:
    return f"tenant.{tenant}"


def announce(tenant: str, message: Mapping[str, Any]) -> None:
    """Sends `{"type": "changed", "message": message}` after the current transaction, or at once outside of one.

    `message` has at least `type` (`operation.changed`, `service.changed`, ...) and `tenant`.
    """
    event = {"type": "changed", "message": dict(message)}
    transaction.on_commit(lambda: _sender().send([tenant_group(tenant), ALL_TENANTS], event))


class _Sender:
    """One thread with an event loop of its own: the layer keeps its connection, and callers never wait for it."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.loop = asyncio.new_event_loop()
        self.unsent = 0
        self.thread = threading.Thread(target=self.loop.run_forever, name="announcements", daemon=True)
        self.thread.start()

    def send(self, groups: list[str], event: Mapping[str, Any]) -> None:
        if self.unsent >= MOST_UNSENT:
            log.warning("announcement_dropped", unsent=self.unsent)
            return
        self.unsent += 1
        asyncio.run_coroutine_threadsafe(self._send(groups, event), self.loop)

    async def _send(self, groups: list[str], event: Mapping[str, Any]) -> None:
        layer = get_channel_layer()
        try:
            for group in groups:
                await layer.group_send(group, dict(event))
        except Exception as error:
            # Any layer may stand behind the setting, each with errors of its own; none may end an operation.
            log.warning("announcement_failed", error=type(error).__name__)
        finally:
            self.unsent -= 1

    def flush(self) -> None:
        """Lets what was announced leave before the process ends."""
        if self.process == os.getpid() and self.loop.is_running():
            waiting = asyncio.run_coroutine_threadsafe(_all_others(), self.loop)
            try:
                waiting.result(timeout=LONGEST_FLUSH_S)
            except TimeoutError:
                log.warning("announcements_unsent", unsent=self.unsent)


async def _all_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    # The layer's own receiver never ends; only our sends are waited for.
    await asyncio.gather(*(task for task in others if task.get_coro().__name__ == "_send"))  # type: ignore[union-attr]


_lock = threading.Lock()
_current: list[_Sender] = []


def _sender() -> _Sender:
    """The sender of this process: a forked worker inherits the object but not its thread."""
    with _lock:
        if not _current or _current[0].process != os.getpid():
            _current[:] = [_Sender()]
            atexit.register(_current[0].flush)
        return _current[0]
