"""The outermost layer: how large a request may be and how long it may take to arrive, at every address alike.

A body is read whole here and handed on from memory. So nothing behind this layer waits for a slow client, and Django,
which would spool a large body to disk, never sees one.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import structlog
from django.conf import settings
from django.template.loader import render_to_string

from core.errors import Problem
from mcp_server.endpoint import TooLarge, replay
from mcp_server.gate import CONTENT_POLICY, PATHS, Application, Message, Receive, Send, respond
from mcp_server.running import in_thread
from mctl.api import PREFIX, problem_json

# Forms of people who are not signed in, and what OAuth clients send, are a few kilobytes.
STRANGERS_MOST_BYTES = 64 * 1024
# Enough for the largest body over a slow line, short enough that held connections stay few.
LONGEST_BODY_S = 30.0
LONGEST_NUMBER = 15
# Of larger bodies than a stranger's, in one process. A made-up token or cookie is enough to send one.
MOST_HELD_BYTES = 128 * 1024 * 1024
# By then most of the bodies that are held have arrived and are answered.
RETRY_AFTER_S = 5
# A connection closed while the client still sends is reset, and the client never reads the answer.
LINGER_S = 2.0

log = structlog.get_logger(__name__)


class TooSlow(Problem):
    code = "too_slow"
    status = 408


class TooManyLarge(Problem):
    code = "too_many_large"
    status = 503


class Held:
    """What one request keeps in memory of the budget that all requests of this process share."""

    total_bytes = 0

    def __init__(self) -> None:
        self.bytes = 0

    def grow(self, size: int) -> None:
        """Raises TooManyLarge."""
        more = size - self.bytes if size > STRANGERS_MOST_BYTES else 0
        if Held.total_bytes + more > MOST_HELD_BYTES:
            raise TooManyLarge(
                "Too many large requests arrive at once.",
                remedy=f"Send it again in {RETRY_AFTER_S} s.",
                retry_after_s=RETRY_AFTER_S,
            )
        self.bytes += more
        Held.total_bytes += more

    def release(self) -> None:
        Held.total_bytes -= self.bytes
        self.bytes = 0


class BodyLimits:
    """Answers 413, 408 and 503 itself and closes the connection; the application sees complete bodies only."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        held = Held()
        try:
            await self.answer(held, scope, receive, send)
        finally:
            held.release()

    async def answer(self, held: Held, scope: Message, receive: Receive, send: Send) -> None:
        try:
            body = await read_within_limits(scope["headers"], receive, held)
        except Problem as problem:
            await refuse(problem, scope["path"], receive, send)
            return
        if body is not None:
            await self.application(scope, replay(body, receive), send)


async def read_within_limits(headers: list[tuple[bytes, bytes]], receive: Receive, held: Held) -> bytes | None:
    """The body, or None where the client went away. Raises TooLarge, TooSlow and TooManyLarge."""
    named = dict(headers)
    most_bytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE if shows_credentials(named) else STRANGERS_MOST_BYTES
    declared = named.get(b"content-length", b"")
    if declared.isdigit() and (len(declared) > LONGEST_NUMBER or int(declared) > most_bytes):
        raise too_large(most_bytes)
    try:
        async with asyncio.timeout(LONGEST_BODY_S):
            return await read_body(receive, most_bytes, held)
    except TimeoutError:
        sentence = f"The request did not arrive within {LONGEST_BODY_S:g} s."
        raise TooSlow(sentence, remedy="Send it again over a faster connection.") from None


async def read_body(receive: Receive, most_bytes: int, held: Held) -> bytes | None:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most_bytes:
            raise too_large(most_bytes)
        held.grow(size)
        if not message.get("more_body"):
            return b"".join(parts)


def shows_credentials(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a session or a bearer token came along. Neither is verified yet: they buy a larger body, no more."""
    session = f"{settings.SESSION_COOKIE_NAME}=".encode()
    is_bearer = headers.get(b"authorization", b"").strip().lower().startswith(b"bearer ")
    return is_bearer or session in headers.get(b"cookie", b"")


def too_large(most_bytes: int) -> TooLarge:
    is_strangers = most_bytes == STRANGERS_MOST_BYTES
    return TooLarge(
        f"The request is larger than {most_bytes // 1024:,} kB.",
        remedy="Sign in or send a token; then more is taken." if is_strangers else "Send less.",
        most_bytes=most_bytes,
    )


async def refuse(problem: Problem, path: str, receive: Receive, send: Send) -> None:
    request_id = str(uuid4())
    log.warning("request_refused", code=problem.code, request_id=request_id)
    headers = [("connection", "close"), ("x-request-id", request_id)]
    if isinstance(problem, TooManyLarge):
        headers.append(("retry-after", str(RETRY_AFTER_S)))
    if path.startswith(PREFIX) or path in PATHS:
        kind, text = "application/json", json.dumps(problem_json(problem, request_id))
    else:
        context: dict[str, Any] = {"problem": problem.as_dict(), "request_id": request_id}
        kind, text = "text/html; charset=utf-8", await in_thread(render_to_string, "mctl/request_refused.html", context)
        headers.append(("content-security-policy", CONTENT_POLICY))

    async def lingering(message: Message) -> None:
        """The whole answer first, then the rest of what the client sends, then the end of the answer."""
        is_last = message["type"] == "http.response.body"
        await send({**message, "more_body": True} if is_last else message)
        if is_last:
            await discard(receive)
            await send({"type": "http.response.body", "body": b""})

    await respond(lingering, problem.status, kind, text, headers)


async def discard(receive: Receive) -> None:
    try:
        async with asyncio.timeout(LINGER_S):
            while (message := await receive())["type"] == "http.request" and message.get("more_body"):
                pass
    except TimeoutError:
        return
