"""The Connecting page. Each view translates: read input, one query or action, one template."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actions import create_token, disconnect_client, revoke_token
from accounts.policies import may_github_vouch
from accounts.queries import connected_clients, personal_tokens
from accounts.queries.resources import door_address
from core.actor import Door
from core.errors import Invalid
from core.gate import ActorRequest, gate
from mcp_server import forms
from mcp_server.clients import PLACEHOLDER, client_helps
from mcp_server.configuration import check_configuration
from mcp_server.inspector import inspect_request, inspect_token

LONGEST_ID = 12


@gate("connecting.see")
@never_cache
@require_safe
def connecting(request: ActorRequest) -> HttpResponse:
    return page(request)


@gate("connecting.use")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def token_create(request: ActorRequest) -> HttpResponse:
    if request.method != "POST":
        return page(request)
    form = forms.TokenForm(request.POST)
    if not form.is_valid():
        return page(request, status=422, token_form=form)
    asked = form.cleaned_data
    try:
        made = create_token(request.actor, name=asked["name"], scopes=form.scopes, days=asked["days"])
    except Invalid as invalid:
        for entry in invalid.fields:
            form.add_error(entry["field"] if entry["field"] in form.fields else None, entry["sentence"])
        return page(request, status=422, token_form=form)
    return page(request, status=201, made=made)


@gate("connecting.use")
@require_http_methods(["GET", "HEAD", "POST"])
def token_revoke(request: ActorRequest) -> HttpResponse:
    if request.method == "POST":
        name = revoke_token(request.actor, number(request.POST.get("token", ""))).name
        messages.success(request, f"The token {name} is revoked; whoever holds it is refused from now on.")
    return redirect("connecting:connecting")


@gate("connecting.use")
@require_http_methods(["GET", "HEAD", "POST"])
def client_disconnect(request: ActorRequest) -> HttpResponse:
    if request.method == "POST":
        name = disconnect_client(request.actor, number(request.POST.get("client", ""))).name or "The client"
        messages.success(request, f"{name} is disconnected; it has to ask you again.")
    return redirect("connecting:connecting")


@gate("connecting.use")
@never_cache
@sensitive_post_parameters("token")
@sensitive_variables("asked")
@require_http_methods(["GET", "HEAD", "POST"])
def inspect(request: ActorRequest) -> HttpResponse:
    form = forms.InspectForm(request.POST or None)
    if not form.is_valid():
        return page(request)
    asked = form.cleaned_data
    if asked["request"] and not asked["token"]:
        return page(request, inspection=inspect_request(request.actor, asked["request"]))
    return page(request, inspection=inspect_token(request.actor, asked["token"], tenant=asked["tenant"]))


@gate("connecting.use")
@never_cache
@sensitive_post_parameters("configuration")
@require_http_methods(["GET", "HEAD", "POST"])
def configuration_check(request: ActorRequest) -> HttpResponse:
    form = forms.ConfigurationForm(request.POST or None)
    if not form.is_valid():
        return page(request)
    return page(request, verdicts=check_configuration(form.cleaned_data["configuration"]))


def page(request: ActorRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    made = more.get("made")
    helps = client_helps(made.secret if made else PLACEHOLDER)
    chosen = next((one for one in helps if one.key == request.GET.get("client")), helps[0])
    context = {
        "url": door_address(Door.MCP),
        "vouches": may_github_vouch(),
        "clients": helps,
        "chosen": chosen,
        "tokens": personal_tokens(request.actor),
        "connected": connected_clients(request.actor),
        "token_form": forms.TokenForm(),
        "inspect_form": forms.InspectForm(),
        "configuration_form": forms.ConfigurationForm(),
    }
    return render(request, "mcp_server/connecting.html", {**context, **more}, status=status)


def number(text: str) -> int:
    """A row's number; 0, which no row has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID else 0
