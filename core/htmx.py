"""One view, one context: the whole page, or the part of it that htmx asked for."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def page_or_part(
    request: HttpRequest,
    page_template: str,
    part_template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    """Renders the part for an htmx swap and the page for everything else.

    The part gets the very context of the page, so that its text is found inside the page's. The answer varies by the
    headers that chose it: a cache must never hand a part to the back button.
    """
    template = part_template if wants_part(request) else page_template
    response = render(request, template, {**context, "part": part_template}, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Boosted", "HX-History-Restore-Request"])
    return response


def wants_part(request: HttpRequest) -> bool:
    """False for a boosted link and for a history restore: both replace the whole page."""
    htmx: Any = getattr(request, "htmx", None)
    return bool(htmx and not htmx.boosted and not htmx.history_restore_request)
