"""The pages of operations. Each view translates: read input, one query or action, one template."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.actor import Actor
from core.errors import Invalid, PlanVoid
from core.gate import ActorRequest, gate, require
from core.htmx import page_or_part, wants_part
from integrations.errors import IntegrationError
from operations import actions, queries
from operations.forms import OperationForm, OperationPage
from operations.models import Operation

FORM_METHODS = ["GET", "HEAD", "POST"]
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


def operation_form(page: OperationPage) -> Callable[..., HttpResponse]:
    """The one view behind the pages of operations.

    GET shows the form. A post shows what would change; only `intent=run` with the hash of that plan starts it.
    """

    @gate(page.verb, shows_plans=True)
    @require_http_methods(FORM_METHODS)
    def view(request: ActorRequest, **address: str) -> HttpResponse:
        subject = page.subject(request.actor, **address)
        require(page.may(request.actor, subject))
        form = page.form_for(subject, address, posted(request), asked_for(request, page.fields))
        if not form.is_bound:
            return render(request, page.template, form_context(request, page, subject, form))
        return answer_form(request, page, subject, form)

    return view


def answer_form(request: ActorRequest, page: OperationPage, subject: Any, form: OperationForm) -> HttpResponse:
    def shown(*, status: int = 200, **more: Any) -> HttpResponse:
        context = {**form_context(request, page, subject, form), **more}
        return page_or_part(request, page.template, "operations/_change.html", context, status=status)

    if not form.is_valid():
        return shown(status=422)
    name, parameters, plan_hash = form.definition.name, form.parameters(), request.POST.get("plan_hash", "")
    try:
        if request.POST.get("intent") == "run" and plan_hash:
            return follow(request, actions.start(request.actor, name, parameters, plan_hash=plan_hash))
        return shown(plan=actions.plan(request.actor, name, parameters))
    except PlanVoid as void:
        return shown(void=void.sentence, plan=actions.plan(request.actor, name, parameters))
    except Invalid as problem:
        form.take(problem)
        return shown(status=422)
    except IntegrationError as problem:
        # The form stays, with what was typed into it.
        return shown(refusal=problem, status=422)


def form_context(request: ActorRequest, page: OperationPage, subject: Any, form: OperationForm) -> Mapping[str, Any]:
    own = {"title": page.title(subject), "form": form, "plan": None, "aside": page.aside}
    return {**page.frame(request.actor, subject), **own}


def posted(request: ActorRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def asked_for(request: ActorRequest, fields: Sequence[str]) -> dict[str, Any]:
    """What the address fills in: a remedy's link opens the form with its parameters."""
    given = {field: request.GET[field] for field in fields if field in request.GET}
    return {
        field: text.lower() == "true" if text.lower() in {"true", "false"} else text for field, text in given.items()
    }


def follow(request: ActorRequest, operation: Operation) -> HttpResponse:
    """To the operation's page: htmx is told by header, a plain form post by redirect."""
    response = redirect("operations:operation_detail", operation.public_id)
    if wants_part(request):
        return HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
    return response
