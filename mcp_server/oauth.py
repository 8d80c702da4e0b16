"""The authorization server's endpoints. Only those that stand here are reachable, whatever the toolkit offers."""

import json
from typing import Any
from urllib.parse import urlsplit

from csp.constants import SELF
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from oauth2_provider.exceptions import OAuthToolkitError
from oauth2_provider.models import Grant
from oauth2_provider.views import AuthorizationView, RevokeTokenView, TokenView
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error

from accounts.actions.registration import LOOPBACK, NotRegistered, register_client, registration_answer
from accounts.queries.connected_clients import plain_name
from accounts.queries.resources import PATHS, door_address
from core.actor import Door, Scope
from core.gate import gate
from core.limits import address_of
from mcp_server.authorization import one_resource, refuse_weak_challenge
from mcp_server.limits import TooMany, count
from operations.choices import AuditResult
from operations.engine import record_attempt

REGISTRATIONS_A_MINUTE = 30
REQUESTS_A_MINUTE = 60
LARGEST_REGISTRATION = 16 * 1024
# What a request for consent is made of, and comes back with the form.
ASKED = (
    "client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method",
    "resource",
)  # fmt: skip
# With approval_prompt=auto the toolkit issues a code unasked; clients of one public id would get it for each other. The
# others belong to OpenID Connect, which we do not speak.
NOT_TAKEN = ("approval_prompt", "nonce", "claims")


def limit_answer(request: HttpRequest, what: str, most: int) -> JsonResponse | None:
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
    door_at(path)
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
    """RFC 9728, with the path of the resource; at the root that of /mcp."""
    door = door_at(path)
    return public_json(
        {
            "resource": door_address(door),
            "authorization_servers": [settings.PUBLIC_URL],
            "scopes_supported": [scope.value for scope in Scope],
            "bearer_methods_supported": ["header"],
            "resource_name": "MCTL",
            "resource_documentation": f"{settings.PUBLIC_URL}/connecting/",
        }
    )


def door_at(path: str) -> Door:
    """Raises Http404 for a path behind which no resource of ours stands."""
    door = Door.MCP if not path else next((door for door, known in PATHS.items() if known == f"/{path}"), None)
    if door is None:
        raise Http404
    return door


def public_json(document: dict[str, Any]) -> JsonResponse:
    return JsonResponse(document, headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "max-age=300"})


@gate("oauth.register")
@login_not_required
@csrf_exempt
@require_POST
def register(request: HttpRequest) -> HttpResponse:
    if too_many := limit_answer(request, "register", REGISTRATIONS_A_MINUTE):
        return too_many
    # Read and counted here: a chunked request does not say how long it is.
    body = request.read(LARGEST_REGISTRATION + 1)
    try:
        if len(body) > LARGEST_REGISTRATION:
            raise NotRegistered("The registration is too long.", code="invalid_client_metadata")
        application = register_client(json.loads(body))
    except (ValueError, RecursionError):
        return refusal("invalid_client_metadata", "The registration must be JSON.")
    except NotRegistered as problem:
        return refusal(problem.problem_code, problem.sentence)
    return JsonResponse(registration_answer(application), status=201, headers={"Cache-Control": "no-store"})


def refusal(error: str, description: str) -> JsonResponse:
    return JsonResponse({"error": error, "error_description": description}, status=400)


class Consent(AuthorizationView):
    """Asks the person, each time: which client, sent where, for what. No parameter of a client skips it."""

    template_name = "mcp_server/authorize.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if too_many := limit_answer(request, "authorize", REQUESTS_A_MINUTE):
            return too_many
        if has_nul(request):
            return refusal("invalid_request", "A value holds a NUL character.")
        asked: QueryDict = request.GET.copy()
        for name in NOT_TAKEN:
            asked.pop(name, None)
        # We spell the query again: the toolkit fails on invalid escapes such as %zz.
        request.GET, request.META["QUERY_STRING"] = asked, asked.urlencode()  # type: ignore[assignment]
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if wrong := self.wrong_request(request.GET):
            return wrong
        asked: Any = request.GET
        asked.setlist("resource", [one_resource(asked.getlist("resource"))])
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What the form brings back went through a browser, so it is checked like the client's own request."""
        asked = QueryDict(mutable=True)
        for name in ASKED:
            # The form sends "" for what the client left out, except for the resource, which it always names.
            asked.setlist(name, [value for value in request.POST.getlist(name) if value or name == "resource"])
        return self.wrong_request(asked) or super().post(request, *args, **kwargs)

    def wrong_request(self, asked: QueryDict) -> HttpResponse | None:
        """An error for the client, sent only after its redirect address was found to be its own."""
        probe = HttpRequest()
        probe.method, probe.path = "GET", self.request.path
        probe.META = {**self.request.META, "QUERY_STRING": asked.urlencode()}
        state = asked.get("state")
        try:
            _, credentials = self.validate_authorization_request(probe)
        except OAuthToolkitError as invalid:
            return self.error_response(invalid, application=None)
        try:
            one_resource(asked.getlist("resource"), state=state)
            refuse_weak_challenge(asked.get("code_challenge_method"), asked.get("code_challenge", ""), state=state)
        except CustomOAuth2Error as error:
            weaker = OAuthToolkitError(error=error, redirect_uri=credentials["redirect_uri"])
            return self.error_response(weaker, application=None)
        return None

    def form_invalid(self, form: Any) -> HttpResponse:
        said = {"error": "invalid_request", "description": "The form was not sent whole."}
        return self.render_to_response({"error": said}, status=400)

    def form_valid(self, form: Any) -> HttpResponse:
        form.cleaned_data["resource"] = one_resource(self.request.POST.getlist("resource"))
        answer = super().form_valid(form)
        allowed = bool(form.cleaned_data.get("allow"))
        record_attempt(
            self.request.actor,
            "client.connect",
            result=AuditResult.SUCCEEDED if allowed else AuditResult.REFUSED,
            target=form.cleaned_data["client_id"],
            parameters={"scopes": form.cleaned_data["scope"], "resource": form.cleaned_data["resource"]},
        )
        return answer

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        redirect = context.get("redirect_uri") or ""
        if application := context.get("application"):
            context["client_name"] = plain_name(application.name)
        context["goes_to"] = where(redirect)
        context["works_at"] = context.get("resource", "")
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
        return refusal("unsupported_grant_type", "Use authorization_code or refresh_token.")
    if too_many := limit_answer(request, "token", REQUESTS_A_MINUTE):
        return too_many
    if wrong := unreadable(request):
        return wrong
    try:
        answer = TokenView.as_view()(request)
    except Grant.DoesNotExist:
        # Another request with the same code was a moment faster.
        return refusal("invalid_grant", "The code was used.")
    answer["Content-Type"], answer["Cache-Control"] = "application/json", "no-store"
    return answer


@gate("oauth.token")
@login_not_required
@csrf_exempt
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    if not request.POST.get("token"):
        return refusal("invalid_request", "The token to revoke is missing.")
    wrong = limit_answer(request, "revoke", REQUESTS_A_MINUTE) or unreadable(request)
    return wrong or RevokeTokenView.as_view()(request)


def unreadable(request: HttpRequest) -> HttpResponse | None:
    """Parameters belong in the body. The toolkit would read the address too, and fail on what it cannot decode."""
    if request.META.get("QUERY_STRING"):
        return refusal("invalid_request", "Send the parameters in the body.")
    return refusal("invalid_request", "A value holds a NUL character.") if has_nul(request) else None


def has_nul(request: HttpRequest) -> bool:
    """PostgreSQL refuses NUL, even in a comparison."""
    return any("\0" in value for sent in (request.GET, request.POST) for _, values in sent.lists() for value in values)
