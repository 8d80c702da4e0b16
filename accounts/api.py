"""REST: who am I, as the server sees it."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from accounts.queries import whoami
from accounts.queries.resources import door_address
from core.actor import Door
from core.errors import NotFound
from core.gate import ActorRequest, gate


@gate("accounts.whoami")
@login_not_required
@require_safe
def who_am_i(request: ActorRequest) -> JsonResponse:
    return JsonResponse(whoami(request.actor))


@gate("mcp.elsewhere")
@login_not_required
@csrf_exempt
def mcp_elsewhere(request: HttpRequest) -> JsonResponse:
    raise NotFound(
        "There is no MCP server at this address.",
        remedy="Use exactly the address in facts.url.",
        url=door_address(Door.MCP),
    )
