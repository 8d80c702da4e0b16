"""Pages of other sites that may call /mcp from a browser: those of MCTL_CORS_ORIGINS, with a token, no others."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

ACCEPTED = "Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Last-Event-ID"
EXPOSED = "WWW-Authenticate, X-Request-Id, Retry-After, MCP-Protocol-Version"
PREFLIGHT_KEPT_S = "600"


def is_welcome(origin: str) -> bool:
    return origin == settings.PUBLIC_URL or origin in settings.CORS_ORIGINS


def is_preflight(method: str, headers: MutableMapping[str, str]) -> bool:
    """Sent by a browser before the request itself, and without a token."""
    return method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def shared_with(origin: str, send: Send) -> Send:
    """Lets the page at that origin, which is welcome, read whatever is answered."""
    named = [
        (b"access-control-allow-origin", origin.encode("latin-1", "replace")),
        (b"access-control-expose-headers", EXPOSED.encode()),
        (b"vary", b"Origin"),
    ]

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *named]}
        await send(message)

    return sent


async def answer_preflight(send: Send) -> None:
    headers = [
        (b"access-control-allow-methods", b"POST"),
        (b"access-control-allow-headers", ACCEPTED.encode()),
        (b"access-control-max-age", PREFLIGHT_KEPT_S.encode()),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
