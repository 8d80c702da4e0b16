"""`make run` as a person meets it: start-up, a click on deploy, the first step, and a change in the cluster on screen.

Needs nothing running; starts the house in a folder of its own and stops it again.
"""

import asyncio
import json
import os
import re
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import requests
import websockets

from bench.kubernetes_api import Api

ROOT = Path(__file__).resolve().parents[1]
CLICKS = 5
CHANGES = 20
SERVICE = "/tenants/payments/services/payments-api/"


class House:
    """One `make run`, from the command to the line that says it is ready."""

    def __init__(self, var: Path) -> None:
        self.began = time.perf_counter()
        environment = {**os.environ, "MCTL_VAR_DIR": str(var)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.run"],
            cwd=ROOT,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.address = self._until(r"MCTL is ready after [0-9.]+ s:\s+(\S+)")
        self.ready_s = time.perf_counter() - self.began
        self.kubeconfig = var / "sandbox" / "kubernetes" / "kubeconfig"

    def _until(self, pattern: str) -> str:
        assert self.process.stdout
        for line in self.process.stdout:
            if found := re.search(pattern, line):
                return found.group(1)
        raise RuntimeError("make run ended before it was ready")

    def stop(self) -> float:
        began = time.perf_counter()
        self.process.send_signal(signal.SIGINT)
        assert self.process.stdout
        self.process.stdout.read()
        self.process.wait(timeout=30)
        return time.perf_counter() - began


def signed_in(address: str, person: str = "dev") -> requests.Session:
    http = requests.Session()
    http.headers["Referer"] = address
    http.get(f"{address}/sandbox/sign-in/", timeout=20)
    http.post(f"{address}/sandbox/sign-in/", data={"person": person, "csrfmiddlewaretoken": token(http)}, timeout=20)
    return http


def token(http: requests.Session) -> str:
    return http.cookies.get("mctl-csrf", "")


def wait_healthy(http: requests.Session, address: str) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        page = http.get(f"{address}{SERVICE}", timeout=20)
        if page.ok and re.search(r"\b([1-9]) of \1 ready", page.text):
            return
        time.sleep(0.5)
    raise RuntimeError("payments-api did not become healthy")


def deploy_clicks(http: requests.Session, address: str, database: Path) -> dict[str, float]:
    """Confirm -> operation page answered; and how long after the request its first step began."""
    clicks = []
    for number in range(CLICKS):
        fields = {"env_vars": f"BENCH_RUN={time.time_ns()}-{number}", "csrfmiddlewaretoken": token(http)}
        configure = f"{address}{SERVICE}configure/"
        plan = http.post(configure, data={**fields, "intent": "plan"}, timeout=30).text
        found = re.search(r'name="plan_hash" value="([0-9a-f]+)"', plan)
        assert found, "no plan came back"
        began = time.perf_counter()
        page = http.post(configure, data={**fields, "intent": "run", "plan_hash": found.group(1)}, timeout=30)
        clicks.append((time.perf_counter() - began) * 1000)
        assert "/operations/" in page.url, page.text[:500]
        until_ended(http, page.url)
    delays = first_step_delays(database)
    return {
        "deploy click to operation page p50 ms": round(statistics.median(clicks), 1),
        "deploy click to operation page max ms": round(max(clicks), 1),
        "first step after the request p50 ms": round(statistics.median(delays), 1),
        "first step after the request max ms": round(max(delays), 1),
    }


def until_ended(http: requests.Session, url: str) -> None:
    public_id = url.strip("/").rsplit("/", 1)[1]
    end = time.monotonic() + 120
    while time.monotonic() < end:
        words = " ".join(re.sub(r"<[^>]+>", " ", http.get(url, timeout=20).text).split())
        if re.search(rf"{public_id} (succeeded|failed|stalled|cancelled)", words):
            return
        time.sleep(0.3)
    raise RuntimeError(f"{url} did not end")


def first_step_delays(database: Path) -> list[float]:
    """Milliseconds from each request to the start of its first step, out of the ledger."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "select o.requested_at, s.started_at from operations_operation o"
            " join operations_step s on s.operation_id = o.id and s.position = 0"
        ).fetchall()
    times = [[datetime.fromisoformat(text) for text in row] for row in rows]
    return [(started - requested).total_seconds() * 1000 for requested, started in times]


async def cluster_to_badge(http: requests.Session, address: str, api: Api) -> dict[str, float]:
    """A pod's status changes in the cluster -> the message came and the list part, asked again, has been answered."""
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in http.cookies)
    lags = []
    socket = f"{address.replace('http', 'ws', 1)}/ws/changes/"
    headers = {"Cookie": cookies}
    async with websockets.connect(socket, additional_headers=headers, origin=address) as wire:
        for _ in range(CHANGES):
            pod = await asyncio.to_thread(first_pod, api)
            await drained(wire)
            began = time.perf_counter()
            await asyncio.to_thread(api.ask, "DELETE", f"/api/v1/namespaces/payments/pods/{pod}?gracePeriodSeconds=0")
            while json.loads(await asyncio.wait_for(wire.recv(), 20)).get("service") != "payments-api":
                pass
            await asyncio.to_thread(
                http.get, f"{address}/tenants/payments/", headers={"HX-Request": "true"}, timeout=20
            )
            lags.append(time.perf_counter() - began)
            await asyncio.sleep(2)
    return {
        "cluster change to badge p50 s": round(statistics.median(lags), 3),
        "cluster change to badge p95 s": round(statistics.quantiles(lags, n=20)[-1], 3),
    }


async def drained(wire: Any) -> None:
    while True:
        try:
            await asyncio.wait_for(wire.recv(), 1.0)
        except TimeoutError:
            return


def first_pod(api: Api) -> str:
    selector = "app.kubernetes.io%2Finstance%3Dpayments-payments-api"
    pods = json.loads(api.ask("GET", f"/api/v1/namespaces/payments/pods?labelSelector={selector}"))["items"]
    return str(next(pod["metadata"]["name"] for pod in pods if not pod["metadata"].get("deletionTimestamp")))


def main() -> None:
    var = Path(tempfile.mkdtemp(prefix="mctl-bench-"))
    first = House(var)
    figures: dict[str, float] = {"first start with installed packages s": round(first.ready_s, 1)}
    figures["Ctrl-C to all ended s"] = round(first.stop(), 1)
    house = House(var)
    figures["warm start s"] = round(house.ready_s, 1)
    try:
        http = signed_in(house.address)
        wait_healthy(http, house.address)
        figures["until the seeded services are healthy s"] = round(time.perf_counter() - house.began, 1)
        figures |= asyncio.run(cluster_to_badge(http, house.address, Api(house.kubeconfig)))
        wait_healthy(http, house.address)
        figures |= deploy_clicks(http, house.address, var / "mctl.sqlite3")
    finally:
        house.stop()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
