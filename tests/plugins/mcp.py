"""The MCP client on a small seeded database."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import cache
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from accounts.models import Person
from tests import builders
from tests.mcp_server.clients import URL, Connect, http_client, secret_of
from tests.queues import messages_to


@pytest.fixture
def small_world(valkey: None, transactional_db: None) -> None:
    """The cast, and four services of payments of which one is in trouble."""
    cache.clear()
    builders.the_cast()
    for name in ("olga", "dev", "vera", "oscar", "ada"):
        Person.objects.signed_in(name)
    builders.service("payments-api")
    builders.service("ledger-api", health="Degraded", cause="Out of memory", cause_tone="bad", urgency=1)
    builders.service("playground", tenant="labs")


@pytest.fixture
def connect(small_world: None) -> Connect:
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
