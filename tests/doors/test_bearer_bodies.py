"""Bodies for /mcp that no client sends: refused within bounds, in our words, and the next request is answered."""

import asyncio
import json
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.cache import cache

from core.actor import Actor
from mctl.asgi import application
from tests.doors.bearer import CALL, HOST, token

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("signed_in_cast")]
MEGABYTE = b"x" * 1_000_000
TOOL_LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


def sent(authorization: str, *chunks: bytes, **headers: str) -> tuple[int, str]:
    named = {"host": HOST, **CALL, "content-type": "application/json", "authorization": authorization, **headers}
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]

    async def talk() -> tuple[int, str]:
        scope = {"type": "http", "method": "POST", "path": "/mcp", "query_string": b"", "headers": pairs}
        wire = ApplicationCommunicator(application, scope)
        for number, chunk in enumerate(chunks, 1):
            await wire.send_input({"type": "http.request", "body": chunk, "more_body": number < len(chunks)})
        start: dict[str, Any] = await wire.receive_output(20)
        return start["status"], (await wire.receive_output(20)).get("body", b"").decode()

    return asyncio.run(talk())


@pytest.mark.parametrize(
    ("what", "chunks"),
    [
        ("too large", [MEGABYTE, MEGABYTE]),
        ("deeply nested", [b"[" * 200_000]),
        ("a deep argument", [b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":' + b'{"a":' * 50_000]),
        ("no JSON", [b"\x00\xff{"]),
        ("a number", [b"7"]),
        ("empty", [b""]),
        ("a batch", [json.dumps([TOOL_LIST] * 3).encode()]),
    ],
)
def test_it_is_refused_without_a_traceback(what: str, chunks: list[bytes], olga: Actor) -> None:
    cache.clear()
    header = token(olga)

    status, body = sent(header, *chunks)

    assert status in {400, 413}, (what, status, body[:300])
    assert "Traceback" not in body
    assert len(body) < 5_000
    assert sent(header, json.dumps(TOOL_LIST).encode())[0] == 200


@pytest.mark.parametrize(
    "headers",
    [{"mcp_method": "tools/call"}, {"mcp_protocol_version": "1999-01-01"}],
)
def test_a_header_that_says_another_thing_than_the_body_is_refused(headers: dict[str, str], olga: Actor) -> None:
    named = {"mcp_protocol_version": "2026-07-28", "mcp_method": "tools/list", **headers}
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    body = json.dumps({**TOOL_LIST, "params": {"_meta": meta}}).encode()
    header = token(olga)

    assert sent(header, body, **named)[0] == 400
    assert sent(header, body, mcp_protocol_version="2026-07-28", mcp_method="tools/list")[0] == 200
