"""/healthz and /readyz: for a kubelet and for strangers, whatever stands before the pages, and without details."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connections
from django.test import Client

from core import scripts
from mctl import probes
from mctl.probes import Own, Readiness
from operations.models import AuditEntry
from tests.conftest import wait_until

POD = "10.42.0.17:8000"
READY = b'{"status": "ok"}'
AWAY = b'{"status": "unavailable"}'


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "readiness", Readiness(Own().look))


@pytest.fixture
def strict(settings: Any) -> None:
    """What production has before its pages."""
    settings.ALLOWED_HOSTS = ["mctl.example.dev"]
    settings.SECURE_SSL_REDIRECT = True


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_a_kubelet_is_answered_by_address_over_plain_http(
    strict: None, valkey: None, path: str, method: str
) -> None:
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


@pytest.fixture
def no_broker(valkey: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Cache and broker at a socket where nobody listens."""
    caches.settings["default"]["LOCATION"], before = f"unix://{tmp_path}/nobody.sock", caches.settings["default"]["LOCATION"]
    yield
    caches.settings["default"]["LOCATION"] = before
