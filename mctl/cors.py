"""Which other sites' pages may call /api/v1 from a browser: those of the allow-list, with a bearer token, no others.

Cookies are never let through (no Access-Control-Allow-Credentials), so another site's page cannot use a session.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from mctl.api import PREFIX

METHODS = "GET, HEAD, POST"
ACCEPTED = "Authorization, Content-Type, Idempotency-Key, If-None-Match"
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
        origin = request.headers.get("Origin", "")
        if not request.path.startswith(PREFIX) or origin not in settings.CORS_ORIGINS:
            return self.get_response(request)
        is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        response = HttpResponse(status=204) if is_preflight else self.get_response(request)
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Expose-Headers"] = EXPOSED
        if is_preflight:
            response["Access-Control-Allow-Methods"] = METHODS
            response["Access-Control-Allow-Headers"] = ACCEPTED
            response["Access-Control-Max-Age"] = PREFLIGHT_KEPT_S
        patch_vary_headers(response, ["Origin"])
        return response
