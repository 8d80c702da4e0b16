"""The sign-in page's content, and where people go from there."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.policies import may_github_vouch
from core.errors import Problem

PROBLEM_SALT = "sign-in-problem"
PROBLEM_SHOWN_FOR_S = 600
LONGEST_NEXT = 2_000


def own_page(request: HttpRequest, wanted: str) -> str:
    """A path on this site where `wanted` is one, else "". Never another host, however it is spelled."""
    if not wanted.startswith("/") or len(wanted) > LONGEST_NEXT:
        return ""
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else ""


def sign_in_context(request: HttpRequest) -> dict[str, Any]:
    """`{"methods": [{"label", "url"}], "next", "organisation", "vouches", "problem"}` for pages that let people in.

    `vouches` is the Decision whether GitHub's word counts here.
    """
    vouches = may_github_vouch()
    github = {"label": "Sign in with GitHub", "url": reverse("github_login")}
    return {
        "methods": [github] if settings.GITHUB_CLIENT_ID and vouches.allowed else [],
        "next": own_page(request, request.GET.get("next", "")),
        "organisation": settings.GITHUB_ORG,
        "vouches": vouches,
        "problem": shown_problem(request.GET.get("problem", "")),
    }


def back_to_sign_in(problem: Problem) -> HttpResponse:
    """Redirects, so that GitHub's code leaves the address bar. The words are signed: nobody else can put any there."""
    told = {"code": problem.problem_code, "sentence": problem.sentence, "remedy": problem.remedy}
    query = urlencode({"problem": signing.dumps(told, salt=PROBLEM_SALT, compress=True)})
    return redirect(f"{resolve_url(settings.LOGIN_URL)}?{query}")


def shown_problem(signed: str) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = signing.loads(signed, salt=PROBLEM_SALT, max_age=PROBLEM_SHOWN_FOR_S)
    except signing.BadSignature:
        return None
    return told
