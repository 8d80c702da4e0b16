"""Work of tools in threads of their own, which an await can leave when the time is over.

The thread's query is interrupted then, so that nothing goes on behind an answer that has been given. A thread keeps its
connection to the database from call to call: opening one costs more than what most tools ask it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

import structlog
from django.db import connection, connections

from core.errors import Problem

THREADS = 16
LONGEST_CALL_S = 30.0
POOL = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="mcp-tool")
GATE_POOL = ThreadPoolExecutor(max_workers=8, thread_name_prefix="mcp-gate")
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
        self._wrapper = connections["default"]
        try:
            return work(*arguments)
        finally:
            self._wrapper = None
            tidy_connection()

    def interrupt(self) -> None:
        opened = getattr(self._wrapper, "connection", None)
        stop = getattr(opened, "interrupt", None) or getattr(opened, "cancel", None)
        if stop is None:
            return
        try:
            stop()
        except Exception:
            log.warning("mcp_query_not_interrupted", exc_info=True)


def tidy_connection() -> None:
    """After a thread's work: a connection of the pool goes back to it, one that failed or was interrupted ends, and any
    other stays open for what the thread does next."""
    is_pooled = bool(connection.settings_dict.get("OPTIONS", {}).get("pool"))
    if is_pooled or connection.errors_occurred or connection.in_atomic_block:
        connection.close()


async def in_thread(work: Callable[..., Value], *arguments: Any) -> Value:
    """For the gate, whose threads no slow tool can take."""
    context = copy_context()

    def tidied() -> Value:
        try:
            return work(*arguments)
        finally:
            tidy_connection()

    return await asyncio.get_running_loop().run_in_executor(GATE_POOL, context.run, tidied)


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
            ours=True,
        ) from None
