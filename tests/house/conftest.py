"""The whole house: platform, observer, worker, beat and web as real processes; tests talk to it over HTTP only.

It ends with the last test of this folder: it would take time from the tests after it.
"""

import html
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from sandbox.platform import answers_on_port, free_port
from tests.house.visitor import Visitor, database_url, readable, start_product
from tests.processes import ROOT, Processes, wait_until


@pytest.fixture(scope="package")
def house(platform: Processes) -> Iterator[str]:
    """The address of a running MCTL whose mirror holds the seeded world."""
    port = free_port()
    before = {name: os.environ.get(name) for name in ("DATABASE_URL", "MCTL_PUBLIC_URL")}
    os.environ.update(DATABASE_URL=database_url(), MCTL_PUBLIC_URL=f"http://127.0.0.1:{port}")
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, check=True)
    start_product(platform, port)
    wait_until(lambda: answers_on_port(port), "the web server answers")
    yield f"http://127.0.0.1:{port}"
    for name in ("web", "worker", "beat", "observer"):
        if name in platform.running:
            platform.kill(name, 15)
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture(scope="package")
def dev_visits(house: str) -> Visitor:
    visitor = Visitor(house)
    wait_until(lambda: "Dev" in visitor.get("/sandbox/sign-in/").text, "the cast is shown")
    visitor.sign_in("dev")
    visitor.wait_for("/services/?q=payments-api", lambda page: "payments-api" in readable(page), "the mirror is filled")
    return visitor


@pytest.fixture(scope="package")
def token(house: str, dev_visits: Visitor) -> str:
    """Made by Dev on the Connecting page."""
    dev_visits.get("/connecting/")
    page = dev_visits.post("/connecting/tokens/", name="ci", reach="read write", days="7")
    found = re.search(r"mctl_pat_[A-Za-z0-9_-]{20,}", html.unescape(page.text))
    assert found, page.text[:500]
    return found.group(0)


@pytest.fixture
def vera_visits(house: str, dev_visits: Visitor) -> Visitor:
    return Visitor(house).sign_in("vera")
