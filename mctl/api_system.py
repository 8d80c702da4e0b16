"""REST: the system check, the same report as the page and `manage.py doctor`."""

from django.http import JsonResponse
from ninja import Field, Router, Schema

from core.gate import gate
from core.rest import ApiRequest, answers
from mctl.health import State, system_check
from mctl.health.shape import as_json

router = Router(tags=["system"])


class SystemLine(Schema):
    group: str = Field(examples=["Cluster"])
    name: str = Field(examples=["Kubernetes"])
    state: State
    is_required: bool = Field(description="whether MCTL needs it; it is counted in `failing` where it is not ok")
    sentence: str
    remedy: str = Field(description="what to do; empty where nothing is to be done")
    rule: str = Field(description="what to add to a role where a right is missing, as YAML; else empty")


class SystemCheck(Schema):
    is_well: bool = Field(description="whether everything that MCTL needs is there")
    sentence: str
    failing: int = Field(description="how many required lines are not ok")
    checked_at: str
    took_s: float
    lines: list[SystemLine] = Field(description="one for each system and right")


@gate("system.check")
@router.get(
    "/system/check",
    response=answers(SystemCheck),
    summary="Whether everything is there that MCTL stands on",
    operation_id="system_check",
)
def check(request: ApiRequest) -> JsonResponse:
    """For platform admins. Every outside system and every right in Kubernetes is asked now, side by side; an answer
    takes a second, and seconds where something hangs."""
    return JsonResponse(as_json(system_check(request.actor)))
