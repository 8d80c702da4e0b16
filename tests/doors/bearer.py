"""The gate in front of /mcp, asked as a server would ask it."""

import asyncio
import json
from typing import Any

from asgiref.testing import ApplicationCommunicator

from accounts.actions import create_token
from core.actor import Actor
from mctl.asgi import application

HOST = "127.0.0.1:8000"


# What the tools behind the gate say to a request without a message in it.
LET_IN = 400


CALL = {"accept": "application/json, text/event-stream"}


class Answer:
    def __init__(self, start: dict[str, Any], body: bytes) -> None:
        self.status, self.body = start["status"], body.decode()
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}

    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


def ask(method: str = "POST", path: str = "/mcp", twice: str = "", **headers: str) -> Answer:
    named = {"host": HOST, **CALL, **{name.replace("_", "-"): value for name, value in headers.items()}}
    pairs = [(name.encode(), value.encode()) for name, value in named.items()]
    if twice:
        pairs.append((b"authorization", twice.encode()))

    async def talk() -> Answer:
        scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": pairs}
        spoken = ApplicationCommunicator(application, scope)
        await spoken.send_input({"type": "http.request", "body": b"{}"})
        start = await spoken.receive_output(10)
        return Answer(start, (await spoken.receive_output(10)).get("body", b""))

    return asyncio.run(talk())


def token(olga: Actor, *scopes: str) -> str:
    return "Bearer " + create_token(olga, name="agent", scopes=list(scopes or ["read"]), days=1).secret
