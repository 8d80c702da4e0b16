"""How large a request may be and how long it may take: at every address, before Django and before any tool."""

import asyncio
import json
import socket
import tempfile
import threading
from collections.abc import Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import uvicorn
from asgiref.testing import ApplicationCommunicator

from mctl import asgi, body, wire
from mctl.body import STRANGERS_MOST_BYTES, BodyLimits, Held
from sandbox.run import LIMITS, product_processes
from tests.processes import LONGEST_WAIT_S, ROOT, wait_until

EVERYWHERE = ["/", "/nowhere/", "/sign-in/", "/oauth/register", "/oauth/token", "/api/v1/whoami", "/mcp", "/mcp/"]
BEARER = {"authorization": "Bearer mctl_pat_guess"}
SESSION = {"cookie": "mctl-csrf=x; mctl-session=guess"}
MEGABYTE = b"x" * 1_000_000
ENDLESS = 40 * [MEGABYTE]


@pytest.fixture(autouse=True)
def nobody_lingers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "LINGER_S", 0.05)


def ask(
    application: Any, path: str, *chunks: bytes, ends: bool = True, patience_s: float = LONGEST_WAIT_S, **headers: str
) -> tuple[int, Any, str]:
    """Status, headers and text of the answer to a body that arrives in these chunks.

    What an application raises is raised here, once patience has ended.
    """
    named = [(b"host", b"127.0.0.1:8000")]
    named += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": named}

    async def talk() -> tuple[int, Any, str]:
        wire = ApplicationCommunicator(application, scope)
        for number, chunk in enumerate(chunks, 1):
            more = number < len(chunks) or not ends
            await wire.send_input({"type": "http.request", "body": chunk, "more_body": more})
        start = await wire.receive_output(patience_s)
        text = (await wire.receive_output(LONGEST_WAIT_S)).get("body", b"").decode()
        return start["status"], dict(start["headers"]), text

    return asyncio.run(talk())


async def echo(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """Says how much of a body it was given, and in how many pieces."""
    pieces = []
    while (message := await receive())["type"] == "http.request":
        pieces.append(message["body"])
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"{len(b''.join(pieces))} in {len(pieces)}".encode()})


@pytest.mark.parametrize("path", EVERYWHERE)
def test_a_declared_size_beyond_the_limit_is_refused_before_anything_arrives(path: str) -> None:
    status, headers, _ = ask(asgi.application, path, content_length="250000000")

    assert status == 413
    assert headers[b"connection"] == b"close"


@pytest.mark.parametrize("path", EVERYWHERE)
def test_an_undeclared_size_is_counted_and_nothing_is_spooled(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def spooled(*_: Any, **__: Any) -> None:
        raise AssertionError("Django began to keep the body")

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", spooled)

    assert ask(asgi.application, path, *ENDLESS, **BEARER)[0] == 413


def test_strangers_may_send_a_form_and_no_more() -> None:
    limited, form, upload = BodyLimits(echo), b"x" * STRANGERS_MOST_BYTES, b"x" * (STRANGERS_MOST_BYTES + 1)

    assert ask(limited, "/", form)[2] == f"{STRANGERS_MOST_BYTES} in 1"
    assert ask(limited, "/", upload)[0] == 413
    assert ask(limited, "/", upload, authorization="Basic eDp5")[0] == 413
    for credentials in (BEARER, SESSION):
        assert ask(limited, "/", upload, **credentials)[0] == 200


@pytest.mark.parametrize("declared", ["9" * 4999, "2097153"])
def test_a_size_of_any_length_is_a_number(declared: str) -> None:
    assert ask(asgi.application, "/", content_length=declared, **SESSION)[0] == 413


def test_the_application_gets_the_body_whole() -> None:
    assert ask(BodyLimits(echo), "/", b"a", b"b", b"c")[2] == "3 in 1"


@pytest.mark.parametrize("path", EVERYWHERE)
def test_a_body_that_does_not_come_to_its_end_is_given_up(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "LONGEST_BODY_S", 0.05)

    status, headers, _ = ask(asgi.application, path, b"begun", ends=False)

    assert (status, headers[b"connection"]) == (408, b"close")


class Slow:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.is_asked = threading.Event()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        self.is_asked.set()
        await asyncio.to_thread(self.may_answer.wait, LONGEST_WAIT_S)
        await echo(scope, receive, send)


@pytest.mark.parametrize("path", ["/sign-in/", "/api/v1/whoami", "/mcp"])
def test_large_bodies_share_one_budget_of_memory(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "MOST_HELD_BYTES", 1_500_000)
    slow = Slow()

    with ThreadPoolExecutor() as pool:
        first = pool.submit(ask, BodyLimits(slow), path, MEGABYTE, **BEARER)
        slow.is_asked.wait(LONGEST_WAIT_S)
        status, headers, text = ask(BodyLimits(echo), path, MEGABYTE, **BEARER)
        assert (status, headers[b"retry-after"]) == (503, b"5")
        assert "Too many large requests arrive at once." in text
        assert ask(BodyLimits(echo), path, b"x" * STRANGERS_MOST_BYTES)[0] == 200
        slow.may_answer.set()
        assert first.result()[0] == 200

    assert ask(BodyLimits(echo), path, MEGABYTE, **BEARER)[0] == 200
    assert Held.total_bytes == 0


def test_a_refused_or_broken_request_gives_its_memory_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(*_: Any) -> None:
        raise RuntimeError

    assert ask(BodyLimits(echo), "/", *ENDLESS, **BEARER)[0] == 413
    monkeypatch.setattr(body, "LONGEST_BODY_S", 0.05)
    assert ask(BodyLimits(echo), "/", MEGABYTE, ends=False, **BEARER)[0] == 408
    with pytest.raises(RuntimeError):
        ask(BodyLimits(breaks), "/", MEGABYTE, patience_s=0.5, **BEARER)

    assert Held.total_bytes == 0


@pytest.mark.parametrize("path", ["/api/v1/whoami", "/mcp"])
def test_programs_are_told_in_the_shape_of_every_error(path: str) -> None:
    _, headers, text = ask(asgi.application, path, content_length="250000000")

    said = json.loads(text)
    assert set(said) == {"error", "code", "sentence", "remedy", "facts", "request_id"}
    assert (said["code"], said["facts"]) == ("too_large", {"most_bytes": STRANGERS_MOST_BYTES})
    assert said["request_id"] == headers[b"x-request-id"].decode()


def test_people_are_told_on_a_page_that_no_script_or_frame_can_use() -> None:
    _, headers, text = ask(asgi.application, "/sign-in/", content_length="250000000")

    assert "The request is larger than 64 kB." in text
    assert b"default-src 'none'" in headers[b"content-security-policy"]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of uvicorn with the protocol of Procfile, before an application that echoes."""
    monkeypatch.setattr(body, "LINGER_S", 5.0)
    config = uvicorn.Config(
        BodyLimits(echo), port=0, http="mctl.wire:GuardedProtocol", log_level="critical", log_config=None
    )
    serving = uvicorn.Server(config)
    thread = threading.Thread(target=serving.run)
    thread.start()
    wait_until(lambda: serving.started, "uvicorn listens")
    yield serving.servers[0].sockets[0].getsockname()[1]
    serving.should_exit = True
    thread.join()


def is_closed(connection: socket.socket) -> bool:
    connection.settimeout(LONGEST_WAIT_S)
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


def test_a_client_in_the_middle_of_its_upload_still_reads_the_refusal(server: int) -> None:
    answer = requests.post(f"http://127.0.0.1:{server}/", data=iter(ENDLESS), timeout=LONGEST_WAIT_S)

    assert answer.status_code == 413
    assert "larger than 64 kB" in answer.text


@pytest.mark.parametrize("asks_before", [False, True], ids=["first", "after an answer"])
@pytest.mark.parametrize("sent", [b"", b"\r\n", b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: "])
def test_a_head_that_does_not_come_to_its_end_is_given_up(
    sent: bytes, asks_before: bool, server: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "LONGEST_HEAD_S", 0.1)

    with socket.create_connection(("127.0.0.1", server)) as connection:
        if asks_before:
            connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            answer = b""
            while not answer.endswith(b"0\r\n\r\n"):
                answer += connection.recv(65536)
        connection.sendall(sent)
        assert is_closed(connection)


@pytest.mark.parametrize(
    "begin", [b"GET / HTTP/1.1\r\nx: ", b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: "]
)
def test_a_head_or_trailer_without_end_is_cut(begin: bytes, server: int) -> None:
    with socket.create_connection(("127.0.0.1", server)) as connection:
        try:
            connection.sendall(begin)
            for megabyte in ENDLESS:
                connection.sendall(megabyte)
        except OSError:
            return
    raise AssertionError("all of it was taken")


def test_every_way_to_start_the_web_process_sets_the_same_limits() -> None:
    web = next(line for line in (ROOT / "Procfile").read_text().splitlines() if line.startswith("web:"))

    assert ["--http", "mctl.wire:GuardedProtocol", *LIMITS[2:]] == LIMITS
    assert web.endswith(" ".join(LIMITS))
    assert product_processes("http://127.0.0.1:8000")["web"][-4 - len(LIMITS) : -4] == LIMITS


def test_ordinary_requests_on_one_connection_are_answered(server: int) -> None:
    with requests.Session() as session:
        for size in (0, 1, 60_000, 0, 30_000):
            answer = session.post(f"http://127.0.0.1:{server}/", data=b"x" * size, timeout=LONGEST_WAIT_S)
            assert answer.text == f"{size} in 1"
