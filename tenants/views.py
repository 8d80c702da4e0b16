"""The pages of tenants, and about who one is. Each view translates: read input, one query, one template."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.actor import Role
from core.errors import Problem
from core.gate import ActorRequest, gate
from core.htmx import page_of_panels, page_or_part
from tenants import queries
from tenants.choices import ADMIN_ALLOWS, ROLE_ALLOWS
from tenants.engine import refresh_person
from tenants.panels import TENANT_PAGE, tenant_subject


@gate("tenants.list")
@require_safe
def tenant_list(request: ActorRequest) -> HttpResponse:
    context = {"rows": queries.tenant_rows(request.actor), "quotas_away": queries.unreadable_quotas_source()}
    return page_or_part(request, "tenants/list.html", "tenants/_list.html", context)


@gate("tenants.see")
@require_safe
def tenant_detail(request: ActorRequest, tenant: str) -> HttpResponse:
    return page_of_panels(request, TENANT_PAGE, tenant_subject(request.actor, tenant, request.GET.dict()))


@gate("tenants.account")
@require_safe
def account(request: ActorRequest) -> HttpResponse:
    allows = [(role, ROLE_ALLOWS[role]) for role in Role]
    context = {"page": queries.account_page(request.actor), "allows": allows, "admin_allows": ADMIN_ALLOWS}
    return render(request, "tenants/account.html", context)


@gate("tenants.account")
@require_POST
def account_refresh(request: ActorRequest) -> HttpResponse:
    try:
        refresh_person(request.actor.name)
        messages.success(request, "Your memberships were read from GitHub just now.")
    except Problem as problem:
        messages.error(request, f"Your memberships stay as they were read before. {problem.sentence} {problem.remedy}")
    return redirect("tenants:account")


@gate("tenants.members")
@require_safe
def members(request: ActorRequest, tenant: str) -> HttpResponse:
    return render(request, "tenants/members.html", {"page": queries.members_page(request.actor, tenant)})
