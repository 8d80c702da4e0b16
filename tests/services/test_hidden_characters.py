"""What stands in git and in the rows of the mirror is shown as it is: nothing clears, turns around or hides a line."""

import re
from pathlib import Path

import pygit2
import pytest
from django.test import Client

from accounts.models import Person
from integrations.gitops import Gitops, gitops
from tests import builders
from tests.git_host import GitHost

RELAY = "/tenants/payments/services/webhook-relay"
# A terminal's escape, a line turned around, a line break of Unicode's own, a mark without a width.
HIDDEN = "\x1b[2K\u202egnp.exe\u2028\u200b"
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


def commit(bare: Path, path: str) -> None:
    """Somebody else's commit: what our own writer would not let through."""
    repository = pygit2.Repository(str(bare))
    index = pygit2.Index()
    index.read_tree(repository.head.peel().tree)
    text = repository[index[path].id].data.decode().replace("tag:", "# \u202egnp.exe\u200b\n  tag:", 1)
    text = text.replace("env:", 'env:\n  ODD: "\\e[2K\\u202Egnp.exe\\L\\u200B"', 1)
    index.add(pygit2.IndexEntry(path, repository.create_blob(text.encode()), pygit2.enums.FileMode.BLOB))
    author = pygit2.Signature(f"mallory{HIDDEN}", "m@example.dev")
    subject = f"deploy: nothing {HIDDEN}"
    repository.create_commit(
        repository.head.name, author, author, subject, index.write_tree(repository), [repository.head.target]
    )


@pytest.fixture
def browser(repository: Gitops, git_host: GitHost, git_url: str, valkey: None, db: None) -> Client:
    builders.the_cast()
    path = gitops().service_path("payments", "webhook-relay")
    commit(git_host.bare(git_url), path)
    gitops().fetch()
    odd = f"it said {HIDDEN}"
    finding = {"cause": "app-exception", "severity": "problem", "verdict": "confirmed", "title": odd, "detail": odd,
               "evidence": [{"fact": odd, "value": odd, "field": odd, "source": odd, "object": None, "time": None,
                             "untrusted": True}], "remedies": [], "guide": "", "consequences": []}  # fmt: skip
    builders.service(
        "webhook-relay", values_path=path, cause=odd, app_message=odd, tag=f"1{HIDDEN}", changed_by=odd, image=odd,
        diagnosis={"healthy": False, "sentence": odd, "findings": [finding], "observed_at": "2026-11-30T10:00:00Z"},
    )  # fmt: skip
    failed = {"state": "failed", "finished_at": builders.now(), "reason": odd, "diagnosis": {"findings": [finding]}}
    operation = builders.operation(
        service="webhook-relay", summary=odd, plan={"diff": f"+{odd}", "path": odd}, **failed
    )
    operation.steps.create(position=0, name="prime", title="Prime", state="failed", says=odd)
    operation.log_lines.create(step="prime", at=operation.requested_at, text=odd)
    client = Client()
    client.force_login(Person.objects.signed_in("dev"))
    return client


ADDRESSES = ("/", "/services/", "/operations/", "/operations/deploy-service-x7k2p/", "/tenants/payments/", f"{RELAY}/",
             f"{RELAY}/configuration/", f"{RELAY}/history/")  # fmt: skip


def unseen(page: str) -> list[str]:
    """Hidden characters with what stands before them."""
    return [page[max(0, found.start() - 60) : found.end()] for found in UNSEEN.finditer(page)]


def test_every_page_shows_hidden_characters_as_escapes(browser: Client) -> None:
    pages = {address: browser.get(address).content.decode() for address in ADDRESSES}

    assert {address for address, page in pages.items() if "\\u202egnp.exe" not in page} == set()
    assert {address: found for address, page in pages.items() if (found := unseen(page))} == {}


def test_a_plan_shows_them_too(browser: Client) -> None:
    answer = browser.post(f"{RELAY}/deploy/", {"image_tag": "2.0.0", "intent": "plan"}).content.decode()

    assert 'id="plan"' in answer
    assert "\\u202e" in answer
    assert unseen(answer) == []
