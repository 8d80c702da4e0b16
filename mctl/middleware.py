"""The edge: a session becomes an Actor, and a Problem becomes a page or a part."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import get_resolver

from accounts.models import Person
from core.actor import Actor, Door
from core.audit import record_denial
from core.errors import NotFound, Problem
from core.htmx import wants_part
from core.limits import Kind, TooManyRequests, client_address, take, take_address
from tenants.queries import actor_for

# A code after which the page's script comes back by itself, later each time.
TRY_AGAIN_LATER = 1013


class ActorMiddleware:
    """Sets `request.actor` where somebody is signed in. Views behind the login guard can rely on it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            request.actor = actor_for(request.user.login, door=Door.WEB)
        return self.get_response(request)


class ProblemMiddleware:
    """One place renders a Problem for the browser: the whole page, or the part htmx asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if settings.DEBUG and response.status_code == NotFound.status and request.resolver_match is None:
            # While developing, Django would list all routes here; people of the sandbox get our own words.
            answer = get_resolver().resolve_error_handler(NotFound.status)
            return answer(request, Http404())  # type: ignore[call-arg]
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, Problem):
            return None
        keep_denial(request, error)
        return problem_response(request, error)


def keep_denial(request: HttpRequest, problem: Problem) -> None:
    """Into the audit, where somebody known was refused and no action has recorded it: the view's verb on its target."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None or request.resolver_match is None:
        return
    named = request.resolver_match.kwargs
    tenant = str(named.get("tenant", problem.facts.get("tenant", "")))
    target = "/".join(part for part in (tenant, str(named.get("name", ""))) if part)
    verb = getattr(request.resolver_match.func, "gate_verb", "")
    record_denial(actor, verb, problem, tenant=tenant, target=target or str(problem.facts.get("target", "")))


def problem_response(request: HttpRequest, problem: Problem) -> HttpResponse:
    template = "_problem.html" if wants_part(request) else "problem.html"
    context = {"problem": problem.as_dict(), "status": problem.status, "request_id": request_id(request)}
    return render(request, template, context, status=problem.status)


def request_id(request: HttpRequest) -> str:
    """The id that the logs and the audit carry too."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


class ActorSocketMiddleware:
    """The same Actor for a websocket, from the session's cookie; None where nobody is signed in."""

    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            actor = await self.actor_of(scope["session"], address_in(scope))
        except TooManyRequests:
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
            return
        await self.application({**scope, "actor": actor}, receive, send)

    @database_sync_to_async
    def actor_of(self, session: Any, address: str) -> Actor | None:
        """Raises TooManyRequests; strangers count by their address."""
        person = Person.objects.filter(pk=session.get(SESSION_KEY), is_active=True).first()
        if person is None:
            take_address(address, Door.WEB)
            return None
        actor = actor_for(person.login, door=Door.WEB)
        take(actor, Kind.SOCKET)
        return actor


def address_in(scope: dict[str, Any]) -> str:
    forwarded = dict(scope["headers"]).get(b"x-forwarded-for", b"").decode("latin-1")
    return client_address((scope.get("client") or ("", 0))[0], forwarded)
