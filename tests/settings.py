"""Settings of the suite: the product's own, at the addresses of a platform that `plugins/platform.py` starts.

The addresses are chosen here, before the product's settings read the environment, and reach every child process. Each
worker of a parallel run has a platform, a database and a prefix at the broker of its own.
"""

import os
import tempfile
from pathlib import Path

from sandbox.platform import Platform, free_port

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
if os.environ.get("MCTL_TEST_WORKER", WORKER) != WORKER:
    # Forked off by the run's controller, which chose addresses for itself.
    for inherited in os.environ["MCTL_TEST_CHOSE"].split(","):
        os.environ.pop(inherited, None)
os.environ["MCTL_TEST_WORKER"] = WORKER
chosen: list[str] = []


def choose(name: str, value: str) -> str:
    """A value given from outside stays; children of this process see what was chosen."""
    if name not in os.environ:
        os.environ[name] = value
        chosen.append(name)
    return os.environ[name]


def broker_of_worker(url: str) -> str:
    """The next database of a shared Redis for each further worker: `cache.clear()` empties a whole one."""
    server, _, database = url.rpartition("/")
    number = WORKER.removeprefix("gw")
    return f"{server}/{int(database) + int(number)}" if database.isdigit() and number.isdigit() else url


if "MCTL_BROKER_URL" in os.environ:
    os.environ["MCTL_BROKER_URL"] = choose("MCTL_TEST_BROKER_URL", broker_of_worker(os.environ["MCTL_BROKER_URL"]))
TEST_DIR = Path(choose("MCTL_TEST_DIR", tempfile.mkdtemp(prefix="mctl-test-")))
PLATFORM = Platform(
    TEST_DIR / "sandbox",
    int(choose("MCTL_TEST_KUBERNETES_PORT", str(free_port()))),
    int(choose("MCTL_TEST_GIT_PORT", str(free_port()))),
    speed=20.0,
    github_port=int(choose("MCTL_TEST_GITHUB_PORT", str(free_port()))),
)
PLATFORM.make_password()
(TEST_DIR / "static").mkdir(parents=True, exist_ok=True)
DEFAULTS = {
    **PLATFORM.environment(),
    "MCTL_DEBUG": "true",
    "MCTL_SANDBOX": "true",
    "MCTL_VAR_DIR": str(TEST_DIR),
    "MCTL_BROKER_PREFIX": f"mctl-{WORKER}-{os.getpid()}:",
    "MCTL_GITOPS_FETCH_INTERVAL_S": "0.5",
    "MCTL_OPERATION_POLL_S": "1",
    "MCTL_OPERATION_LEASE_S": "4",
    "MCTL_REAPER_INTERVAL_S": "0.5",
    "MCTL_LOG_LEVEL": "WARNING",
    # Hundreds of tests act as the same few people; those about limits set their own.
    **{f"MCTL_{kind}_PER_MINUTE": "1000000" for kind in ("READS", "WRITES", "PAGES", "SOCKETS", "STRANGERS")},
}
for name, value in DEFAULTS.items():
    choose(name, value)
os.environ["MCTL_TEST_CHOSE"] = ",".join(chosen + os.environ.get("MCTL_TEST_CHOSE", "").split(",")).strip(",")

from mctl.settings import *  # noqa: E402, F403
