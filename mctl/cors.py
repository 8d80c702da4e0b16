"""What other sites' pages may call from a browser, never with a cookie: there is no Access-Control-Allow-Credentials.

/api/v1 with a bearer token, for the sites of the allow-list. The endpoints with which an OAuth client finds us,
registers and fetches its tokens, for everybody: they are public, and a client in a browser has no other way.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from core.actor import Door
from core.limits import TooManyRequests, address_of, take_address
from mctl.api import PREFIX

FOR_OAUTH_CLIENTS = ("/oauth/token", "/oauth/register", "/oauth/revoke", "/.well-known/oauth-")
METHODS = "GET, HEAD, POST"
ACCEPTED = "Authorization, Content-Type, Idempotency-Key, If-None-Match, MCP-Protocol-Version"
EXPOSED = (
    "ETag, Location, Idempotency-Replayed, Retry-After, WWW-Authenticate, RateLimit-Limit, RateLimit-Remaining, "
    "RateLimit-Reset"
)
PREFLIGHT_KEPT_S = "600"


class CorsMiddleware:
    """Stands before sign-in: a browser's preflight carries no token."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        allowed = allowed_origin(request)
        if not allowed:
            return self.get_response(request)
        is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        response = answer_preflight(request) if is_preflight else self.get_response(request)
        response["Access-Control-Allow-Origin"] = allowed
        response["Access-Control-Expose-Headers"] = EXPOSED
        if is_preflight:
            response["Access-Control-Allow-Methods"] = METHODS
            response["Access-Control-Allow-Headers"] = ACCEPTED
            response["Access-Control-Max-Age"] = PREFLIGHT_KEPT_S
        patch_vary_headers(response, ["Origin"])
        return response


def answer_preflight(request: HttpRequest) -> HttpResponse:
    """A preflight identifies nobody, so it counts against the address."""
    try:
        take_address(address_of(request.META), Door.REST)
    except TooManyRequests as problem:
        return HttpResponse(status=problem.status, headers=problem.headers())
    return HttpResponse(status=204)


def allowed_origin(request: HttpRequest) -> str:
    """What the answer says of who may read it; "" where only our own pages may."""
    origin = request.headers.get("Origin", "")
    if origin and request.path.startswith(FOR_OAUTH_CLIENTS):
        return "*"
    return origin if request.path.startswith(PREFIX) and origin in settings.CORS_ORIGINS else ""
