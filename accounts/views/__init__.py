"""Signing in and out."""

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.views.github import callback, leave_for_github
from accounts.views.pages import own_page, sign_in_context
from core.gate import PUBLIC, gate

__all__ = ["github_callback", "github_sign_in", "own_page", "sign_in", "sign_in_context", "sign_out"]


@gate(PUBLIC)
@login_not_required
@never_cache
@require_safe
def sign_in(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/sign_in.html", sign_in_context(request))


@gate(PUBLIC)
@login_not_required
@require_POST
def github_sign_in(request: HttpRequest) -> HttpResponse:
    return leave_for_github(request)


@gate(PUBLIC)
@login_not_required
@never_cache
@require_safe
def github_callback(request: HttpRequest) -> HttpResponse:
    return callback(request)


@gate("accounts.sign_out")
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect(settings.LOGIN_URL)
