"""The fault matrix: every fault of the sandbox, the cause the diagnosis finds for it and how long that takes.

Starts an embedded platform of its own at twenty times the real pace; the seconds are real ones.
"""

import json
import os
import statistics
import sys
import time
from typing import Any

# `of=NAME` on the command line tries single faults.
WITHIN_S = 40.0


def run(only: set[str]) -> dict[str, Any]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from integrations.gitops import gitops
    from tests.processes import Processes
    from tests.sandbox.faults.table import TRIALS
    from tests.sandbox.faults.trials import Trials
    from tests.settings import PLATFORM, TEST_DIR

    TEST_DIR.mkdir(parents=True, exist_ok=True)
    PLATFORM.prepare()
    processes = Processes()
    try:
        for part in PLATFORM.parts():
            if part.name in ("kubernetes", "git", "controllers"):
                processes.start(part.name, part.argv)
                _wait(part.ready, part.name)
        chosen = [trial for trial in TRIALS if not only or trial.fault in only]
        outcomes = Trials(gitops(), PLATFORM.kubeconfig, chosen).run()
    finally:
        processes.stop_all()
    return summary(list(outcomes.values()))


def summary(outcomes: list[Any]) -> dict[str, Any]:
    rows = [
        {
            "fault": one.trial.fault,
            "cause": one.trial.cause,
            "found": one.found,
            "found_s": one.found_s,
            "mended_by": one.trial.mended_by,
            "healed_s": one.healed_s,
        }
        for one in outcomes
    ]
    times = sorted(row["found_s"] for row in rows if row["found_s"] is not None)
    return {
        "speed": 20,
        "tried": len(rows),
        "named": len(times),
        "healed": sum(row["healed_s"] is not None for row in rows),
        "found_p50_s": statistics.median(times) if times else None,
        "found_p95_s": times[int(len(times) * 0.95)] if times else None,
        "rows": rows,
    }


def _wait(ready: Any, name: str) -> None:
    end = time.monotonic() + WITHIN_S
    while not ready():
        if time.monotonic() > end:
            raise SystemExit(f"{name} did not start within {WITHIN_S:.0f} s")
        time.sleep(0.05)


if __name__ == "__main__":
    json.dump(run({word.removeprefix("of=") for word in sys.argv[1:]}), sys.stdout, indent=2)
    print()
