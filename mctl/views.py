"""Pages of the house itself: home, the styleguide, and the answers where no route or no view could help."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import requires_csrf_token
from django.views.decorators.http import require_safe

from core.actor import Door
from core.errors import Forbidden, NotFound, Problem
from core.gate import ActorRequest, gate
from core.htmx import page_of_panels, page_or_part
from core.limits import address_of
from core.page import HOME, Subject
from core.security_events import NOT_SIGNED_IN, SecurityEvent, count_event
from mctl.api import PREFIX, answer
from mctl.health import system_check as check_system
from mctl.middleware import problem_response, request_id
from mctl.reference import PAGES, reference_page


@gate("home.see")
@require_safe
def home(request: ActorRequest) -> HttpResponse:
    return page_of_panels(request, HOME, Subject())


@gate("home.see")
@require_safe
def source_ages(request: ActorRequest) -> HttpResponse:
    return render(request, "mctl/_shell.html")


@gate("core.styleguide")
@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    return render(request, "mctl/styleguide.html")


@gate("reference.see")
@require_safe
def reference(request: HttpRequest, kind: str) -> HttpResponse:
    kinds = [(name, title) for name, (title, *_) in PAGES.items()]
    context = {"reference": reference_page(kind, request.GET.get("q", "")), "kinds": kinds}
    return page_or_part(request, "mctl/reference.html", "mctl/_reference_entries.html", context)


@gate("system.check")
@require_safe
def system_check(request: ActorRequest) -> HttpResponse:
    return page_or_part(
        request, "mctl/system_check.html", "mctl/_system_check.html", {"report": check_system(request.actor)}
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(PREFIX):
        return answer(request, NotFound("There is no such endpoint.", remedy="Check the address and its spelling."))
    problem = NotFound("There is no such page.", remedy="Check the address, or start from the home page.")
    return problem_response(request, problem)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_response(request, Problem("The request cannot be read.", remedy="Reload the page and try again."))


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    problem = Forbidden("The form was not sent from a page of this site, or it is too old.", remedy="Reload and retry.")
    actor = getattr(request, "actor", None)
    verb = getattr(request.resolver_match and request.resolver_match.func, "gate_verb", "")
    name, client = (actor.name, actor.client) if actor else (NOT_SIGNED_IN, address_of(request.META))
    count_event(SecurityEvent(verb or "form", problem.sentence, Door.WEB.value, name, client))
    return problem_response(request, problem)


def server_error(request: HttpRequest) -> HttpResponse:
    """No database, no context: whatever broke may have broken them too."""
    return render(None, "mctl/server_error.html", {"request_id": request_id(request)}, status=500)  # type: ignore[arg-type]
