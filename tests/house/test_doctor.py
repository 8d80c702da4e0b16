"""The doctor in a running house: all is there, and a worker that stops is missed."""

import json
import subprocess
import sys
from typing import Any

from tests.conftest import ROOT, Processes, wait_until
from tests.house.conftest import Visitor, readable, start_worker


def doctor() -> tuple[int, dict[str, dict[str, Any]]]:
    asked = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    return asked.returncode, {f"{line['group']}: {line['name']}": line for line in json.loads(asked.stdout)["lines"]}


def test_everything_is_there_until_the_worker_stops(house: str, platform: Processes, dev_visits: Visitor) -> None:
    wait_until(lambda: doctor()[0] == 0, "everything is there")
    page = readable(Visitor(house).sign_in("ada").get("/system/check/").text)

    platform.kill("worker", 15)
    code, lines = doctor()
    start_worker(platform)

    assert "Everything that MCTL needs is there." in page
    assert "1 worker answers." in page
    assert code == 1
    assert lines["Processes: Workers"]["state"] == "missing"
    assert [name for name, line in lines.items() if line["is_required"] and line["state"] != "ok"] == [
        "Processes: Workers"
    ]
    wait_until(lambda: doctor()[1]["Processes: Workers"]["state"] == "ok", "the worker is back")
