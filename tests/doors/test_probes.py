"""/healthz and /readyz: for a kubelet and for strangers, whatever stands before the pages, and without details."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from mctl import probes
from mctl.probes import Readiness, own_parts
from operations.models import AuditEntry

POD = "10.42.0.17:8000"
READY = b'{"status":"ok"}'
AWAY = b'{"status":"unavailable"}'


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "readiness", Readiness(own_parts()))
    # On a crowded machine the first look at the migrations takes its time.
    monkeypatch.setattr(probes, "LONGEST_ROUND_S", 60.0)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the probes write to the log from here on."""
    entries: list[dict[str, Any]] = []

    def keep(logger: Any, method: str, entry: Any) -> Any:
        entries.append(dict(entry))
        raise structlog.DropEvent

    monkeypatch.setattr(probes, "log", structlog.wrap_logger(None, processors=[keep]))
    return entries


@pytest.fixture
def strict(settings: Any) -> None:
    """What production has before its pages."""
    settings.ALLOWED_HOSTS = ["mctl.example.dev"]
    settings.SECURE_SSL_REDIRECT = True


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_a_kubelet_is_answered_by_address_over_plain_http(strict: None, valkey: None, path: str, method: str) -> None:
    answer = getattr(Client(), method)(path, headers={"host": POD})

    assert answer.status_code == 200
    assert answer.content == (b"" if method == "head" else READY)
    assert not answer.cookies
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_pages_still_refuse_a_host_that_is_not_theirs(strict: None, valkey: None) -> None:
    assert Client().get("/", headers={"host": POD}).status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_take_no_other_method(valkey: None, path: str) -> None:
    assert Client().post(path).status_code == 405


@pytest.mark.django_db
def test_probes_count_against_nobody_and_leave_no_trace(few: None) -> None:
    answers = {Client(REMOTE_ADDR="192.0.2.21").get("/readyz").status_code for _ in range(8)}

    assert answers == {200}
    assert Client(REMOTE_ADDR="192.0.2.21").get("/nowhere/").status_code == 404
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db
def test_probes_do_not_ask_the_cache(valkey: None, tmp_path: Path, settings: Any) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": f"unix://{tmp_path}/nobody.sock"}}

    answers = [Client().get(path) for path in ("/readyz", "/healthz")]

    assert [(one.status_code, one.content) for one in answers] == [(200, READY), (200, READY)]


# A pool of PostgreSQL's connections would go on answering.
@pytest.mark.sandbox_only
@pytest.mark.django_db
def test_without_a_database_it_is_not_ready_and_says_no_more(
    valkey: None, tmp_path: Path, broken_database: None, logged: list[dict[str, Any]]
) -> None:
    answer = Client().get("/readyz")

    assert (answer.status_code, answer.content) == (503, AWAY)
    # The class of the error is the database's own.
    (line,) = logged
    assert (line["event"], line["part"]) == ("not_ready", "database")
    assert line["error"]


@pytest.fixture
def broken_database(valkey: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New connections find a folder in the place of the file."""
    monkeypatch.setitem(connections.settings["default"], "NAME", str(tmp_path))


@pytest.mark.django_db(transaction=True)
def test_a_database_without_the_newest_migration_is_not_ready(
    valkey: None, monkeypatch: pytest.MonkeyPatch, logged: list[dict[str, Any]]
) -> None:
    newest = MigrationRecorder.Migration.objects.filter(app="operations").latest("id")
    newest.delete()
    before = Client().get("/readyz").status_code
    newest.save()
    monkeypatch.setattr(probes, "readiness", Readiness(own_parts()))

    assert (before, Client().get("/readyz").status_code) == (503, 200)
    assert [entry["part"] for entry in logged] == ["migrations"]


class Silent:
    """A question that hangs until it is let go, and counts how often it was begun."""

    def __init__(self) -> None:
        self.begun, self.answers = 0, threading.Event()

    def __call__(self) -> None:
        self.begun += 1
        assert self.answers.wait(30)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Silent]:
    asked = Silent()
    monkeypatch.setattr(probes, "LONGEST_ROUND_S", 0.05)
    monkeypatch.setattr(probes, "readiness", Readiness({"database": asked}))
    yield asked
    asked.answers.set()


def test_a_database_that_hangs_is_asked_once_and_logged_once_however_many_probes_come(
    silent: Silent, logged: list[dict[str, Any]]
) -> None:
    answers = {Client().get("/readyz").status_code for _ in range(20)}

    assert (answers, silent.begun) == ({503}, 1)
    assert logged == [{"event": "not_ready", "part": "database", "error": "NoAnswer", "within_s": 0.05}]


def test_a_question_that_hangs_for_long_is_asked_again_on_a_new_connection(
    silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "ABANDONED_AFTER_S", 0.0)

    answers = {Client().get("/readyz").status_code for _ in range(20)}

    assert (answers, silent.begun) == ({503}, probes.MOST_ROUNDS)


def test_many_probes_share_one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Silent()
    asked.answers.set()
    monkeypatch.setattr(probes, "readiness", Readiness({"database": asked}))
    monkeypatch.setattr(probes, "KEPT_S", 60.0)

    answers = {Client().get("/readyz").status_code for _ in range(20)}

    assert (answers, asked.begun) == ({200}, 1)
