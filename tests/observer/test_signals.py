"""The observer's process ends when it is told to, and never with success by itself."""

import signal
import subprocess
import time
from pathlib import Path

from observer.models import ObserverLease
from tests import builders
from tests.observer.world import World, soon
from tests.processes import LONGEST_WAIT_S

# The interpreter's own timed wait went wrong when it was interrupted after its half second.
LONGER_THAN_A_TIMED_WAIT_S = 0.7


def state_of(process: subprocess.Popen[bytes]) -> str:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_process_that_was_stopped_and_continued_goes_on_and_ends_with_success_when_told_to(world: World) -> None:
    observer = world.observe()
    soon(ObserverLease.objects.exists, "it observes")

    for _ in range(3):
        observer.send_signal(signal.SIGSTOP)
        soon(lambda: state_of(observer) == "T", "it is stopped")
        time.sleep(LONGER_THAN_A_TIMED_WAIT_S)
        observer.send_signal(signal.SIGCONT)
        soon(lambda: ObserverLease.objects.get().until.timestamp() > time.time(), "it holds its lease again")
        assert observer.poll() is None

    observer.send_signal(signal.SIGTERM)
    assert observer.wait(LONGEST_WAIT_S) == 0


def test_a_signal_that_others_send_does_not_end_an_observer_that_works(world: World) -> None:
    observer = world.observe()
    soon(ObserverLease.objects.exists, "it observes")

    for _ in range(3):
        observer.send_signal(signal.SIGUSR1)
        held_until = ObserverLease.objects.get().until
        soon(lambda held=held_until: ObserverLease.objects.get().until > held, "it goes on")
        assert observer.poll() is None

    observer.send_signal(signal.SIGTERM)
    assert observer.wait(LONGEST_WAIT_S) == 0


def test_an_observer_that_ends_by_itself_fails_so_that_a_supervisor_restarts_it(world: World) -> None:
    # The observer loads what it wrote before, and has never written such a number.
    builders.service("odd", diagnosis={"number": 10**30})

    code = world.observe().wait(LONGEST_WAIT_S)

    assert code == 1
    assert "The observer ended by itself" in world.log()
