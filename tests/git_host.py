"""The sandbox's git host as a process, with a fresh copy of the seeded world for anyone who asks."""

import itertools
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.world.seed import seed
from tests.processes import ROOT

USER, PASSWORD = "mctl", "correct horse"


@dataclass
class GitHost:
    """`stop` and `start` are those of the server's process; it comes back on the same port."""

    folder: Path
    port: int = 0
    process: "subprocess.Popen[str] | None" = None
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def start(self) -> None:
        command = [sys.executable, "-m", "sandbox.git_server", "--bare", "--dir", str(self.folder / "git")]
        command += ["--port", str(self.port), "--user", USER, "--password-file", str(self.folder / "password")]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        ready = self.process.stdout.readline().split()
        assert ready[0] == "ready"
        self.port = int(ready[1].split(":")[2].split("/")[0])

    def stop(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=10) == 0

    def new_repository(self) -> str:
        """The address of a fresh copy of the seeded world."""
        template = self.folder / "template.git"
        if not template.exists():
            seed(template, "https://git.example.dev/gitops.git")
        name = f"world-{next(self.numbers)}.git"
        shutil.copytree(template, self.folder / "git" / name)
        return f"http://127.0.0.1:{self.port}/{name}"

    def bare(self, url: str) -> Path:
        return self.folder / "git" / url.rpartition("/")[2]
