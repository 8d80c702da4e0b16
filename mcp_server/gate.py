"""The gate in front of /mcp: a plain ASGI application, so that a tool call never passes through Django's middleware.

Host and Origin first (a page of another site must not reach us through somebody's browser), then the token, then the
method. What it refuses carries what an OAuth client needs to go and ask for access.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any
from uuid import uuid4

import structlog
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.template.loader import render_to_string

from accounts.errors import TokenMissing
from accounts.queries import count_refused_bearer, remember_failure
from accounts.queries.resources import metadata_address
from core.actor import Actor, Door, Scope
from core.connections import ConnectionKind, connection_of
from core.errors import Forbidden, Problem, SignInNeeded, Unavailable
from core.limits import Kind, TooManyRequests, client_address, take, take_address
from mcp_server.cors import answer_preflight, is_preflight, is_welcome, shared_with
from mcp_server.running import in_thread
from tenants.actions import authenticate

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

PATHS = ("/mcp", "/mcp/")
CONTENT_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'"

log = structlog.get_logger()


class WrongHost(Problem):
    """The Host header names another site (DNS rebinding)."""

    code = "wrong_host"
    status = 421


class WrongMethod(Problem):
    code = "method_not_allowed"
    status = 405


class McpGate:
    """`tools` answers a request that was let in, with `scope["actor"]` set; None while there are none."""

    def __init__(self, tools: Application | None = None) -> None:
        self.tools = tools

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        # httptools leaves blanks behind header values, which RFC 9110 says are not part of them.
        headers = {name.decode("latin-1"): value.decode("latin-1").strip(" \t") for name, value in scope["headers"]}
        if is_welcome(headers.get("origin", "")):
            send = shared_with(headers["origin"], send)
        request_id = str(uuid4())
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.answer(scope, headers, receive, send, request_id)
            except Problem as problem:
                await self.refuse(problem, send, request_id)
            except Exception:
                log.exception("mcp_gate_failed")
                failed = Unavailable("Something went wrong on our side.", remedy="Try again in a minute.")
                await self.refuse(failed, send, request_id)

    async def answer(
        self, scope: MutableMapping[str, Any], headers: dict[str, str], receive: Receive, send: Send, request_id: str
    ) -> None:
        address = address_of(scope, headers)
        refused = refusal_of_other_sites(headers)
        asks_first, wants_page = is_preflight(scope["method"], headers), is_browser(scope, headers)
        if refused or asks_first or wants_page:
            # Answered without a look at the token, so whatever token came along proves nothing.
            await in_thread(take_address, address, Door.MCP)
        if refused:
            raise refused
        if asks_first:
            await answer_preflight(send)
        elif wants_page:
            await explain(send, request_id)
        else:
            actor = await in_thread(let_in, authorization(scope), address)
            async with connection_of(actor, ConnectionKind.CALL):
                await self.serve(actor, scope, receive, send)

    async def serve(self, actor: Actor, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            # A stream to listen on would be held open forever with nothing to say.
            raise WrongMethod("MCP requests are sent by POST here.", remedy="The client need not open a stream.")
        require_scopes(actor, {Scope.READ})
        if self.tools is None:
            raise Unavailable(
                "You are let in, but this version has no tools yet.", remedy="Use the pages or /api/v1 meanwhile."
            )
        await self.tools({**scope, "actor": actor}, receive, forbid_caching(send))

    async def refuse(self, problem: Problem, send: Send, request_id: str) -> None:
        extra = []
        if isinstance(problem, SignInNeeded):
            await in_thread(partial(remember_failure, problem, request_id=request_id, door=Door.MCP))
            extra = [("www-authenticate", challenge(problem))]
        elif isinstance(problem, TooManyRequests):
            extra = [(name.lower(), value) for name, value in problem.headers().items()]
        elif isinstance(problem, ScopeMissing):
            extra = [("www-authenticate", problem.challenge())]
        elif isinstance(problem, WrongMethod):
            extra = [("allow", "POST")]
        body = json.dumps({"error": problem.sentence, **problem.as_dict(), "request_id": request_id})
        await respond(send, problem.status, "application/json", body, [("x-request-id", request_id), *extra])


def let_in(header: str | None, address: str) -> Actor:
    """The actor, counted against their limit; failures count against the address, so that guessing ends."""
    take_address(address, Door.MCP, counts=False)
    try:
        actor = authenticate(header, Door.MCP)
    except Problem as problem:
        count_refused_bearer(problem, door=Door.MCP, address=address)
        take_address(address, Door.MCP)
        raise
    take(actor, Kind.READ)
    return actor


class ScopeMissing(Forbidden):
    """Names all scopes the client should ask for: those it has and those it lacks."""

    code = "insufficient_scope"

    def challenge(self) -> str:
        scopes = self.facts["scopes"]
        return f'Bearer error="insufficient_scope", scope="{scopes}", resource_metadata="{metadata_address(Door.MCP)}"'


def require_scopes(actor: Actor, needed: set[Scope]) -> None:
    """Raises ScopeMissing, which an OAuth client answers by asking its person for more."""
    if needed <= actor.scopes:
        return
    wanted = [scope.value for scope in Scope if scope in needed | actor.scopes]
    raise ScopeMissing(
        f"This needs a token with the scopes {', '.join(wanted)}.",
        remedy="Let the client ask for them, or create such a token on the Connecting page.",
        scopes=" ".join(wanted),
    )


def refusal_of_other_sites(headers: dict[str, str]) -> Problem | None:
    host, _ = split_domain_port(headers.get("host", ""))
    if not validate_host(host, settings.ALLOWED_HOSTS):
        return WrongHost("This server does not answer to that name.", remedy=f"Use {settings.PUBLIC_URL}/mcp.")
    origin = headers.get("origin")
    # Clients of the command line send none. A browser always does, and no other site's page may call tools.
    if origin is not None and not is_welcome(origin):
        return Forbidden("Pages of other sites may not use /mcp.", code="foreign_origin")
    return None


def is_browser(scope: MutableMapping[str, Any], headers: dict[str, str]) -> bool:
    return scope["method"] in ("GET", "HEAD") and "text/html" in headers.get("accept", "")


def address_of(scope: MutableMapping[str, Any], headers: dict[str, str]) -> str:
    peer = (scope.get("client") or ("", 0))[0]
    return client_address(peer, headers.get("x-forwarded-for", ""))


def authorization(scope: MutableMapping[str, Any]) -> str | None:
    """The Authorization header; we refuse one that is sent twice: a proxy may read the other value."""
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
    return ", ".join(values) if values else None


def forbid_caching(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            others = [pair for pair in message.get("headers", []) if pair[0].lower() != b"cache-control"]
            message = {**message, "headers": [*others, (b"cache-control", b"no-store")]}
        await send(message)

    return sent


def challenge(problem: SignInNeeded) -> str:
    """RFC 6750: no error where no token came, so that a client begins instead of giving up."""
    about = f'scope="{Scope.READ.value}", resource_metadata="{metadata_address(Door.MCP)}"'
    if isinstance(problem, TokenMissing):
        return f"Bearer {about}"
    return f'Bearer error="invalid_token", error_description="{problem.problem_code}", {about}'


async def explain(send: Send, request_id: str) -> None:
    page = await in_thread(render_to_string, "mcp_server/mcp.html", {"url": f"{settings.PUBLIC_URL}/mcp"})
    policy = [("content-security-policy", CONTENT_POLICY), ("x-request-id", request_id)]
    await respond(send, 200, "text/html; charset=utf-8", page, policy)


async def respond(send: Send, status: int, kind: str, body: str, headers: list[tuple[str, str]]) -> None:
    raw = body.encode()
    named = [("content-type", kind), ("content-length", str(len(raw))), ("cache-control", "no-store"),
             ("x-content-type-options", "nosniff"), *headers]  # fmt: skip
    encoded = [(name.encode(), value.encode("latin-1", "replace")) for name, value in named]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": raw})
