"""`python manage.py observe`: keeps the mirror of git and the cluster until it is told to stop."""

import os
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from observer.loop import observe

# Beyond this the process ends anyway; its lease then runs out by itself.
LONGEST_STOP_S = 1.5
# The observer's thread sends it to its own process when it ends.
ENDED = signal.SIGUSR1


class Command(BaseCommand):
    help = "Keeps tenants and services in the database as git wants them and the cluster has them."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        # Signals are waited for, not handled: a handler could interrupt the observer while it holds a lock.
        # Not `sigtimedwait`: stopped and continued past its timeout, it returns a signal that nobody sent.
        signals = {signal.SIGTERM, signal.SIGINT, ENDED}
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        stopping, ended = threading.Event(), threading.Event()
        observer = threading.Thread(target=observe_and_tell, args=[stopping, ended], name="observer", daemon=True)
        observer.start()
        while signal.sigwait(signals) == ENDED:
            # Anybody may send the same signal to a process whose observer works.
            if ended.is_set():
                raise CommandError("The observer ended by itself; the log says why.")
        stopping.set()
        observer.join(LONGEST_STOP_S)


def observe_and_tell(stopping: threading.Event, ended: threading.Event) -> None:
    try:
        observe(stopping)
    finally:
        ended.set()
        os.kill(os.getpid(), ENDED)
