"""REST: the runbooks of a tenant."""

from ninja import Router, Schema

from core.gate import gate
from core.rest import ApiRequest, answers
from tests.joining.runbooks.models import Runbook
from tests.joining.runbooks.queries import one_runbook, runbooks_of

router = Router(tags=["runbooks"])


class RunbookSummary(Schema):
    service: str
    first_line: str


@gate("runbooks.list")
@router.get(
    "/tenants/{tenant}/runbooks",
    response=answers(list[RunbookSummary], 404),
    summary="The runbooks of a tenant",
    operation_id="list_runbooks",
)
def list_runbooks(request: ApiRequest, tenant: str) -> list[Runbook]:
    return list(runbooks_of(request.actor, tenant))


@gate("runbooks.show")
@router.get(
    "/tenants/{tenant}/runbooks/{runbook}",
    response=answers(RunbookSummary, 404),
    summary="One runbook",
    operation_id="show_runbook",
)
def show_runbook(request: ApiRequest, tenant: str, runbook: str) -> Runbook:
    return one_runbook(request.actor, tenant, runbook)
