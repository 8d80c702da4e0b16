"""The tab of runbooks on a tenant's page."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from core.gate import ActorRequest, gate
from core.htmx import page_of_tab
from tenants.panels import TENANT_PAGE, tenant_subject
from tenants.queries import unreadable_source
from tests.joining.runbooks.mirrored import RUNBOOKS
from tests.joining.runbooks.queries import runbooks_of


@gate("runbooks.list")
@require_safe
def runbook_list(request: ActorRequest, tenant: str) -> HttpResponse:
    subject = tenant_subject(request.actor, tenant, request.GET.dict())
    shown = {"rows": runbooks_of(request.actor, tenant), "away": unreadable_source(RUNBOOKS.name)}
    return page_of_tab(request, TENANT_PAGE, subject, tab="runbooks", body="runbooks/_list.html", **shown)
