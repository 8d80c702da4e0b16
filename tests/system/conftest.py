"""The platform's servers as a doctor meets them. Each test takes one away."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app

from integrations.gitops import forget
from mctl.health import cluster_rights, own, system_report
from tests.integrations.kubernetes.servers import Emulator, Relay
from tests.system.lines import Ask, lines

# On a crowded machine what is there may be slow; what is away says so at once.
LONG_S = 60.0


@pytest.fixture
def ask(valkey: None, kubernetes: Path, git_server: str, github_server: Any, fresh_gateways: None) -> Ask:
    """Asks everything. No worker runs in these tests, so nobody waits long for one."""
    return lambda: lines(system_report(LONG_S))


@pytest.fixture
def fresh_gateways(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(own, "WORKERS_ANSWER_WITHIN_S", 0.05)
    monkeypatch.setattr(own, "ECHO_WITHIN_S", LONG_S)
    monkeypatch.setattr(cluster_rights, "LONGEST_S", LONG_S)
    forget()
    yield
    forget()


@pytest.fixture
def broker_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Where this process looks for the broker."""
    app = current_app._get_current_object()
    before = app.conf.broker_url

    def look_at(address: str) -> None:
        app.conf.broker_url = address
        app.__dict__.pop("amqp", None)

    yield look_at
    look_at(before)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    server = Emulator(tmp_path_factory.mktemp("kubernetes"))
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and says nothing."""
    between = Relay(target_port=1)
    between.open.clear()
    yield f"127.0.0.1:{between.port}"
    between.close()
