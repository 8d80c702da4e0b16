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

Answer = TypeVar("Answer")
Name = TypeVar("Name", bound=Hashable)


class NoAnswer(Exception):
    """The question was not answered within its time."""


def ask(question: Callable[[], Answer], name: str) -> "Future[Answer]":
    """The answer to come. The thread closes its own database connections before it tells."""
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            answer = question()
        except BaseException as error:
            close_connections()
            future.set_exception(error)
        else:
            close_connections()
            future.set_result(answer)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


def ask_all(
    questions: Mapping[Name, Callable[[], Answer]], *, within_s: float, at_once: int
) -> dict[Name, Answer | Exception]:
    """Asks side by side, at most `at_once`. The answer of each, the error it raised, or NoAnswer."""
    waiting = iter(questions.items())
    turn = threading.Lock()
    answers: dict[Name, Answer | Exception] = {}

    def work() -> None:
        while (asked := next_of(waiting, turn)) is not None:
            name, question = asked
            try:
                answers[name] = question()
            except Exception as error:
                answers[name] = error

    end = time.monotonic() + within_s
    workers = [ask(work, f"ask-{number}") for number in range(min(at_once, len(questions)))]
    for worker in workers:
        try:
            worker.result(timeout=max(0.0, end - time.monotonic()))
        except TimeoutError:
            # What has not begun by now must not begin.
            while next_of(waiting, turn) is not None:
                pass
    given = dict(answers)
    return {name: given.get(name, NoAnswer()) for name in questions}


def next_of(waiting: Iterator[Any], turn: threading.Lock) -> Any:
    with turn:
        return next(waiting, None)


def close_connections() -> None:
    """Those of the calling thread. A connection that is broken already may refuse even this."""
    with suppress(Exception):
        connections.close_all()
