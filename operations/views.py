"""The pages of operations. Each view translates: read input, one query or action, one template."""

from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from core.actor import Actor
from core.gate import ActorRequest, gate
from core.htmx import page_or_part, wants_part
from operations import actions, queries

LONGEST_PAGE_NUMBER = 6


@gate("operations.list")
@require_safe
def operation_list(request: ActorRequest) -> HttpResponse:
    asked = request.GET
    listed = queries.operation_rows(
        request.actor,
        tenant=asked.get("tenant") or None,
        service=asked.get("service") or None,
        state=asked.get("state", ""),
        q=asked.get("q", ""),
        page=page_number(asked.get("page", "")),
    )
    return page_or_part(request, "operations/list.html", "operations/_list.html", {"list": listed})


@gate("operations.see")
@require_safe
def operation_detail(request: ActorRequest, public_id: str) -> HttpResponse:
    operation = queries.access_operation(request.actor, public_id)
    context = {"operation": queries.operation_view(request.actor, operation)}
    return page_or_part(request, "operations/detail.html", "operations/_operation.html", context)


@gate("operations.cancel")
@require_POST
def operation_cancel(request: ActorRequest, public_id: str) -> HttpResponse:
    operation = actions.cancel(request.actor, queries.access_operation(request.actor, public_id))
    if not wants_part(request):
        return redirect("operations:operation_detail", operation.public_id)
    context = {"operation": queries.operation_view(request.actor, operation)}
    return page_or_part(request, "operations/detail.html", "operations/_operation.html", context)


@gate("operations.audit")
@require_safe
def audit_list(request: ActorRequest) -> HttpResponse:
    listed = queries.audit_list(request.actor, queries.AuditFilter.read(request.GET.dict()))
    return page_or_part(request, "operations/audit.html", "operations/_audit.html", {"list": listed})


@gate("operations.audit_export")
@require_safe
def audit_export(request: ActorRequest, form: str) -> StreamingHttpResponse:
    kind, *_ = queries.FORMATS[form]
    pieces = in_pieces(request.actor, queries.AuditFilter.read(request.GET.dict()), form)
    return StreamingHttpResponse(
        pieces, content_type=kind, headers={"Content-Disposition": f'attachment; filename="audit.{form}"'}
    )


async def in_pieces(actor: Actor, wanted: queries.AuditFilter, form: str) -> AsyncIterator[str]:
    """An ordinary iterator would be read to its end before the first byte leaves."""
    pieces = queries.export(actor, wanted, form)
    while (piece := await sync_to_async(lambda: next(pieces, None))()) is not None:
        yield piece


def page_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_PAGE_NUMBER else 1
