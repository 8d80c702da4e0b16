"""How many live connections one person may hold open at once, counted across processes: sockets, streams, calls."""

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.test import Client

from accounts.actions import create_token
from accounts.models import Person
from core import connections
from core.actor import Actor, Door
from core.connections import ConnectionKind, TooManyConnections, connection_of, count_connection
from core.scripts import connection, full_key
from mctl.asgi import application
from tests import builders
from tests.processes import LONGEST_WAIT_S, ROOT

pytestmark = pytest.mark.usefixtures("fresh_minute")
# One process that opens a connection and is killed with it.
OPEN_AND_DIE = """
import os, django; django.setup()
from core.actor import Actor, Door
from core.connections import ConnectionKind, count_connection
count_connection(Actor("dev", Door.WEB), ConnectionKind.SOCKET)
os.kill(os.getpid(), 9)
"""
LONG_AGO_MS = 1
ORIGIN = "http://127.0.0.1:8000"


@pytest.fixture(autouse=True)
def two_at_once(settings: Any) -> None:
    settings.OPEN_AT_ONCE = 2


def person(name: str = "dev") -> Actor:
    return Actor(name, Door.WEB)


def test_a_connection_that_has_ended_makes_room_for_the_next() -> None:
    first, _ = count_connection(person(), ConnectionKind.SOCKET), count_connection(person(), ConnectionKind.SOCKET)

    with pytest.raises(TooManyConnections) as refused:
        count_connection(person(), ConnectionKind.SOCKET)
    first.forget()

    assert (refused.value.status, refused.value.headers()) == (429, {"Retry-After": "5"})
    assert count_connection(person(), ConnectionKind.SOCKET).count()


def test_each_person_and_each_kind_is_counted_by_itself() -> None:
    for who in ("dev", "olga"):
        for kind in ConnectionKind:
            for _ in range(2):
                count_connection(person(who), kind)


def test_a_killed_process_blocks_nobody_for_long() -> None:
    argv = [sys.executable, "-c", OPEN_AND_DIE]
    for _ in range(2):
        subprocess.run(argv, cwd=ROOT, check=False, timeout=LONGEST_WAIT_S)
    with pytest.raises(TooManyConnections):
        count_connection(person(), ConnectionKind.SOCKET)

    forget_when_they_end(person(), ConnectionKind.SOCKET)

    assert count_connection(person(), ConnectionKind.SOCKET).count()


def forget_when_they_end(actor: Actor, kind: ConnectionKind) -> tuple[Any, str]:
    """As if EXPIRES_AFTER_S had gone by: the moments at which they expire lie in the past. Server and key."""
    key, server = full_key(f"open:{kind.name.lower()}:{actor.name}"), connection()
    for one in server.zrange(key, 0, -1):
        server.zadd(key, {one: LONG_AGO_MS})
    return server, key


async def test_what_stays_open_goes_on_to_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "RENEWED_EVERY_S", 0.02)
    async with connection_of(person(), ConnectionKind.SOCKET), connection_of(person(), ConnectionKind.SOCKET):
        server, key = forget_when_they_end(person(), ConnectionKind.SOCKET)
        async with asyncio.timeout(LONGEST_WAIT_S):
            while server.zcount(key, LONG_AGO_MS + 1, "+inf") < 2:
                await asyncio.sleep(0.01)
        with pytest.raises(TooManyConnections):
            count_connection(person(), ConnectionKind.SOCKET)


class Page:
    """A browser's end of the socket, through the whole edge."""

    def __init__(self, cookie: str, origin: str = ORIGIN) -> None:
        named = [(b"host", b"127.0.0.1:8000"), (b"origin", origin.encode())]
        headers = [*named, (b"cookie", f"mctl-session={cookie}".encode())]
        scope = {"type": "websocket", "path": "/ws/changes/", "query_string": b"", "headers": headers}
        self.wire = ApplicationCommunicator(application, {**scope, "client": ["198.51.100.4", 1]})

    async def opened(self) -> dict[str, Any]:
        """What is said after the handshake: {} where the socket stays open."""
        await self.wire.send_input({"type": "websocket.connect"})
        said: dict[str, Any] = await self.wire.receive_output(10)
        if said["type"] != "websocket.accept" or await self.wire.receive_nothing(0.2):
            return said if said["type"] != "websocket.accept" else {}
        return dict(await self.wire.receive_output(10))

    async def leave(self) -> None:
        await self.wire.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.wire.wait(10)


def session_of(name: str) -> str:
    client = Client()
    client.force_login(Person.objects.signed_in(name))
    return client.cookies["mctl-session"].value


@pytest.mark.django_db(transaction=True)
async def test_one_socket_too_many_is_closed_and_told_to_come_back_later() -> None:
    await database_sync_to_async(builders.the_cast)()
    cookie = await database_sync_to_async(session_of)("dev")
    pages = [Page(cookie) for _ in range(3)]

    said = [await page.opened() for page in pages]
    await pages[0].leave()
    again = Page(cookie)

    assert said[:2] == [{}, {}]
    assert (said[2]["code"], said[2]["reason"]) == (1013, "You have 2 live pages open, which is the limit.")
    assert await again.opened() == {}
    for page in (pages[1], again):
        await page.leave()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("origin", "is_ours"),
    [
        (ORIGIN, True),
        ("https://127.0.0.1:8000", False),
        ("http://127.0.0.1", False),
        ("http://127.0.0.1:8001", False),
        ("http://127.0.0.1:99999999", False),
        ("http://[::1", False),
        ("null", False),
        ("", False),
    ],
)
async def test_a_socket_is_opened_by_a_page_of_the_same_scheme_host_and_port(origin: str, is_ours: bool) -> None:
    await database_sync_to_async(builders.the_cast)()
    page = Page(await database_sync_to_async(session_of)("dev"), origin)

    said = await page.opened()
    await page.leave()

    assert (said == {}) is is_ours


@pytest.mark.django_db(transaction=True)
def test_a_stream_too_many_is_refused_in_words(dev: Actor) -> None:
    builders.the_cast()
    operation = builders.operation()
    for _ in range(2):
        count_connection(dev, ConnectionKind.STREAM)

    answer = Client(headers=bearer(dev)).get(f"/api/v1/operations/runs/{operation.public_id}/events")

    assert (answer.status_code, answer["Retry-After"]) == (429, "5")
    assert answer.json()["code"] == "too_many_open"


@pytest.mark.django_db(transaction=True)
def test_a_call_at_mcp_too_many_is_refused_and_the_others_make_room_when_they_end(dev: Actor) -> None:
    builders.the_cast()
    headers = bearer(dev)

    many = [call(headers)[0] for _ in range(5)]
    for _ in range(2):
        count_connection(dev, ConnectionKind.CALL)
    refused, named = call(headers)

    assert many == [200] * 5
    assert (refused, named[b"retry-after"]) == (429, b"5")


def bearer(actor: Actor) -> dict[str, str]:
    Person.objects.signed_in(actor.name)
    return {"authorization": f"Bearer {create_token(actor, name='ci', scopes=['read'], days=1).secret}"}


def call(headers: dict[str, str]) -> tuple[int, dict[bytes, bytes]]:
    named = {"host": "127.0.0.1:8000", "content-type": "application/json", **headers}
    named["accept"] = "application/json, text/event-stream"
    pairs = [(name.encode(), value.encode()) for name, value in named.items()]
    scope = {"type": "http", "method": "POST", "path": "/mcp", "query_string": b"", "headers": pairs}

    async def talk() -> tuple[int, dict[bytes, bytes]]:
        wire = ApplicationCommunicator(application, scope)
        await wire.send_input({"type": "http.request", "body": b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'})
        start = await wire.receive_output(20)
        while (await wire.receive_output(20)).get("more_body"):
            pass
        await wire.wait(20)
        return start["status"], dict(start["headers"])

    return asyncio.run(talk())
