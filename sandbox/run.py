"""`make run`: the embedded platform and the product's own processes under one supervisor. Ctrl-C ends all of it."""

import os
import secrets
import shlex
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from honcho.manager import Manager
from honcho.printer import Printer

from sandbox.cast import CAST
from sandbox.platform import INSTANCE, INSTANCE_HEADER, LOOPBACK, Platform, free_port, hold

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("MCTL_VAR_DIR", ROOT / "var")).resolve()
WEB_PORT = 8000
KUBERNETES_PORT = 16443
GIT_PORT = 16480
GITHUB_PORT = 16490
LONGEST_START_S = 120
# Of heads, messages and connections, as in Procfile.
LIMITS = ["--http", "mctl.wire:GuardedProtocol", "--ws-max-size", "4096", "--limit-concurrency", "2000"]


def main() -> int:
    if not hold_folder():
        print(
            f"Another `make run` uses {VAR}. End it first, or give this one a folder of its own:\n"
            f"  MCTL_VAR_DIR={VAR}-2 make run",
            file=sys.stderr,
        )
        return 1
    platform = Platform(
        VAR / "sandbox", free_port(KUBERNETES_PORT), free_port(GIT_PORT), github_port=free_port(GITHUB_PORT)
    )
    platform.prepare()
    address = f"http://{LOOPBACK}:{free_port(WEB_PORT)}"
    instance = secrets.token_hex(8)
    environment = {**product_environment(platform, address), INSTANCE: instance}
    write_environment(platform, environment)
    started = platform.directory / "started"
    started.unlink(missing_ok=True)
    manager = Manager(Printer(sys.stdout))
    for part in platform.parts():
        after = ["--after", str(platform.directory / "git-and-kubernetes")] if part.name == "controllers" else []
        manager.add_process(part.name, kept(part.argv, after), env=environment)
    for name, argv in product_processes(address).items():
        manager.add_process(name, kept(argv, ["--after", str(started)]), env=environment)
    (platform.directory / "git-and-kubernetes").unlink(missing_ok=True)
    # Begun before honcho forks: a child forked in the middle of Popen would keep its pipe open for ever.
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    migrating = subprocess.Popen(migrate, cwd=ROOT, env=environment)
    about = (platform, started, address, instance, migrating)
    opening = threading.Thread(target=open_the_house, args=about, daemon=True)
    opening.start()
    manager.loop()
    return 0 if manager.returncode in {130, 143} else int(manager.returncode or 0)


def hold_folder() -> bool:
    """What a run writes is for nobody else's eyes, nor for a second run."""
    VAR.mkdir(mode=0o700, parents=True, exist_ok=True)
    if VAR == ROOT / "var":
        VAR.chmod(0o700)
    return hold(VAR / "run.lock")


def product_environment(platform: Platform, address: str) -> dict[str, str]:
    ours = {
        "MCTL_DEBUG": "true",
        "MCTL_SANDBOX": "true",
        "MCTL_PUBLIC_URL": address,
        "MCTL_VAR_DIR": str(VAR),
        "MCTL_ALLOWED_HOSTS": f"{LOOPBACK},localhost",
        "PYTHONUNBUFFERED": "1",
        # A container or a fresh machine often is root; Celery's page of warnings about it helps nobody here.
        "PYTHONWARNINGS": "ignore::UserWarning:celery.platforms",
        **platform.environment(),
    }
    return {**os.environ, **ours}


def write_environment(platform: Platform, environment: dict[str, str]) -> None:
    """For terminals beside `make run`: `set -a; . var/sandbox/environment; set +a`."""
    ours = sorted(name for name in environment if name.startswith("MCTL_"))
    lines = [f"{name}={shlex.quote(environment[name])}" for name in ours]
    (platform.directory / "environment").write_text("\n".join(lines) + "\n")


def product_processes(address: str) -> dict[str, list[str]]:
    """The same four processes as in production; Procfile lists them for other supervisors."""
    port = address.rsplit(":", 1)[1]
    python = sys.executable
    web = [python, "-m", "uvicorn", "mctl.asgi:application", "--host", LOOPBACK, "--port", port, "--no-access-log"]
    celery = [python, "-m", "celery", "--quiet", "-A", "mctl"]
    return {
        # Who is asking is ours to decide (MCTL_TRUSTED_PROXIES), not a header's.
        "web": [*web, "--no-proxy-headers", *LIMITS, "--log-level", "warning", "--timeout-graceful-shutdown", "2"],
        "worker": [*celery, "worker", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"],
        "beat": [*celery, "beat", "--loglevel", "WARNING", "--pidfile="],
        "observer": [python, "manage.py", "observe"],
    }


def kept(argv: list[str], options: list[str]) -> str:
    return shlex.join([sys.executable, "-m", "sandbox.keep", *options, "--", *argv])


def open_the_house(
    platform: Platform, started: Path, address: str, instance: str, migrating: subprocess.Popen[bytes]
) -> None:
    """The database is migrated while the platform starts; then the product may start, and we say where to go."""
    began = time.monotonic()
    if migrating.wait():
        print("The database could not be migrated; see above. `make reset` forgets the sandbox's.", flush=True)
        os.kill(os.getpid(), signal.SIGTERM)
        return
    wait_for(platform, {"valkey", "kubernetes", "git"})
    (platform.directory / "git-and-kubernetes").touch()
    started.touch()
    while not answers(f"{address}/sandbox/sign-in/", instance):
        if time.monotonic() - began > LONGEST_START_S:
            print(f"After {LONGEST_START_S} s MCTL does not answer at {address}. See its lines above.", flush=True)
            return
        time.sleep(0.1)
    print(banner(address, time.monotonic() - began), flush=True)


def wait_for(platform: Platform, names: set[str]) -> None:
    waiting = [part for part in platform.parts() if part.name in names]
    end = time.monotonic() + LONGEST_START_S
    while time.monotonic() < end:
        if all(part.ready() for part in waiting):
            return
        time.sleep(0.05)
    missing = ", ".join(part.name for part in waiting if not part.ready())
    print(f"After {LONGEST_START_S} s there is still no answer from: {missing}. See its lines above.", flush=True)


def answers(url: str, instance: str) -> bool:
    """Whether the web process of this run answers, and not somebody else's at the same address."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  our own loopback address
            return bool(answer.status == 200 and answer.headers[INSTANCE_HEADER] == instance)
    except (urllib.error.URLError, OSError):
        return False


def banner(address: str, took_s: float) -> str:
    people = "\n".join(f"    {person.login:<7}{person.title:<16}{person.summary}" for person in CAST)
    return (
        f"\n  MCTL is ready after {took_s:.1f} s:  {address}\n\n  Sign in as\n{people}\n\n  Ctrl-C ends everything.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
