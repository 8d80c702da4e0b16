"""How the API answers: its error bodies, entity tags, rate-limit headers and pages with Link."""

import hashlib
import json
import time
from typing import Any

from aiohttp import web

from sandbox.github.world import Token

DOCUMENTATION = "https://docs.github.com/rest"
CALLS_AN_HOUR = 5000
HOUR_S = 3600
MOST_PER_PAGE, DEFAULT_PER_PAGE = 100, 30


def error(status: int, message: str, **headers: str) -> web.Response:
    body = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.json_response(body, status=status, headers=named)


def not_found() -> web.Response:
    return error(404, "Not Found")


class Meter:
    """Calls of one token in this hour. A 304 is free, as on the real one."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}
        self._reset = int(time.time()) + HOUR_S

    def count(self, token: Token | None, *, free: bool = False) -> dict[str, str]:
        if time.time() > self._reset:
            self._used, self._reset = {}, int(time.time()) + HOUR_S
        key = token.value if token else ""
        self._used[key] = self._used.get(key, 0) + (0 if free else 1)
        return self.headers(self._used[key])

    def exhausted(self) -> dict[str, str]:
        return self.headers(CALLS_AN_HOUR)

    def headers(self, used: int) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(CALLS_AN_HOUR),
            "X-RateLimit-Remaining": str(max(CALLS_AN_HOUR - used, 0)),
            "X-RateLimit-Used": str(used),
            "X-RateLimit-Reset": str(self._reset),
            "X-RateLimit-Resource": "core",
        }


def tagged(request: web.Request, body: Any, headers: dict[str, str] | None = None) -> web.Response:
    """The body with its entity tag, or 304 where the caller holds it already."""
    text = json.dumps(body, separators=(",", ":"))
    tag = f'W/"{hashlib.sha256(text.encode()).hexdigest()}"'
    more = {"ETag": tag, "Cache-Control": "private, max-age=60, s-maxage=60", **(headers or {})}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=more)
    return web.Response(text=text, content_type="application/json", charset="utf-8", headers=more)


def paged(request: web.Request, items: list[Any]) -> web.Response:
    """One page of the list. `Link` names its neighbours; the last page has no next."""
    per_page = min(max(number(request, "per_page", DEFAULT_PER_PAGE), 1), MOST_PER_PAGE)
    page = max(number(request, "page", 1), 1)
    last = max(-(-len(items) // per_page), 1)
    neighbours = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    wanted = {name for name, number in neighbours.items() if 1 <= number <= last and number != page}
    links = [
        f'<{request.url.update_query({"page": str(neighbours[name])})}>; rel="{name}"'
        for name in neighbours
        if name in wanted
    ]
    headers = {"Link": ", ".join(links)} if links else {}
    return tagged(request, items[(page - 1) * per_page : page * per_page], headers)


def number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else default
