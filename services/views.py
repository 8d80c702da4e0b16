"""The pages of services. Each view translates: read input, one query, one action, one template."""

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import Invalid, PlanVoid
from core.gate import ActorRequest, gate, require
from core.htmx import page_of_panels, page_of_tab, page_or_part, wants_part
from integrations.errors import IntegrationError
from operations.actions import plan, start
from operations.forms import OperationForm
from operations.models import Operation
from services import forms, policies, queries
from services.panels import SERVICE_PAGE, service_subject

FORM_METHODS = ["GET", "HEAD", "POST"]


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


@gate("services.deploy")
@require_http_methods(FORM_METHODS)
def service_deploy(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    service = queries.access_service(request.actor, tenant=tenant, name=name)
    require(policies.may_deploy(request.actor, tenant=tenant))
    asked = {"image_tag": service.tag, **asked_for(request, forms.DEPLOY_FIELDS)}
    form = forms.deploy_form(service, posted(request), **asked)
    context = {"service": queries.service_head(request.actor, service), "title": f"Deploy {name}"}
    return form_page(request, form, {**context, "versions": queries.known_versions(service), "fills": "image_tag"})


@gate("services.rollback")
@require_http_methods(FORM_METHODS)
def service_rollback(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    service = queries.access_service(request.actor, tenant=tenant, name=name)
    require(policies.may_roll_back(request.actor, tenant=tenant))
    asked = asked_for(request, forms.ROLLBACK_FIELDS) or {"target_tag": queries.version_before(service)}
    form = forms.rollback_form(service, posted(request), **asked)
    context = {"service": queries.service_head(request.actor, service), "title": f"Roll back {name}"}
    return form_page(request, form, {**context, "versions": queries.known_versions(service), "fills": "target_tag"})


@gate("services.scale")
@require_http_methods(FORM_METHODS)
def service_scale(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    service = queries.access_service(request.actor, tenant=tenant, name=name)
    require(policies.may_scale(request.actor, tenant=tenant))
    now, defaults = queries.settings_now(service), queries.chart_defaults()
    asked = asked_for(request, forms.SCALE_FIELDS)
    form = forms.scale_form(service, posted(request), now=now, defaults=defaults, **asked)
    context = {"service": queries.service_head(request.actor, service), "title": f"Scale {name}"}
    return form_page(request, form, {**context, "config": queries.service_config(service)})


@gate("services.configure")
@require_http_methods(FORM_METHODS)
def service_configure(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    service = queries.access_service(request.actor, tenant=tenant, name=name)
    require(policies.may_configure(request.actor, tenant=tenant))
    known = {"now": queries.settings_now(service), "defaults": queries.chart_defaults()}
    environment, asked = queries.environment_now(service), asked_for(request, forms.CONFIGURE_FIELDS)
    form = forms.configure_form(service, posted(request), environment=environment, **known, **asked)
    context = {"service": queries.service_head(request.actor, service), "title": f"Configure {name}"}
    return form_page(request, form, {**context, "config": queries.service_config(service)})


@gate("services.onboard")
@require_http_methods(FORM_METHODS)
def service_new(request: ActorRequest, tenant: str) -> HttpResponse:
    page = queries.access_tenant(request.actor, tenant)
    require(policies.may_onboard(request.actor, tenant=tenant))
    form = forms.onboard_form(tenant, posted(request), **asked_for(request, forms.ONBOARD_FIELDS))
    return form_page(request, form, {"tenant": page, "title": f"Add a service to {tenant}"})


def posted(request: ActorRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def asked_for(request: ActorRequest, fields: tuple[str, ...]) -> dict[str, Any]:
    """What the address fills in: a remedy's link opens the form with its parameters."""
    given = {field: request.GET[field] for field in fields if field in request.GET}
    return {
        field: text.lower() == "true" if text.lower() in {"true", "false"} else text for field, text in given.items()
    }


def form_page(request: ActorRequest, form: OperationForm, context: dict[str, Any]) -> HttpResponse:
    """GET shows the form; a post shows what would change; only `intent=run` with that plan's hash starts it."""
    context = {**context, "form": form, "plan": None}
    if not form.is_bound:
        return render(request, "services/change.html", context)
    if not form.is_valid():
        return plan_part(request, context, status=422)
    plan_hash = request.POST.get("plan_hash", "")
    try:
        if request.POST.get("intent") == "run" and plan_hash:
            return follow(request, start(request.actor, form.definition.name, form.parameters(), plan_hash=plan_hash))
        context["plan"] = plan(request.actor, form.definition.name, form.parameters())
    except PlanVoid as void:
        context |= {"void": void.sentence, "plan": plan(request.actor, form.definition.name, form.parameters())}
    except Invalid as problem:
        form.take(problem)
        return plan_part(request, context, status=422)
    except IntegrationError as problem:
        # The form stays, with what was typed into it.
        return plan_part(request, {**context, "refusal": problem}, status=422)
    return plan_part(request, context)


def plan_part(request: ActorRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return page_or_part(request, "services/change.html", "services/_change.html", context, status=status)


def follow(request: ActorRequest, operation: Operation) -> HttpResponse:
    """To the operation's page: htmx is told by header, a plain form post by redirect."""
    response = redirect("operations:operation_detail", operation.public_id)
    if wants_part(request):
        return HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
    return response
