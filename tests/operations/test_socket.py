"""The socket: what it says, to whom, and when it ends."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from core.actor import Actor
from core.clock import now
from core.live import announce
from operations import consumers, registry
from operations.models import Operation
from operations.routing import websocket_urlpatterns
from tests.operations.crew import Workers, fresh
from tests.processes import LONGEST_WAIT_S

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

Connect = Callable[[Actor | None], Awaitable["Page"]]
SILENCE_S = 0.3


class Page:
    """A browser's end of the socket."""

    def __init__(self, actor: Actor | None, **more: Any) -> None:
        scope = {"type": "websocket", "path": "/ws/changes/", "headers": [], "subprotocols": [], "actor": actor, **more}
        self.wire = ApplicationCommunicator(URLRouter(websocket_urlpatterns), scope)

    async def open(self) -> None:
        await self.wire.send_input({"type": "websocket.connect"})
        assert (await self.wire.receive_output(timeout=LONGEST_WAIT_S))["type"] == "websocket.accept"

    async def says(self, **message: str | bytes) -> None:
        await self.wire.send_input({"type": "websocket.receive", **message})

    async def hears(self) -> Any:
        event = await self.wire.receive_output(timeout=LONGEST_WAIT_S)
        assert event["type"] == "websocket.send", event
        return json.loads(event["text"])

    async def is_closed_with(self) -> int:
        event = await self.wire.receive_output(timeout=LONGEST_WAIT_S)
        assert event["type"] == "websocket.close", event
        return int(event["code"])

    async def hears_nothing(self) -> bool:
        return await self.wire.receive_nothing(timeout=SILENCE_S)

    async def leave(self) -> None:
        await self.wire.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.wire.wait(timeout=LONGEST_WAIT_S)


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    opened: list[Page] = []

    async def connect(actor: Actor | None) -> Page:
        page = Page(actor)
        await page.open()
        opened.append(page)
        return page

    yield connect
    for page in opened:
        await page.leave()


tell = database_sync_to_async(announce)


def changed(tenant: str, operation: str = "deploy-service-x7k2p") -> dict[str, str]:
    return {"type": "operation.changed", "operation": operation, "tenant": tenant}


async def test_a_member_hears_what_changed_and_nothing_more(connect: Connect, vera: Actor) -> None:
    page = await connect(vera)

    await tell("payments", changed("payments"))

    assert await page.hears() == changed("payments")
    assert await page.hears_nothing()


async def test_an_outsider_hears_nothing(connect: Connect, oscar: Actor) -> None:
    page = await connect(oscar)

    await tell("payments", changed("payments"))

    assert await page.hears_nothing()


async def test_an_admin_hears_every_tenant_once(connect: Connect, ada: Actor) -> None:
    page = await connect(ada)

    await tell("payments", changed("payments"))
    await tell("labs", changed("labs"))

    heard = [await page.hears(), await page.hears()]
    assert {message["tenant"] for message in heard} == {"payments", "labs"}
    assert await page.hears_nothing()


async def test_nobody_signed_in_is_told_so_and_closed(connect: Connect) -> None:
    page = await connect(None)

    assert await page.is_closed_with() == consumers.SIGNED_OUT


async def test_many_changes_of_one_thing_arrive_as_few(connect: Connect, vera: Actor) -> None:
    page = await connect(vera)

    for _ in range(50):
        await tell("payments", changed("payments"))

    heard = 0
    while not await page.hears_nothing():
        await page.hears()
        heard += 1
    assert 1 <= heard < 25


async def test_too_many_changes_become_one_that_asks_to_look_at_everything(
    connect: Connect, vera: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "MOST_PENDING", 3)
    monkeypatch.setattr(consumers, "GATHER_S", 1.0)
    page = await connect(vera)

    for number in range(8):
        await tell("payments", changed("payments", f"deploy-service-{number:05}"))

    assert await page.hears() == consumers.EVERYTHING_CHANGED


async def test_a_ping_is_answered_and_noise_is_not(connect: Connect, vera: Actor) -> None:
    page = await connect(vera)

    await page.says(text="{not json")
    await page.says(bytes=b"\x00")
    await page.says(text="x" * 10_000)
    await page.says(text='{"type": "ping"}')

    assert await page.hears() == {"type": "pong"}


async def test_a_membership_that_ends_closes_the_socket(
    connect: Connect, vera: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "ASK_AGAIN_AFTER_S", 0.05)
    monkeypatch.setattr(registry.PEOPLE, "value", lambda login, **edge: Actor(login, **edge))

    page = await connect(vera)

    assert await page.is_closed_with() == consumers.NOT_ALLOWED


async def test_a_session_that_expires_closes_the_socket(vera: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "ASK_AGAIN_AFTER_S", 0.05)
    monkeypatch.setattr(registry.PEOPLE, "value", lambda login, **edge: vera)
    session = SessionStore()
    session["_auth_user_id"] = "1"
    await session.asave()
    page = Page(vera, session=session)
    await page.open()
    await tell("payments", changed("payments"))
    assert await page.hears() == changed("payments")

    await Session.objects.aupdate(expire_date=now() - timedelta(seconds=1))

    assert await page.is_closed_with() == consumers.SIGNED_OUT
    await page.leave()


async def test_a_new_membership_is_heard_without_a_new_socket(
    connect: Connect, vera: Actor, oscar: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "ASK_AGAIN_AFTER_S", 0.05)
    monkeypatch.setattr(registry.PEOPLE, "value", lambda login, **edge: Actor(login, roles=vera.roles, **edge))
    page = await connect(oscar)

    heard = asyncio.create_task(page.hears())
    while not heard.done():
        await tell("payments", changed("payments"))
        await asyncio.sleep(0.05)

    assert heard.result() == changed("payments")


async def test_a_workers_progress_reaches_the_page(
    connect: Connect, vera: Actor, crew: Workers, ask: Callable[..., Operation]
) -> None:
    page = await connect(vera)

    operation = await database_sync_to_async(ask)(mood="refused")

    while (await database_sync_to_async(fresh)(operation)).state != "failed":
        assert (await page.hears())["operation"] == operation.public_id
