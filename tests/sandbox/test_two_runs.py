"""Two `make run` beside each other: each has ports and a folder of its own, and announces nobody else's pages."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from sandbox.platform import INSTANCE_HEADER, LOOPBACK, free_port, hold
from sandbox.run import answers
from tests.processes import LONGEST_WAIT_S, ROOT

CHOOSE = "import sys; from sandbox.platform import free_port; print(free_port(int(sys.argv[1])), flush=True); input()"


def chooser(wanted: int) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", CHOOSE, str(wanted)]
    return subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def choice(run: subprocess.Popen[str]) -> int:
    assert run.stdout
    return int(run.stdout.readline())


@pytest.fixture
def wanted() -> int:
    """A port that nobody has: the process that chose it has ended."""
    run = chooser(0)
    port = choice(run)
    run.communicate("\n", timeout=LONGEST_WAIT_S)
    return port


def test_two_runs_that_begin_together_choose_different_ports(wanted: int) -> None:
    runs = [chooser(wanted), chooser(wanted)]

    ports = [choice(run) for run in runs]

    assert len(set(ports)) == 2
    assert wanted in ports
    for run in runs:
        run.communicate("\n", timeout=LONGEST_WAIT_S)


def test_a_killed_run_leaves_its_port_to_the_next(wanted: int) -> None:
    first = chooser(wanted)
    assert choice(first) == wanted

    first.kill()
    first.wait(timeout=LONGEST_WAIT_S)

    assert free_port(wanted) == wanted


def test_a_second_run_in_the_same_folder_is_refused_and_told_what_to_do(tmp_path: Path) -> None:
    assert hold(tmp_path / "run.lock")

    environment = {**os.environ, "MCTL_VAR_DIR": str(tmp_path)}
    second = subprocess.run(
        [sys.executable, "-m", "sandbox.run"], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=LONGEST_WAIT_S, check=False,
    )  # fmt: skip

    assert second.returncode == 1
    assert f"Another `make run` uses {tmp_path}" in second.stderr
    assert f"MCTL_VAR_DIR={tmp_path}-2 make run" in second.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["run.lock"]


class SignIn(BaseHTTPRequestHandler):
    """The page by which a run knows its web process, of another run."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header(INSTANCE_HEADER, "another")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def other_run() -> Iterator[str]:
    server = HTTPServer((LOOPBACK, 0), SignIn)
    threading.Thread(target=server.serve_forever).start()
    yield f"http://{LOOPBACK}:{server.server_port}/sandbox/sign-in/"
    server.shutdown()
    server.server_close()


def test_only_the_runs_own_web_process_is_announced(other_run: str) -> None:
    assert answers(other_run, "another")
    assert not answers(other_run, "ours")
