"""REST: the operations there are, their plans, and starting one."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from ninja import Body, Header, Query, Router, Status

from core.gate import gate
from core.rest import ApiRequest, answers
from operations import actions
from operations.api import shapes
from operations.api.replay import once
from operations.registry import definition_of, definitions

router = Router(tags=["operations"])
PARAMETERS = Body(..., description="the operation's parameters, flat, as its `parameters` schema says")


@gate("operations.declared")
@router.get("", response=answers(shapes.DeclaredItems), summary="Operations there are", operation_id="listOperations")
def declared(request: ApiRequest) -> dict[str, Any]:
    """Each with the JSON Schema of its parameters and an example."""
    items = [shapes.declared(definition) for definition in definitions().values()]
    return {"items": items, "count": len(items), "next": None}


@gate("operations.declared")
@router.get(
    "/{operation}", response=answers(shapes.Declared, 404), summary="One operation", operation_id="getOperation"
)
def declaration(request: ApiRequest, operation: str) -> dict[str, Any]:
    """An unknown name is answered with the nearest ones."""
    return shapes.declared(definition_of(operation))


@gate("operations.plan")
@router.post(
    "/{operation}/plan",
    response=answers(dict[str, Any], 400, 404, 409, 502, 503),
    summary="What it would change",
    operation_id="planOperation",
)
def plan(request: ApiRequest, operation: str, parameters: dict[str, Any] = PARAMETERS) -> dict[str, Any]:
    """File diff, rendered manifests, quota, restarts and warnings, with the `hash` that confirms it. Writes nothing."""
    return actions.plan(request.actor, operation, parameters)


@gate("operations.execute")
@router.post(
    "/{operation}/execute",
    response=answers(shapes.Accepted, 400, 404, 409, 428, 502, 503, status=202),
    summary="Start it",
    operation_id="executeOperation",
)
def execute(
    request: ApiRequest,
    response: HttpResponse,
    operation: str,
    parameters: dict[str, Any] = PARAMETERS,
    plan_hash: str = Query("", max_length=64, description="`hash` of the plan that was looked at"),
    queue: bool = Query(False, description="wait behind an open operation on the same target instead of 409"),
    idempotency_key: str = Header("", max_length=200, description="the same key and body are done once; kept 24 h"),
) -> Status[dict[str, Any]]:
    """Records the operation and returns at once; `Location` is where to follow it. It has ended well only when the
    run's state is `succeeded`: git has the commit, Argo CD has synced it and the workload is healthy."""

    def work() -> dict[str, Any]:
        started = actions.start(request.actor, operation, parameters, plan_hash=plan_hash or None, queue_behind=queue)
        return accepted(started)

    if idempotency_key:
        asked = {"parameters": parameters, "plan_hash": plan_hash, "queue": queue}
        answer, is_repeat = once(request.actor, operation, idempotency_key, asked, work)
        response["Idempotency-Replayed"] = "true" if is_repeat else "false"
    else:
        answer = work()
    response["Location"] = answer["status_url"]
    return Status(202, answer)


def accepted(started: Any) -> dict[str, Any]:
    return {
        "operation_id": started.public_id,
        "operation": started.name,
        "workflow": {"workflowName": started.public_id, "phase": str(started.state), "target": started.target},
        "status_url": reverse("v1:run", args=[started.public_id]),
        "message": f"{started.summary} in {started.tenant} is {started.state}.",
    }
