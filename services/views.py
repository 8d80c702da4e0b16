"""The pages of tenants and their services. Each view translates: read input, one query, one action, one template."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.gate import ActorRequest, gate
from core.htmx import page_or_part
from services import queries


@gate("services.home")
@require_safe
def home(request: ActorRequest) -> HttpResponse:
    return page_or_part(request, "home.html", "_home.html", {"home": queries.home(request.actor)})


@gate("services.home")
@require_safe
def source_ages(request: ActorRequest) -> HttpResponse:
    return render(request, "_shell.html")


@gate("tenants.list")
@require_safe
def tenant_list(request: ActorRequest) -> HttpResponse:
    context = {"rows": queries.tenant_rows(request.actor), "quotas_away": queries.unreadable_quotas_source()}
    return page_or_part(request, "tenants/list.html", "tenants/_list.html", context)


@gate("services.list")
@require_safe
def service_list(request: ActorRequest) -> HttpResponse:
    wanted = queries.ServiceFilter.read(request.GET.dict())
    listed = queries.service_list(request.actor, tenant=None, wanted=wanted)
    return page_or_part(request, "services/list.html", "services/_list.html", {"list": listed, "tenant": None})


@gate("tenants.see")
@require_safe
def tenant_detail(request: ActorRequest, tenant: str) -> HttpResponse:
    page = queries.tenant_page(request.actor, tenant, queries.ServiceFilter.read(request.GET.dict()))
    context = {"page": page, "list": page.services, "tenant": page.tenant}
    return page_or_part(request, "tenants/detail.html", "services/_list.html", context)


@gate("services.see")
@require_safe
def service_detail(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    service = queries.access_service(request.actor, tenant=tenant, name=name)
    context = {"service": queries.service_page(request.actor, service), "tab": "overview"}
    return page_or_part(request, "services/detail.html", "services/_overview.html", context)


@gate("services.see")
@require_safe
def service_history(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    service = queries.access_service(request.actor, tenant=tenant, name=name)
    context = {"service": queries.service_head(request.actor, service), "tab": "history"}
    context["history"] = queries.service_history(service, before=request.GET.get("before", ""))
    return page_or_part(request, "services/history.html", "services/_history.html", context)


@gate("services.see")
@require_safe
def service_events(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    service = queries.access_service(request.actor, tenant=tenant, name=name)
    context = {"service": queries.service_head(request.actor, service), "tab": "events"}
    context["events"] = queries.service_events(service)
    return page_or_part(request, "services/events.html", "services/_events.html", context)


@gate("services.logs")
@require_safe
def service_logs(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    service = queries.access_service(request.actor, tenant=tenant, name=name)
    context = {"service": queries.service_head(request.actor, service), "tab": "logs"}
    context["logs"] = queries.service_logs(service, queries.LogQuery.read(request.GET.dict()))
    return page_or_part(request, "services/logs.html", "services/_logs.html", context)


@gate("services.see")
@require_safe
def service_config(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    service = queries.access_service(request.actor, tenant=tenant, name=name)
    context = {"service": queries.service_head(request.actor, service), "tab": "config"}
    context["config"] = queries.service_config(service)
    context["hosts"] = queries.service_hosts(request.actor, service)
    return page_or_part(request, "services/config.html", "services/_config.html", context)
