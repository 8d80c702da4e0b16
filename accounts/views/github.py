"""The way to GitHub and back. allauth keeps the state and the PKCE verifier; what it answers is turned into words."""

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.github.views import oauth2_callback
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.policies import may_github_vouch
from accounts.views.pages import own_page
from core.errors import NotFound

PROVIDER = "github"


def leave_for_github(request: HttpRequest) -> HttpResponse:
    require_configured()
    provider = get_adapter(request).get_provider(request, PROVIDER)
    wanted = own_page(request, request.POST.get("next", ""))
    return provider.redirect(request, process=AuthProcess.LOGIN, next_url=wanted or None)


def callback(request: HttpRequest) -> HttpResponse:
    require_configured()
    return oauth2_callback(request)


def require_configured() -> None:
    if not settings.GITHUB_CLIENT_ID or not may_github_vouch().allowed:
        raise NotFound("Sign-in with GitHub is not configured here.", remedy="An administrator sets it up.")
