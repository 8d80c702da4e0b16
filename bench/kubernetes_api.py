"""The embedded Kubernetes API: 5,000 pods of 8 kB created, listed whole and by namespace; memory of the server."""

import base64
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import urllib3
import yaml

from sandbox.platform import answers_on_port, free_port

PODS, NAMESPACES = 5_000, 20
PADDING = "x" * 7_000
RUNS = 5


class Api:
    """A bearer of the admin's token on one kept connection."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        authority = Path(tempfile.mkstemp(suffix=".crt")[1])
        authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
        self.address = cluster["server"]
        self.headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
        self.http = urllib3.PoolManager(ca_certs=str(authority), retries=False)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        answer = self.http.request(method, self.address + path, json=body, headers=self.headers, timeout=60)
        assert answer.status < 300, answer.data[:300]
        return answer.data


def pod(number: int) -> dict[str, Any]:
    container = {"name": "app", "image": "ghcr.io/acme/app:1.0.0", "env": [{"name": "PADDING", "value": PADDING}]}
    metadata = {"name": f"pod-{number:05}", "labels": {"app": f"app-{number % 50}"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def seconds(work: Any) -> float:
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def resident_mb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) // 1024


def main() -> None:
    directory, port = Path(tempfile.mkdtemp(prefix="mctl-bench-")), free_port()
    began = time.perf_counter()
    server = subprocess.Popen([sys.executable, "-m", "sandbox.kubeapi", "--dir", str(directory), "--port", str(port)],
                              stdout=subprocess.DEVNULL)  # fmt: skip
    try:
        while not ((directory / "kubeconfig").exists() and answers_on_port(port)):
            time.sleep(0.02)
        started = time.perf_counter() - began
        print(json.dumps({"start s": round(started, 2), **figures(Api(directory / "kubeconfig"), server.pid)}))
    finally:
        server.terminate()
        server.wait()


def figures(api: Api, pid: int) -> dict[str, float]:
    for number in range(NAMESPACES):
        api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": f"tenant-{number:02}"}})
    began = time.perf_counter()
    for number in range(PODS):
        api.ask("POST", f"/api/v1/namespaces/tenant-{number % NAMESPACES:02}/pods", pod(number))
    created = time.perf_counter() - began
    return {
        "creates per second": round(PODS / created),
        f"list {PODS:,} pods, s": round(seconds(lambda: api.ask("GET", "/api/v1/pods")), 2),
        "list a namespace of 250, ms": round(
            seconds(lambda: api.ask("GET", "/api/v1/namespaces/tenant-03/pods")) * 1000, 1
        ),
        "list 100 by label, ms": round(
            seconds(lambda: api.ask("GET", "/api/v1/pods?labelSelector=app%3Dapp-7")) * 1000, 1
        ),
        "memory MB": resident_mb(pid),
    }


if __name__ == "__main__":
    main()
