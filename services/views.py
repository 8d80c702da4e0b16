"""The pages of services. Each view translates: read input, one query, one action, one template."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from core.gate import ActorRequest, gate
from core.htmx import page_of_panels, page_of_tab, page_or_part
from services import queries
from services.panels import SERVICE_PAGE, service_subject


@gate("services.list")
@require_safe
def service_list(request: ActorRequest) -> HttpResponse:
    wanted = queries.ServiceFilter.read(request.GET.dict())
    listed = queries.service_list(request.actor, tenant=None, wanted=wanted)
    context = {"list": listed, "tenant": "", "may_add": False}
    return page_or_part(request, "services/list.html", "services/_list.html", context)


@gate("services.see")
@require_safe
def service_detail(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    return page_of_panels(request, SERVICE_PAGE, service_subject(request.actor, tenant=tenant, name=name))


@gate("services.see")
@require_safe
def service_history(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    subject = service_subject(request.actor, tenant=tenant, name=name)
    history = queries.service_history(subject.row, before=request.GET.get("before", ""))
    body = "services/_history.html"
    return page_of_tab(request, SERVICE_PAGE, subject, tab="history", body=body, history=history)


@gate("services.see")
@require_safe
def service_events(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    subject = service_subject(request.actor, tenant=tenant, name=name)
    events = queries.service_events(subject.row)
    return page_of_tab(request, SERVICE_PAGE, subject, tab="events", body="services/_events.html", events=events)


@gate("services.logs")
@require_safe
def service_logs(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    subject = service_subject(request.actor, tenant=tenant, name=name)
    logs = queries.service_logs(subject.row, queries.LogQuery.read(request.GET.dict()))
    return page_of_tab(request, SERVICE_PAGE, subject, tab="logs", body="services/_logs.html", logs=logs)


@gate("services.see")
@require_safe
def service_config(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    subject = service_subject(request.actor, tenant=tenant, name=name)
    known = {"config": queries.service_config(subject.row), "hosts": queries.service_hosts(request.actor, subject.row)}
    return page_of_tab(request, SERVICE_PAGE, subject, tab="config", body="services/_config.html", **known)
