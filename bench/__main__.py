"""Runs the benchmarks one after the other, prints a table and keeps each result as bench/results/NAME.json.

Each benchmark is a script that prints one JSON object `{"figure": value, ...}` on its last line.
"""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
BENCHMARKS = (
    "pages",
    "service_page",
    "mcp",
    "audit",
    "diagnosis",
    "gitops_commits",
    "kubernetes_api",
    "observer_sync",
    "live",
)
LONGEST_S = 600


def main() -> int:
    chosen = sys.argv[1:] or BENCHMARKS
    RESULTS.mkdir(exist_ok=True)
    return max(measure(name) for name in chosen)


def measure(name: str) -> int:
    print(f"\n{name}")
    finished = subprocess.run(
        [sys.executable, "-m", f"bench.{name}"], cwd=HERE.parent, capture_output=True, text=True, timeout=LONGEST_S
    )
    if finished.returncode:
        print(f"  did not finish:\n{finished.stderr[-2000:]}")
        return 1
    figures = json.loads(finished.stdout.strip().splitlines()[-1])
    for figure, value in figures.items():
        print(f"  {figure:<58}{value}")
    record = {"at": datetime.now(UTC).isoformat(), "figures": figures}
    (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
