"""The SDK's own client, in this process, on the very application that a server would run."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any

import httpx2
import pytest
import uvicorn
from asgiref.sync import sync_to_async
from django.core.cache import cache
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from accounts.actions import create_token
from accounts.models import Person
from core.actor import Actor, Door
from mctl.asgi import application
from sandbox.platform import free_port
from tenants.queries import actor_for
from tests import builders
from tests.conftest import wait_until
from tests.operations.conftest import messages_to

URL = "http://127.0.0.1:8000/mcp"
Connect = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def house(valkey: None, transactional_db: None) -> None:
    """The cast, and four services of payments of which one is in trouble."""
    cache.clear()
    builders.the_cast()
    for name in ("olga", "dev", "vera", "oscar", "ada"):
        Person.objects.signed_in(name)
    builders.service("payments-api")
    builders.service("ledger-api", health="Degraded", cause="Out of memory", cause_tone="bad", urgency=1)
    builders.service("playground", tenant="labs")


def secret_of(name: str, *scopes: str) -> str:
    actor: Actor = actor_for(name, door=Door.WEB)
    return create_token(actor, name="agent", scopes=list(scopes), days=1).secret


def http_client(token: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(application), headers={"authorization": f"Bearer {token}"}, timeout=60
    )


@pytest.fixture
def connect(house: None) -> Connect:
    @asynccontextmanager
    async def connected(name: str, *scopes: str, **options: Any) -> AsyncIterator[Client]:
        token = await sync_to_async(secret_of)(name, *(scopes or ("read", "write")))
        async with http_client(token) as http, Client(streamable_http_client(URL, http_client=http), **options) as c:
            yield c

    return connected


@pytest.fixture
def own_queue() -> Iterator[None]:
    """Nobody works on what these tests start."""
    with messages_to("mcp-tests"):
        yield


@pytest.fixture
def server(house: None) -> Iterator[str]:
    """The address of a real server: streams arrive as they are written, and lifespan is answered."""
    with served(application) as url:
        yield url


@contextmanager
def served(what: Any) -> Iterator[str]:
    port = free_port()
    running = uvicorn.Server(uvicorn.Config(what, port=port, log_level="error"))
    thread = threading.Thread(target=running.run)
    thread.start()
    wait_until(lambda: running.started, "uvicorn listens")
    yield f"http://127.0.0.1:{port}/mcp"
    running.should_exit = True
    thread.join()
