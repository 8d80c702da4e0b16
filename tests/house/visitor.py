"""The running product, and a person's browser without scripts."""

import html
import os
import re
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

import psycopg
import requests
from psycopg import sql

from sandbox.run import LIMITS
from tests.processes import LONGEST_WAIT_S, Processes, wait_until
from tests.settings import TEST_DIR, WORKER


class Visitor:
    """One person's browser without scripts: cookies, forms, and the CSRF token out of the page."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.http = requests.Session()

    def get(self, path: str) -> requests.Response:
        return self.http.get(self.address + path, timeout=20)

    def post(self, path: str, **fields: str) -> requests.Response:
        token = self.http.cookies.get("mctl-csrf", "")
        headers = {"Referer": self.address}
        data = {"csrfmiddlewaretoken": token, **fields}
        return self.http.post(self.address + path, data=data, headers=headers, timeout=20, allow_redirects=False)

    def sign_in(self, person: str) -> "Visitor":
        self.get("/sandbox/sign-in/")
        assert self.post("/sandbox/sign-in/", person=person).status_code == 302
        return self

    def deploy(self, service: str, tag: str, **fields: str) -> str:
        """Plans, confirms with the plan's hash, and returns the operation's path."""
        path = f"/tenants/{service.replace('/', '/services/')}/deploy/"
        self.get(path)
        planned = self.post(path, image_tag=tag, intent="plan", **fields)
        found = re.search(r'name="plan_hash" value="([0-9a-f]+)"', planned.text)
        assert found, readable(planned.text)
        started = self.post(path, image_tag=tag, intent="run", plan_hash=found.group(1), **fields)
        assert started.status_code == 302, readable(started.text)
        return str(started.headers["Location"])

    def wait_for(self, path: str, is_there: Callable[[str], bool], what: str) -> str:
        page = ""

        def look() -> bool:
            nonlocal page
            page = self.get(path).text
            return is_there(page)

        try:
            wait_until(look, what, LONGEST_WAIT_S)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{path} says: {readable(page)[:3000]}") from None
        return page


def readable(page: str) -> str:
    """A page's words, for assertions and failure messages."""
    text = re.sub(r"(?s)<(script|style|svg).*?</\1>", " ", page)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def database_url() -> str:
    """A database of the house's own, beside the one in which other tests roll back."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        return f"sqlite://{TEST_DIR}/house.sqlite3"
    with psycopg.connect(url, autocommit=True) as connection:
        name = f"mctl_house_{WORKER}"
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def start_product(processes: Processes, port: int) -> None:
    python = sys.executable
    processes.start("observer", [python, "manage.py", "observe"])
    web = [python, "-m", "uvicorn", "mctl.asgi:application", "--port", str(port), "--no-access-log"]
    processes.start("web", [*web, *LIMITS])
    start_worker(processes)
    processes.start("beat", [python, "-m", "celery", "-A", "mctl", "beat", "--loglevel", "WARNING", "--pidfile="])


def start_worker(processes: Processes) -> None:
    celery = [sys.executable, "-m", "celery", "-A", "mctl", "worker"]
    processes.start("worker", [*celery, "--loglevel", "WARNING", "--without-gossip", "--without-mingle"])
