"""The REST door: a bearer token or, for reading, the browser's session becomes an Actor; a Problem becomes JSON."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from accounts.errors import TokenMissing
from accounts.queries import count_refused_bearer, remember_failure
from accounts.queries.resources import metadata_address
from core.actor import Actor, Door, Scope
from core.errors import Forbidden, Problem, SignInNeeded
from core.limits import TooManyRequests, address_of
from mctl.middleware import keep_denial, request_id
from tenants.actions import authenticate
from tenants.queries import actor_for

PREFIX = "/api/"
SAFE = {"GET", "HEAD", "OPTIONS"}
# Answers that help whoever is lost, before anybody is asked who they are.
OPEN_TO_ALL = {"mcp.elsewhere"}


class ApiMiddleware:
    """Stands innermost, so that whatever an endpoint raises is answered as JSON and not as a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(PREFIX):
            return self.get_response(request)
        # The session counts for reading only, and a page of another site cannot send a bearer token.
        request._dont_enforce_csrf_checks = True
        response = self.get_response(request)
        response["Cache-Control"] = "no-store"
        response.headers.setdefault("Vary", "Authorization, Cookie")
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if not request.path.startswith(PREFIX) or getattr(view, "gate_verb", "") in OPEN_TO_ALL:
            return None
        try:
            self.let_in(request)
        except Problem as problem:
            keep_denial(request, problem)
            count_refused_bearer(problem, door=Door.REST, address=address_of(request.META))
            return answer(request, problem)
        return None

    def let_in(self, request: HttpRequest) -> None:
        header = request.headers.get("Authorization")
        if header is None and request.user.is_authenticated:
            if request.method not in SAFE:
                raise Forbidden(
                    "The browser's session is not taken for changes here.", remedy="Send a bearer token instead."
                )
            request.actor = actor_for(request.user.login, door=Door.REST)
            return
        request.actor = authenticate(header, Door.REST)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, Problem) and request.path.startswith(PREFIX):
            keep_denial(request, error)
            return answer(request, error)
        return None


def answer(request: HttpRequest, problem: Problem) -> JsonResponse:
    """Refusals can be looked up by their request id on the Connecting page."""
    if isinstance(problem, SignInNeeded | Forbidden):
        actor: Actor | None = getattr(request, "actor", None)
        name = actor.name if actor else ""
        remember_failure(problem, request_id=request_id(request), door=Door.REST, name=name)
    response = JsonResponse(problem_json(problem, request_id(request)), status=problem.status)
    if isinstance(problem, SignInNeeded):
        response["WWW-Authenticate"] = challenge(problem)
    if isinstance(problem, TooManyRequests):
        for name, value in problem.headers().items():
            response[name] = value
    return response


def problem_json(problem: Problem, request: str) -> dict[str, Any]:
    """`{"error", "code", "sentence", "remedy", "facts", "request_id"}`: every error of REST and of the /mcp gate."""
    return {"error": problem.sentence, **problem.as_dict(), "request_id": request}


def challenge(problem: SignInNeeded) -> str:
    """RFC 6750: no error code where no token came. RFC 9728: where a client learns who issues tokens for REST."""
    about = f'scope="{Scope.READ.value}", resource_metadata="{metadata_address(Door.REST)}"'
    if isinstance(problem, TokenMissing):
        return f'Bearer realm="mctl", {about}'
    return f'Bearer realm="mctl", error="invalid_token", error_description="{problem.problem_code}", {about}'
