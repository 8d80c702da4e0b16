"""The limits at the web and REST doors. Stands innermost: behind it are the views, before it everybody is known."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from core.actor import Actor, Door
from core.limits import Allowance, Kind, TooManyRequests, address_of, take, take_address
from mctl.api import PREFIX, answer
from mctl.middleware import problem_response

SAFE = {"GET", "HEAD", "OPTIONS"}
# Leaving changes nothing a limit protects.
MILD_VERBS = {"accounts.sign_out"}


class LimitsMiddleware:
    """One question to the cache for each request: by the person where one is known, by the address where none is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # REST alone verifies bearers, and beside one the session counts for nothing. Elsewhere the header is noise.
        shows_bearer = is_api(request) and "Authorization" in request.headers
        if shows_bearer:
            request.actor = None
        try:
            if not is_known(request):
                take_address(address_of(request.META), door_of(request), counts=not shows_bearer)
        except TooManyRequests as problem:
            return refusal(request, problem)
        response = self.get_response(request)
        if shows_bearer and not is_known(request):
            count_failure(request)
        allowance: Allowance | None = getattr(request, "allowance", None)
        if allowance is not None and is_api(request):
            for name, value in allowance.headers().items():
                response.headers.setdefault(name, value)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        actor: Actor | None = getattr(request, "actor", None)
        if actor is None:
            return None
        try:
            request.allowance = take(actor, kind_of(request, view))
        except TooManyRequests as problem:
            return refusal(request, problem)
        return None


def kind_of(request: HttpRequest, view: Any) -> Kind:
    """Looking at pages is counted generously; REST reads, plans and whatever may change something are not."""
    verb = getattr(view, "gate_verb", "")
    if request.method in SAFE or verb in MILD_VERBS:
        return Kind.READ if is_api(request) else Kind.PAGE
    is_form_plan = getattr(view, "shows_plans", False) and request.POST.get("intent") == "plan"
    return Kind.READ if is_form_plan or verb.endswith(".plan") else Kind.WRITE


def is_known(request: HttpRequest) -> bool:
    """By a session, or by a bearer that was verified meanwhile."""
    return getattr(request, "actor", None) is not None


def count_failure(request: HttpRequest) -> None:
    try:
        take_address(address_of(request.META), door_of(request))
    except TooManyRequests:
        # Others used up the limit meanwhile; the next request from there is refused.
        return


def door_of(request: HttpRequest) -> Door:
    return Door.REST if is_api(request) else Door.WEB


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith(PREFIX)


def refusal(request: HttpRequest, problem: TooManyRequests) -> HttpResponse:
    if is_api(request):
        return answer(request, problem)
    response = problem_response(request, problem)
    for name, value in problem.headers().items():
        response[name] = value
    return response
