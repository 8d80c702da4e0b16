"""Work of tools in threads of their own, which an await can leave when the time is over.

The thread's query is interrupted then, so that nothing goes on behind an answer that has been given.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

import structlog
from django.db import close_old_connections, connection, connections

from core.errors import Problem

THREADS = 16
LONGEST_CALL_S = 30.0
POOL = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="mcp-tool")
Value = TypeVar("Value")

log = structlog.get_logger()


class TimedOut(Problem):
    code = "timed_out"
    status = 504


class Call:
    """One request's work. `interrupt` ends the query that runs now, if one does."""

    def __init__(self) -> None:
        self._wrapper: Any = None

    async def run(self, work: Callable[..., Value], *arguments: Any) -> Value:
        context = copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(POOL, lambda: context.run(self._worked, work, arguments))

    def _worked(self, work: Callable[..., Value], arguments: tuple[Any, ...]) -> Value:
        close_old_connections()
        self._wrapper = connections["default"]
        try:
            return work(*arguments)
        finally:
            self._wrapper = None
            if connection.settings_dict.get("OPTIONS", {}).get("pool"):
                connection.close()
            close_old_connections()

    def interrupt(self) -> None:
        opened = getattr(self._wrapper, "connection", None)
        stop = getattr(opened, "interrupt", None) or getattr(opened, "cancel", None)
        if stop is None:
            return
        try:
            stop()
        except Exception:
            log.warning("mcp_query_not_interrupted", exc_info=True)


async def in_time(call: Call, work: Any, limit_s: float) -> Any:
    """Raises TimedOut after `limit_s`, with the query interrupted."""
    try:
        async with asyncio.timeout(limit_s):
            return await work
    except TimeoutError:
        call.interrupt()
        raise TimedOut(
            f"This took longer than {limit_s:g} s and was stopped.",
            remedy="Ask for less, or try again; look at the status before repeating a change.",
        ) from None
