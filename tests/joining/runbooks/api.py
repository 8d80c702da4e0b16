"""REST: the runbooks of a tenant."""

from ninja import Router, Schema

from core.gate import gate
from core.rest import ApiRequest, answers
from tests.joining.runbooks.models import Runbook
from tests.joining.runbooks.queries import runbooks_of

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
