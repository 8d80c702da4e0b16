"""The edge: a session becomes an Actor, and a Problem becomes a page or a part."""

from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import get_resolver
from django_structlog.middlewares import RequestMiddleware

from core.actor import Actor, Door
from core.audit import record_denial
from core.errors import NotFound, Problem
from core.htmx import wants_part
from tenants.queries import actor_for


class RequestLogMiddleware(RequestMiddleware):
    """A query may hold a token that somebody put there by mistake, so only the path is logged."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {request.path}"


class ActorMiddleware:
    """Sets `request.actor` where somebody is signed in. Views behind the login guard can rely on it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        request.actor = actor_for(request.user.login, door=Door.WEB)
        response = self.get_response(request)
        # Pages, parts and exports must not stay in a cache for the next person at this computer.
        response["Cache-Control"] = "no-store"
        return response


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
    template = "mctl/_problem.html" if wants_part(request) else "mctl/problem.html"
    context = {"problem": problem.as_dict(), "status": problem.status, "request_id": request_id(request)}
    return render(request, template, context, status=problem.status)


def request_id(request: HttpRequest) -> str:
    """The id that the logs and the audit carry too."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))
