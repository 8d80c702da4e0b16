"""/mcp under one client and under sixteen: p50, p95 and calls per second, beside the SDK's bare server in the same run.

Both servers are uvicorn processes; whoever asks is an HTTP client in this one, so its own time is in the figures of
both. Each measurement is taken three times in turn and the best is kept: on a machine that does other work too, that is
the one nearest to what the server can do. The load of the machine is printed with the figures.
"""

import asyncio
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from sandbox.platform import Platform, answers_on_port, free_port

ROOT = Path(__file__).resolve().parents[1]
CALLS = 160
TAKES = 3
LONGEST_START_S = 60
VERSION = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
}
BARE = """
from mcp.server import MCPServer
server = MCPServer("bare", log_level="WARNING")

@server.tool()
async def whoami() -> dict[str, str]:
    "Nothing but an answer."
    return {"id": "dev", "roles": "developer of payments"}

app = server.streamable_http_app(stateless_http=True, json_response=False)
"""


def prepare(directory: Path) -> None:
    os.environ.update(
        MCTL_TEST_DIR=str(directory),
        DATABASE_URL=f"sqlite://{directory}/bench.sqlite3",
        DJANGO_SETTINGS_MODULE="tests.settings",
        # As in production: the development mode keeps every query, and refuses less.
        MCTL_DEBUG="false",
        MCTL_SANDBOX="false",
        MCTL_SECRET_KEY=secrets.token_urlsafe(50),
        MCTL_GITHUB_URL="https://github.com",
        MCTL_GITHUB_CLIENT_ID="",
        MCTL_GITHUB_TOKEN_FILE="",
    )
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


@contextmanager
def started(argv: list[str], port: int) -> Iterator[int]:
    """The server's process id."""
    command = [sys.executable, "-m", "uvicorn", *argv, "--port", str(port), "--no-access-log", "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_for(lambda: answers_on_port(port))
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def valkey(directory: Path) -> Iterator[None]:
    from tests.settings import PLATFORM

    platform: Platform = PLATFORM
    platform.prepare()
    part = next(part for part in platform.parts() if part.name == "valkey")
    process = subprocess.Popen(part.argv, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(part.ready)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def cpu_s(pid: int) -> float:
    """What a process has used, which other work on the machine does not change."""
    used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


def wait_for(ready: Any) -> None:
    end = time.monotonic() + LONGEST_START_S
    while not ready():
        if time.monotonic() > end:
            raise RuntimeError("A process did not answer in time.")
        time.sleep(0.05)


def token() -> str:
    from accounts.actions import create_token
    from accounts.models import Person
    from core.actor import Door
    from tenants.queries import actor_for

    Person.objects.signed_in("dev")
    return create_token(actor_for("dev", door=Door.WEB), name="bench", scopes=["read", "write"], days=1).secret


def asked(method: str, **params: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """Headers and body of one self-contained request of the newest revision."""
    headers = {"mcp-protocol-version": VERSION, "mcp-method": method}
    if "name" in params:
        headers["mcp-name"] = params["name"]
    return headers, {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}


async def measured(url: str, pid: int, bearer: str, request: Any, at_once: int) -> dict[str, float]:
    """Milliseconds and calls per second of `CALLS` calls, `at_once` at a time, and what each cost the server."""
    headers, body = request
    accept = {"accept": "application/json, text/event-stream", "authorization": f"Bearer {bearer}"}
    times: list[float] = []
    async with httpx2.AsyncClient(headers={**accept, **headers}, timeout=60) as http:

        async def caller(calls: int, kept: list[float]) -> None:
            for _ in range(calls):
                began = time.perf_counter()
                answer = await http.post(url, json=body)
                kept.append((time.perf_counter() - began) * 1000)
                assert answer.status_code == 200, answer.text[:300]
                assert '"isError":true' not in answer.text, answer.text[:300]

        await asyncio.gather(*(caller(3, []) for _ in range(at_once)))
        began, used_s = time.perf_counter(), cpu_s(pid)
        await asyncio.gather(*(caller(CALLS // at_once, times) for _ in range(at_once)))
        spent, used_s = time.perf_counter() - began, cpu_s(pid) - used_s
    return {
        "p50 ms": round(statistics.median(times), 1),
        "p95 ms": round(statistics.quantiles(times, n=20)[-1], 1),
        "calls/s": round(len(times) / spent, 1),
        "server CPU ms a call": round(used_s / len(times) * 1000, 1),
    }


async def best(url: str, pid: int, bearer: str, request: Any, at_once: int) -> dict[str, float]:
    taken = [await measured(url, pid, bearer, request, at_once) for _ in range(TAKES)]
    return max(taken, key=lambda one: one["calls/s"])


def costs(url: str, bearer: str) -> dict[str, Any]:
    headers, body = asked("tools/list")
    accept = {"accept": "application/json, text/event-stream", "authorization": f"Bearer {bearer}"}
    answer = httpx2.post(url, headers={**accept, **headers}, json=body, timeout=60)
    tools = json.loads(answer.text.partition("data: ")[2] or answer.text)["result"]["tools"]
    size = len(json.dumps(tools, separators=(",", ":")))
    return {
        "default toolset: tools": len(tools),
        "default toolset: bytes": size,
        "default toolset: tokens (a quarter of the characters)": round(size / 4),
    }


def figures_of(name: str, *where_and_what: Any) -> dict[str, float]:
    found = {}
    for at_once in (1, 16):
        for figure, value in asyncio.run(best(*where_and_what, at_once)).items():
            found[f"{name}, {at_once} at once: {figure}"] = value
    return found


def main() -> None:
    directory = Path(tempfile.mkdtemp(prefix="mctl-bench-"))
    prepare(directory)
    from bench.pages import fill

    (directory / "bare_server.py").write_text(BARE)
    bare = ["bare_server:app", "--app-dir", str(directory)]
    figures: dict[str, Any] = {}
    port, bare_port = free_port(), free_port()
    url, bare_url = f"http://127.0.0.1:{port}/mcp", f"http://127.0.0.1:{bare_port}/mcp"
    whoami, listing = (asked("tools/call", name=f"mctl_{one}", arguments={}) for one in ("whoami", "list_services"))
    with valkey(directory):
        fill(200)
        bearer = token()
        with started(["mctl.asgi:application"], port) as pid, started(bare, bare_port) as bare_pid:
            figures |= costs(url, bearer)
            simple = asked("tools/call", name="whoami", arguments={})
            figures |= figures_of("bare SDK server, whoami", bare_url, bare_pid, bearer, simple)
            figures |= figures_of("mctl_whoami", url, pid, bearer, whoami)
            figures |= figures_of("tools/list", url, pid, bearer, asked("tools/list"))
            figures |= figures_of("mctl_list_services at 200", url, pid, bearer, listing)
            fill(1000)
            figures |= figures_of("mctl_list_services at 1,000", url, pid, bearer, listing)
    figures["load of the machine, last minute"] = round(os.getloadavg()[0], 1)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
