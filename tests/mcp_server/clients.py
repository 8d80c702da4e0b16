"""The SDK's own client, in this process, on the very application that a server would run."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any

import httpx2
import uvicorn
from mcp import Client

from accounts.actions import create_token
from core.actor import Actor, Door
from mctl.asgi import application
from sandbox.platform import free_port
from tenants.queries import actor_for
from tests.processes import wait_until

URL = "http://127.0.0.1:8000/mcp"
Connect = Callable[..., AbstractAsyncContextManager[Client]]


def secret_of(name: str, *scopes: str) -> str:
    actor: Actor = actor_for(name, door=Door.WEB)
    return create_token(actor, name="agent", scopes=list(scopes), days=1).secret


def http_client(token: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(application), headers={"authorization": f"Bearer {token}"}, timeout=60
    )


@contextmanager
def served(what: Any) -> Iterator[str]:
    port = free_port()
    running = uvicorn.Server(uvicorn.Config(what, port=port, log_level="error", log_config=None))
    thread = threading.Thread(target=running.run)
    thread.start()
    wait_until(lambda: running.started, "uvicorn listens")
    yield f"http://127.0.0.1:{port}/mcp"
    running.should_exit = True
    thread.join()
