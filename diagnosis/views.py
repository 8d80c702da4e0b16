"""The guide's page. The view translates: read input, one query, one template."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from core.actor import Actor
from core.gate import gate
from core.htmx import page_or_part
from diagnosis.queries.guide_page import guide_page


class ActorRequest(HttpRequest):
    """A request behind the sign-in guard: the middleware has set the actor."""

    actor: Actor


@gate("diagnosis.guide")
@require_safe
def guide(request: ActorRequest) -> HttpResponse:
    shown = guide_page(request.actor, q=request.GET.get("q", ""), service=request.GET.get("service", ""))
    return page_or_part(request, "diagnosis/guide.html", "diagnosis/_guide.html", {"guide": shown})
