"""Writes go on when the database is locked, restarts or fails over: they are tried again until told to stop."""

import threading
from collections.abc import Callable
from typing import TypeVar

import structlog
from django.db import InterfaceError, OperationalError, connection

Result = TypeVar("Result")
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0

log = structlog.get_logger(__name__)


class Stopped(Exception):
    """Told to stop while the database did not answer."""


def persistently(write: Callable[[], Result], stopping: threading.Event) -> Result:
    """The result of `write`, which must be safe to repeat. Raises Stopped, and whatever else `write` raises."""
    pause = FIRST_PAUSE_S
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            log.warning("database_busy", error=str(error)[:200])
            connection.close()
        if stopping.wait(pause):
            raise Stopped
        pause = min(pause * 2, LONGEST_PAUSE_S)
