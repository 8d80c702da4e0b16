"""Child processes of the tests, and how long a test waits for one."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from sandbox.platform import Part
from tests.settings import PLATFORM, TEST_DIR

ROOT = Path(__file__).resolve().parent.parent
# Long enough for a crowded machine; what is waited for comes in a moment on a quiet one.
LONGEST_WAIT_S = 60


class Processes:
    """Child processes in groups of their own, so that a test may kill one like a machine would."""

    def __init__(self) -> None:
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, argv: list[str]) -> subprocess.Popen[bytes]:
        log = (TEST_DIR / f"{name}.log").open("ab")
        self.running[name] = subprocess.Popen(argv, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        return self.running[name]

    def kill(self, name: str, with_signal: int = signal.SIGKILL) -> None:
        process = self.running.pop(name)
        if process.poll() is None:
            os.killpg(process.pid, with_signal)
        process.wait(timeout=20)

    def stop_all(self) -> None:
        for name in list(self.running):
            self.kill(name, signal.SIGTERM)


def wait_until(ready: Callable[[], bool], what: str, within_s: float = LONGEST_WAIT_S) -> None:
    end = time.monotonic() + within_s
    while not ready():
        if time.monotonic() > end:
            raise AssertionError(f"After {within_s:.0f} s: {what} has not happened. Logs: {TEST_DIR}")
        time.sleep(0.02)


def start_part(processes: Processes, name: str) -> Part:
    part = next(part for part in PLATFORM.parts() if part.name == name)
    processes.start(part.name, part.argv)
    wait_until(part.ready, f"{name} answers")
    return part
