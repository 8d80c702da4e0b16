"""The pages of tenants and their services. Each view translates: read input, one query, one action, one template."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from core.actor import Actor
from core.errors import Invalid
from core.gate import gate, require
from core.htmx import page_or_part, wants_part
from operations.actions import plan, start
from operations.forms import OperationForm
from services import forms, policies, queries


class ActorRequest(HttpRequest):
    """A request behind the sign-in guard: the middleware has set the actor."""

    actor: Actor


@gate("services.home")
@require_GET
def home(request: ActorRequest) -> HttpResponse:
    return page_or_part(request, "home.html", "_home.html", {"home": queries.home(request.actor)})


@gate("services.home")
@require_GET
def source_ages(request: ActorRequest) -> HttpResponse:
    return render(request, "_sources.html", {"sources": queries.sources()})


@gate("tenants.list")
@require_GET
def tenant_list(request: ActorRequest) -> HttpResponse:
    return page_or_part(
        request, "tenants/list.html", "tenants/_list.html", {"rows": queries.tenant_rows(request.actor)}
    )


@gate("services.list")
@require_GET
def service_list(request: ActorRequest) -> HttpResponse:
    wanted = queries.ServiceFilter.read(request.GET.dict())
    listed = queries.service_list(request.actor, tenant=None, wanted=wanted)
    return page_or_part(request, "services/list.html", "services/_list.html", {"list": listed, "tenant": None})


@gate("tenants.see")
@require_GET
def tenant_detail(request: ActorRequest, tenant: str) -> HttpResponse:
    page = queries.tenant_page(request.actor, tenant, queries.ServiceFilter.read(request.GET.dict()))
    context = {"page": page, "list": page.services, "tenant": page.tenant}
    return page_or_part(request, "tenants/detail.html", "services/_list.html", context)


@gate("services.see")
@require_GET
def service_detail(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    service = queries.access_service(request.actor, tenant=tenant, name=name)
    context = {"service": queries.service_page(request.actor, service), "tab": "overview"}
    return page_or_part(request, "services/detail.html", "services/_overview.html", context)


@gate("services.see")
@require_GET
def service_history(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    service = queries.access_service(request.actor, tenant=tenant, name=name)
    context = {"service": queries.service_head(request.actor, service), "tab": "history"}
    context["history"] = queries.service_history(service, before=request.GET.get("before", ""))
    return page_or_part(request, "services/history.html", "services/_history.html", context)


@gate("services.see")
@require_GET
def service_events(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    service = queries.access_service(request.actor, tenant=tenant, name=name)
    context = {"service": queries.service_head(request.actor, service), "tab": "events"}
    context["events"] = queries.service_events(service)
    return page_or_part(request, "services/events.html", "services/_events.html", context)


@gate("services.logs")
@require_GET
def service_logs(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    service = queries.access_service(request.actor, tenant=tenant, name=name)
    context = {"service": queries.service_head(request.actor, service), "tab": "logs"}
    context["logs"] = queries.service_logs(service, queries.LogQuery.read(request.GET.dict()))
    return page_or_part(request, "services/logs.html", "services/_logs.html", context)


@gate("services.see")
@require_GET
def service_config(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    service = queries.access_service(request.actor, tenant=tenant, name=name)
    context = {"service": queries.service_head(request.actor, service), "tab": "config"}
    context["config"] = queries.service_config(service)
    return page_or_part(request, "services/config.html", "services/_config.html", context)


@gate("services.deploy")
@require_http_methods(["GET", "POST"])
def service_deploy(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    service = queries.access_service(request.actor, tenant=tenant, name=name)
    require(policies.may_deploy(request.actor, tenant=tenant))
    given = request.POST if request.method == "POST" else None
    form = forms.deploy_form(service, given, image_tag=request.GET.get("image_tag", service.tag))
    context = {"service": queries.service_head(request.actor, service), "title": f"Deploy {name}"}
    return form_page(request, form, {**context, "versions": queries.known_versions(service)})


@gate("services.configure")
@require_http_methods(["GET", "POST"])
def service_configure(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    service = queries.access_service(request.actor, tenant=tenant, name=name)
    require(policies.may_configure(request.actor, tenant=tenant))
    given = request.POST if request.method == "POST" else None
    asked = {field: request.GET[field] for field in forms.CONFIGURE_FIELDS if field in request.GET}
    form = forms.configure_form(service, given, **asked)
    context = {"service": queries.service_head(request.actor, service), "title": f"Change {name}"}
    return form_page(request, form, {**context, "config": queries.service_config(service)})


@gate("services.onboard")
@require_http_methods(["GET", "POST"])
def service_new(request: ActorRequest, tenant: str) -> HttpResponse:
    page = queries.access_tenant(request.actor, tenant)
    require(policies.may_onboard(request.actor, tenant=tenant))
    form = forms.onboard_form(tenant, request.POST if request.method == "POST" else None)
    return form_page(request, form, {"tenant": page, "title": f"Add a service to {tenant}"})


def form_page(request: ActorRequest, form: OperationForm, context: dict[str, object]) -> HttpResponse:
    """GET shows the form; `intent=plan` shows what would change; `intent=run` starts it with the plan's hash."""
    context = {**context, "form": form, "plan": None}
    if request.method == "GET":
        return render(request, "services/change.html", context)
    if not form.is_valid():
        return plan_part(request, context, status=422)
    try:
        if request.POST.get("intent") == "run":
            operation = start(
                request.actor, form.definition.name, form.parameters(), plan_hash=request.POST.get("plan_hash")
            )
            return follow(request, operation.public_id)
        context["plan"] = plan(request.actor, form.definition.name, form.parameters())
    except Invalid as problem:
        form.take(problem)
        return plan_part(request, context, status=422)
    return plan_part(request, context)


def plan_part(request: ActorRequest, context: dict[str, object], *, status: int = 200) -> HttpResponse:
    return page_or_part(request, "services/change.html", "services/_change.html", context, status=status)


def follow(request: ActorRequest, public_id: str) -> HttpResponse:
    """To the operation's page: htmx is told by header, a plain form post by redirect."""
    response = redirect("operations:operation_detail", public_id)
    if wants_part(request):
        return HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
    return response
