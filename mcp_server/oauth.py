"""The authorization server's endpoints. Only those that stand here are reachable, whatever the toolkit offers."""

import json
from typing import Any
from urllib.parse import urlsplit

from csp.constants import SELF
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.http.request import RawPostDataException
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from oauth2_provider.exceptions import OAuthToolkitError
from oauth2_provider.views import AuthorizationView, RevokeTokenView, TokenView
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error

from accounts.actions.registration import LOOPBACK, NotRegistered, register_client, registration_answer
from accounts.queries.own_jwt import audience
from core.actor import Scope
from core.gate import gate
from core.limits import address_of
from mcp_server.authorization import refuse_other_resources, refuse_weak_challenge
from mcp_server.limits import TooMany, count
from operations.choices import AuditResult
from operations.engine import record_attempt

REGISTRATIONS_A_MINUTE = 30
REQUESTS_A_MINUTE = 60
LARGEST_REGISTRATION = 16 * 1024


def limited(request: HttpRequest, what: str, most: int) -> JsonResponse | None:
    try:
        count(what, address_of(request.META), most=most)
    except TooMany as problem:
        said = {"error": "temporarily_unavailable", "error_description": problem.sentence}
        headers = {"Retry-After": str(problem.facts["retry_after_s"])}
        return JsonResponse(said, status=problem.status, headers=headers)
    return None


@gate("oauth.metadata")
@login_not_required
@require_safe
def server_metadata(request: HttpRequest, path: str = "") -> JsonResponse:
    """RFC 8414; some clients append the resource's path. No device flow: VS Code would register for it and fail."""
    if path not in ("", "mcp"):
        raise Http404
    base = settings.PUBLIC_URL
    return public_json(
        {
            "issuer": base,
            "authorization_endpoint": f"{base}/oauth/authorize",
            "token_endpoint": f"{base}/oauth/token",
            "registration_endpoint": f"{base}/oauth/register",
            "revocation_endpoint": f"{base}/oauth/revoke",
            "scopes_supported": [scope.value for scope in Scope],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "authorization_response_iss_parameter_supported": True,
            "client_id_metadata_document_supported": True,
        }
    )


@gate("oauth.metadata")
@login_not_required
@require_safe
def resource_metadata(request: HttpRequest, path: str = "") -> JsonResponse:
    """RFC 9728, at the root and with the path of the resource."""
    if path not in ("", "mcp"):
        raise Http404
    return public_json(
        {
            "resource": audience(),
            "authorization_servers": [settings.PUBLIC_URL],
            "scopes_supported": [scope.value for scope in Scope],
            "bearer_methods_supported": ["header"],
            "resource_name": "MCTL",
            "resource_documentation": f"{settings.PUBLIC_URL}/connecting/",
        }
    )


def public_json(document: dict[str, Any]) -> JsonResponse:
    return JsonResponse(document, headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "max-age=300"})


@gate("oauth.register")
@login_not_required
@csrf_exempt
@require_POST
def register(request: HttpRequest) -> HttpResponse:
    if too_many := limited(request, "register", REGISTRATIONS_A_MINUTE):
        return too_many
    try:
        if int(request.headers.get("Content-Length") or 0) > LARGEST_REGISTRATION:
            raise NotRegistered("The registration is too long.", code="invalid_client_metadata")
        application = register_client(json.loads(request.body))
    except (ValueError, RecursionError, RawPostDataException):
        return refused("invalid_client_metadata", "The registration must be JSON.")
    except NotRegistered as problem:
        return refused(problem.problem_code, problem.sentence)
    return JsonResponse(registration_answer(application), status=201, headers={"Cache-Control": "no-store"})


def refused(error: str, description: str) -> JsonResponse:
    return JsonResponse({"error": error, "error_description": description}, status=400)


class Consent(AuthorizationView):
    """Asks the person, each time: which client, sent where, for what. No parameter of a client skips it."""

    template_name = "oauth/authorize.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if too_many := limited(request, "authorize", REQUESTS_A_MINUTE):
            return too_many
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if wrong := self.weaker_request(request):
            return wrong
        asked: QueryDict = request.GET.copy()
        # With "auto" the toolkit issues a code unasked; clients of one public id would get it for each other.
        asked.pop("approval_prompt", None)
        asked.setlist("resource", [audience()])
        request.GET = asked  # type: ignore[assignment]
        return super().get(request, *args, **kwargs)

    def weaker_request(self, request: HttpRequest) -> HttpResponse | None:
        """An error for the client, sent only after its redirect address was found to be its own."""
        try:
            refuse_other_resources(request.GET.getlist("resource"), state=request.GET.get("state"))
            refuse_weak_challenge(request.GET.get("code_challenge_method"), state=request.GET.get("state"))
        except CustomOAuth2Error as error:
            try:
                _, credentials = self.validate_authorization_request(request)
            except OAuthToolkitError as invalid:
                return self.error_response(invalid, application=None)
            weaker = OAuthToolkitError(error=error, redirect_uri=credentials["redirect_uri"])
            return self.error_response(weaker, application=None)
        return None

    def form_valid(self, form: Any) -> HttpResponse:
        form.cleaned_data["resource"] = audience()
        if form.cleaned_data.get("code_challenge_method") != "S256":
            return refused("invalid_request", "The code challenge must use S256.")
        answer = super().form_valid(form)
        allowed = bool(form.cleaned_data.get("allow"))
        record_attempt(
            self.request.actor,
            "client.connect",
            result=AuditResult.SUCCEEDED if allowed else AuditResult.REFUSED,
            target=form.cleaned_data["client_id"],
            parameters={"scopes": form.cleaned_data["scope"]},
        )
        return answer

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        redirect = context.get("redirect_uri") or ""
        context["goes_to"] = where(redirect)
        context["is_local"] = urlsplit(redirect).hostname in LOOPBACK
        context["scope_words"] = list(
            zip(context.get("scopes", []), context.get("scopes_descriptions", []), strict=False)
        )
        answer = super().render_to_response(context, **kwargs)
        if redirect:
            # Chromium holds the redirect after the form to form-action and would stay on the page.
            answer._csp_replace = {"form-action": [SELF, origin_of(redirect)]}
        return answer


def where(redirect: str) -> str:
    """The host a person is sent back to, or the desktop application."""
    parts = urlsplit(redirect)
    return parts.netloc if parts.scheme in ("http", "https") else f"the application {parts.scheme}"


def origin_of(redirect: str) -> str:
    """As a source of the content policy: `https://claude.ai`, `http://localhost:3118`, `cursor:`."""
    parts = urlsplit(redirect)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


authorize = gate("oauth.authorize")(never_cache(Consent.as_view()))


@gate("oauth.token")
@login_not_required
@csrf_exempt
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    if request.POST.get("grant_type") not in ("authorization_code", "refresh_token"):
        return refused("unsupported_grant_type", "Use authorization_code or refresh_token.")
    if too_many := limited(request, "token", REQUESTS_A_MINUTE):
        return too_many
    answer = TokenView.as_view()(request)
    answer["Content-Type"], answer["Cache-Control"] = "application/json", "no-store"
    return answer


@gate("oauth.token")
@login_not_required
@csrf_exempt
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    if not request.POST.get("token"):
        return refused("invalid_request", "The token to revoke is missing.")
    return limited(request, "revoke", REQUESTS_A_MINUTE) or RevokeTokenView.as_view()(request)
