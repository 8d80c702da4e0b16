"""Calls that may hang, each in a thread with a time limit. A call that hangs blocks neither its caller nor the process.

The threads are daemons: unlike those of an executor they do not keep an ending process waiting.
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from django.db import connections

Result = TypeVar("Result")
Name = TypeVar("Name", bound=Hashable)


class NoAnswer(Exception):
    """The call did not return within its time."""


def run_in_thread(call: Callable[[], Result], name: str) -> "Future[Result]":
    """The answer to come. The thread closes its own database connections before it tells."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            answer = call()
        except BaseException as error:
            close_connections()
            future.set_exception(error)
        else:
            close_connections()
            future.set_result(answer)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


def run_all(
    calls: Mapping[Name, Callable[[], Result]], *, within_s: float, at_once: int
) -> dict[Name, Result | Exception]:
    """Asks side by side, at most `at_once`. The answer of each, the error it raised, or NoAnswer."""
    waiting = iter(calls.items())
    turn = threading.Lock()
    answers: dict[Name, Result | Exception] = {}

    def work() -> None:
        while (asked := next_of(waiting, turn)) is not None:
            name, call = asked
            try:
                answers[name] = call()
            except Exception as error:
                answers[name] = error

    end = time.monotonic() + within_s
    workers = [run_in_thread(work, f"ask-{number}") for number in range(min(at_once, len(calls)))]
    for worker in workers:
        try:
            worker.result(timeout=max(0.0, end - time.monotonic()))
        except TimeoutError:
            # What has not begun by now must not begin.
            while next_of(waiting, turn) is not None:
                pass
    given = dict(answers)
    return {name: given.get(name, NoAnswer()) for name in calls}


def next_of(waiting: Iterator[Any], turn: threading.Lock) -> Any:
    with turn:
        return next(waiting, None)


def close_connections() -> None:
    """Those of the calling thread. A connection that is broken already may refuse even this."""
    with suppress(Exception):
        connections.close_all()
