"""Keeps one process of `make run` alive: waits for what it needs, starts it, starts it again when it dies.

    python -m sandbox.keep [--after FILE] -- COMMAND ...

A supervisor like Kubernetes would restart a killed worker too; without this, one death would end all of `make run`.
"""

import argparse
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

PAUSE_S = 1.0
LOOK_EVERY_S = 0.05


def main() -> int:
    parser = argparse.ArgumentParser(prog="sandbox.keep")
    parser.add_argument("--after", type=Path, help="start only when this file exists")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    while options.after and not options.after.exists():
        time.sleep(LOOK_EVERY_S)
    return keep(command)


def keep(command: list[str]) -> int:
    """Runs the command until we are told to stop; returns its last exit code."""
    stopping = False
    child = subprocess.Popen(command)

    def stop(signal_number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while True:
        code = child.wait()
        if stopping:
            return code
        print(f"ended with exit code {code}; starting it again", flush=True)
        time.sleep(PAUSE_S)
        if stopping:
            return code
        child = subprocess.Popen(command)


if __name__ == "__main__":
    sys.exit(main())
