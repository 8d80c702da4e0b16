"""The program that holds the Helm engine: one short-lived process, never imported by ours.

The engine hangs in every forked child of a process that has imported it and cannot be cancelled, so it lives and dies
here, with a memory limit.

Standard input: `{"memory_bytes", "jobs": [{"chart", "release", "namespace", "values"}]}`; `values` are YAML texts.
Standard output: one JSON line a job, in order: `{"manifests": {template: text}}` or `{"error": text}`.
With `--exec MEMORY_BYTES PROGRAM ARGUMENT...` it only takes the limit and becomes that program.
"""

import json
import os
import resource
import sys
from typing import Any


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Later values win; mappings merge key by key, everything else is replaced, as Helm does with several -f."""
    result = dict(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        else:
            result[key] = value
    return result


def limit_memory(limit_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    if sys.argv[1:2] == ["--exec"]:
        limit_memory(int(sys.argv[2]))
        os.execv(sys.argv[3], sys.argv[3:])  # noqa: S606
    request = json.load(sys.stdin)
    limit_memory(request["memory_bytes"])
    import helm_python as helm

    charts: dict[str, helm.Chart] = {}
    for job in request["jobs"]:
        try:
            chart = charts.get(job["chart"]) or charts.setdefault(job["chart"], helm.Chart.load(job["chart"]))
            values: dict[str, Any] = {}
            for text in job["values"]:
                values = merge(values, helm.values_from_yaml(text) or {})
            answer: dict[str, Any] = {
                "manifests": chart.render(values, name=job["release"], namespace=job["namespace"])
            }
        except helm.HelmError as error:
            answer = {"error": error.detail}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
