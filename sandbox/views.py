"""One-click sign-in as a person of the cast. These routes exist only in the sandbox."""

import os

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.http import require_http_methods

from accounts.models import Person
from accounts.views import own_page, sign_in_context
from core.errors import Invalid
from core.gate import PUBLIC, gate
from sandbox.cast import CAST, cast_member
from sandbox.platform import INSTANCE, INSTANCE_HEADER


@gate(PUBLIC)
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        page = render(request, "sandbox/sign_in.html", {"people": CAST, **sign_in_context(request)})
        page[INSTANCE_HEADER] = os.environ.get(INSTANCE, "")
        return page
    person = cast_member(request.POST.get("person", ""))
    if person is None:
        known = ", ".join(member.login for member in CAST)
        field = {"field": "person", "value": request.POST.get("person", ""), "sentence": f"The cast is {known}."}
        raise Invalid("Nobody of that name is in the cast.", fields=[{**field, "example": CAST[0].login}])
    login(request, Person.objects.signed_in(person.login, name=person.name))
    return redirect(safe_next(request))


def safe_next(request: HttpRequest) -> str:
    """Where the person wanted to go, if that is a page of ours."""
    return own_page(request, request.POST.get("next", "")) or resolve_url("home")
