"""The guide, what is wrong now, the support bundle. Each view translates: read input, one query, one template."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from core.gate import ActorRequest, gate
from core.htmx import page_or_part
from diagnosis.queries.bundle import service_bundle
from diagnosis.queries.guide_page import guide_page
from diagnosis.queries.wrong_now import wrong_now as found_wrong
from services.queries import access_service


@gate("diagnosis.guide")
@require_safe
def guide(request: ActorRequest) -> HttpResponse:
    shown = guide_page(request.actor, q=request.GET.get("q", ""), about=request.GET.get("service", ""))
    return page_or_part(request, "diagnosis/guide.html", "diagnosis/_guide.html", {"guide": shown})


@gate("services.list")
@require_safe
def wrong_now(request: ActorRequest) -> HttpResponse:
    context = {"found": found_wrong(request.actor), "tenant": ""}
    return page_or_part(request, "diagnosis/wrong_now.html", "diagnosis/_wrong_now.html", context)


@gate("tenants.see")
@require_safe
def tenant_wrong_now(request: ActorRequest, tenant: str) -> HttpResponse:
    context = {"found": found_wrong(request.actor, tenant), "tenant": tenant}
    return page_or_part(request, "diagnosis/wrong_now.html", "diagnosis/_wrong_now.html", context)


@gate("services.logs")
@require_safe
def bundle(request: ActorRequest, tenant: str, name: str) -> HttpResponse:
    access_service(request.actor, tenant=tenant, name=name)
    named = {"Content-Disposition": f'attachment; filename="{tenant}-{name}-diagnosis.zip"'}
    return HttpResponse(service_bundle(tenant, name), content_type="application/zip", headers=named)
