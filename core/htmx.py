"""One view, one context: the whole page, or the part of it that htmx asked for."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from core.gate import ActorRequest
from core.page import Page, PanelShown, Subject

VARIES_BY = ("HX-Request", "HX-Boosted", "HX-History-Restore-Request")


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
    patch_vary_headers(response, VARIES_BY)
    return response


def page_of_panels(request: ActorRequest, page: Page, subject: Subject) -> HttpResponse:
    """The first tab of a page: the whole, its part, or the one panel whose element htmx swaps."""
    target = request.htmx.target if wants_part(request) else None  # type: ignore[attr-defined]
    if target and target != page.name:
        return part_of_panel(request, page.read(request.actor, subject, panel=target), subject)
    shown = page.open(request.actor, subject)
    return page_or_part(request, page.template, page.part, {"page": shown, "body": "core/_panels.html"})


def part_of_panel(request: ActorRequest, panel: PanelShown | None, subject: Subject) -> HttpResponse:
    """204 lets htmx keep what stands there."""
    if panel is None:
        return HttpResponse(status=204)
    response = render(request, "core/_panel.html", {"panel": panel, "subject": subject})
    patch_vary_headers(response, [*VARIES_BY, "HX-Target"])
    return response


def page_of_tab(
    request: ActorRequest, page: Page, subject: Subject, *, tab: str, body: str, **context: Any
) -> HttpResponse:
    """A tab of its own address: the page's head and tabs, and below them the template `body` with `context`."""
    shown = page.open(request.actor, subject, tab=tab)
    return page_or_part(request, page.template, page.part, {**context, "page": shown, "body": body})


def wants_part(request: HttpRequest) -> bool:
    """False for a boosted link and for a history restore: both replace the whole page."""
    htmx: Any = getattr(request, "htmx", None)
    return bool(htmx and not htmx.boosted and not htmx.history_restore_request)
