"""The doctor in a running house: all is there, and a worker that stops is missed."""

import json
import subprocess
import sys
from typing import Any

from tests.house.visitor import Visitor, readable, start_worker
from tests.processes import ROOT, Processes, wait_until


def doctor() -> tuple[int, dict[str, dict[str, Any]]]:
    asked = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    return asked.returncode, {f"{line['group']}: {line['name']}": line for line in json.loads(asked.stdout)["lines"]}


def test_everything_is_there_until_the_worker_stops(house: str, platform: Processes, dev_visits: Visitor) -> None:
    wait_until(lambda: doctor()[0] == 0, "everything is there")
    page = readable(Visitor(house).sign_in("ada").get("/system/check/").text)

    platform.kill("worker", 15)
    wait_until(is_worker_missed, "the worker is missed, and nothing else")
    start_worker(platform)

    assert "Everything that MCTL needs is there." in page
    assert "1 worker answers." in page
    wait_until(lambda: failing() == (0, set()), "the worker is back")


def is_worker_missed() -> bool:
    """Without a worker beat is not heard of either, some seconds later."""
    code, missed = failing()
    return code == 1 and "Processes: Workers" in missed and missed <= {"Processes: Workers", "Processes: Beat"}


def failing() -> tuple[int, set[str]]:
    code, lines = doctor()
    return code, {name for name, line in lines.items() if line["is_required"] and line["state"] != "ok"}
