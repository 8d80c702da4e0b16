"""A cluster that takes the connection and never answers: tools say what was seen last, marked, and in time."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from mcp_server.running import LONGEST_CALL_S
from tests import builders
from tests.mcp_server.clients import Connect

SERVICE = {"team": "payments", "service": "webhook-relay"}
SEEN_LAST = {
    "target": {"kind": "Deployment", "namespace": "payments", "name": "webhook-relay"},
    "healthy": False,
    "sentence": "The tag 1.9.9 does not exist.",
    "findings": [{"cause": "image-tag-missing", "title": "The tag does not exist", "remedies": []}],
}


@pytest.fixture
def silent_cluster(tmp_path: Path, settings: Any) -> Iterator[None]:
    listening = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def take() -> None:
        while True:
            try:
                held.append(listening.accept()[0])
            except OSError:
                return

    thread = threading.Thread(target=take)
    thread.start()
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps(config_of(listening.getsockname()[1])))
    settings.KUBECONFIG, settings.KUBERNETES_TIMEOUT_S = str(kubeconfig), 1.0
    yield
    # Closing alone would leave the thread waiting in accept().
    listening.shutdown(socket.SHUT_RDWR)
    thread.join()
    for one in [*held, listening]:
        one.close()


def config_of(port: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "silent",
        "clusters": [{"name": "silent", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "nobody", "user": {}}],
        "contexts": [{"name": "silent", "context": {"cluster": "silent", "user": "nobody"}}],
    }


async def test_a_diagnosis_is_what_was_seen_last_and_says_so(connect: Connect, silent_cluster: None) -> None:
    await sync_to_async(builders.service)("webhook-relay", health="Degraded", diagnosis=SEEN_LAST)
    began = time.monotonic()
    async with connect("dev", "read") as client:
        result = await client.call_tool("mctl_diagnose", SERVICE)
    assert time.monotonic() - began < LONGEST_CALL_S
    found = result.structured_content
    assert not result.is_error
    assert (found["live"], found["findings"][0]["cause"]) == (False, "image-tag-missing")
    assert found["note"].startswith("Partial:")
    assert result.content[0].text.startswith("Partial:")


async def test_logs_say_that_the_cluster_does_not_answer(connect: Connect, silent_cluster: None) -> None:
    began = time.monotonic()
    await sync_to_async(builders.service)("webhook-relay")
    async with connect("dev", "read") as client:
        result = await client.call_tool("mctl_get_service_logs", SERVICE)
    assert time.monotonic() - began < LONGEST_CALL_S
    assert (result.is_error, result.structured_content["lines"]) == (False, [])
    assert "cluster" in result.structured_content["note"]


async def test_what_takes_longer_than_the_limit_is_left_and_the_next_call_is_answered(
    connect: Connect, silent_cluster: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KUBERNETES_TIMEOUT_S = 20.0
    await sync_to_async(builders.service)("webhook-relay")
    began = time.monotonic()
    async with connect("dev", "read") as client:
        with monkeypatch.context() as patched:
            patched.setattr("mcp_server.running.LONGEST_CALL_S", 0.5)
            result = await client.call_tool("mctl_get_service_logs", SERVICE)
        after = await client.call_tool("mctl_get_service_status", SERVICE)
    assert time.monotonic() - began < 15
    assert result.structured_content["error"]["code"] == "timed_out"
    assert not after.is_error
