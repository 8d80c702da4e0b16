"""REST: runs of operations, waiting for them, their events, cancelling; and the audit."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Literal

from asgiref.sync import sync_to_async
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.http import StreamingHttpResponse
from django.urls import reverse
from ninja import Query, Router, Status

from core.actor import Actor
from core.connections import Connection, ConnectionKind, count_connection, renewals_of
from core.errors import Problem
from core.gate import gate
from core.rest import ApiRequest, answers, cursor_after, page_of, wrong_cursor
from operations import actions, queries
from operations.api import shapes
from operations.choices import OperationState
from operations.registry import actor_for

LOOK_EVERY_S = 0.25
LONGEST_WAIT_S = 25
# Proxies drop what is silent for half a minute; nobody follows for longer than an operation may take.
KEEP_ALIVE_S = 15.0
LONGEST_STREAM_S = 20 * 60.0
State = Literal["", "queued", "running", "succeeded", "failed", "cancelled", "stalled"]
router = Router(tags=["runs"])


@gate("operations.list")
@router.get("/operations/runs", response=answers(shapes.RunItems), summary="Recent runs", operation_id="listRuns")
def runs(
    request: ApiRequest,
    team: str = Query("", max_length=63, description="of this tenant only"),
    service: str = Query("", max_length=63, description="of this service only"),
    state: State = Query("", description="in this state only"),
    q: str = Query("", max_length=100, description="part of the id, the summary or the person's name"),
    cursor: str = Query("", max_length=40, description="`next` of the page before"),
) -> dict[str, Any]:
    """Newest first, fifty to a page."""
    listed = queries.operation_rows(
        request.actor, tenant=team or None, service=service or None, state=state, q=q, page=page_of(cursor)
    )
    items = [shapes.run(row) for row in listed.rows]
    return {"items": items, "count": listed.total, "next": cursor_after(listed.page, listed.pages)}


@gate("operations.see")
@router.get(
    "/operations/runs/{public_id}", response=answers(shapes.RunDetail, 404), summary="One run",
    operation_id="getRun",
)  # fmt: skip
def run(
    request: ApiRequest,
    public_id: str,
    wait: int = Query(0, ge=0, le=LONGEST_WAIT_S, description="answer when it has ended, or after so many seconds"),
) -> dict[str, Any]:
    """How it stands, step by step. With `wait`, `done` false says that the time was over first: ask again."""
    end = time.monotonic() + wait
    while not has_ended(request.actor, public_id) and time.monotonic() < end:
        let_go()
        time.sleep(LOOK_EVERY_S)
    return described(request.actor, public_id)


@gate("operations.events")
@router.get(
    "/operations/runs/{public_id}/events", response=answers(str, 404), summary="Follow one run",
    operation_id="followRun",
)  # fmt: skip
def run_events(request: ApiRequest, public_id: str) -> StreamingHttpResponse:
    """Server-Sent Events: `run` with the object of GET whenever it has changed, `end` once it has ended."""
    first = described(request.actor, public_id)
    followed = count_connection(request.actor, ConnectionKind.STREAM)
    return StreamingHttpResponse(
        counted(request.actor, public_id, first, followed),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@gate("operations.cancel")
@router.post(
    "/operations/runs/{public_id}/cancel", response=answers(shapes.RunDetail, 404, 409, 503, status=202),
    summary="Ask for its end", operation_id="cancelRun",
)  # fmt: skip
def cancel(request: ApiRequest, public_id: str) -> Status[dict[str, Any]]:
    """A request that ends in an observed state: `cancelled`, or whatever the run reaches first."""
    actions.cancel(request.actor, queries.access_operation(request.actor, public_id))
    return Status(202, described(request.actor, public_id))


@gate("operations.audit")
@router.get("/audit", response=answers(shapes.AuditItems), summary="Audit", operation_id="listAudit")
def audit(
    request: ApiRequest,
    team: str = Query("", max_length=63, description="of this tenant only"),
    actor: str = Query("", max_length=100, description="of this person only"),
    verb: str = Query("", max_length=100, description="verbs that begin so, such as deploy-service"),
    result: Literal["", "started", "succeeded", "failed", "cancelled", "stalled", "denied", "refused"] = Query(
        "", description="what came of it"
    ),
    q: str = Query("", max_length=100, description="part of target, operation, reason, client or request id"),
    cursor: str = Query("", max_length=40, description="`next` of the page before"),
) -> dict[str, Any]:
    """Who tried what through which door and what came of it, newest first, fifty to a page; secrets are masked."""
    wanted = queries.AuditFilter.read(
        {"tenant": team, "actor": actor, "verb": verb, "result": result, "q": q, "page": cursor}
    )
    if cursor and not wanted.before:
        raise wrong_cursor(cursor)
    listed = queries.audit_list(request.actor, wanted)
    items = [shapes.audit_record(row) for row in listed.rows]
    return {"items": items, "count": len(items), "next": listed.older or None}


def described(actor: Actor, public_id: str) -> dict[str, Any]:
    """Permission is asked again with each look. Raises NotFound."""
    operation = queries.access_operation(actor, public_id)
    view = queries.operation_view(actor, operation)
    return shapes.run_detail(view, reverse("v1:run", args=[public_id]))


def has_ended(actor: Actor, public_id: str) -> bool:
    return OperationState(queries.access_operation(actor, public_id).state).is_final


def let_go() -> None:
    """A waiting request keeps no connection that others could use."""
    if not connection.in_atomic_block:
        connection.close()


async def counted(actor: Actor, public_id: str, first: dict[str, Any], followed: Connection) -> AsyncIterator[bytes]:
    async with renewals_of(followed):
        async for sent in events(actor, public_id, first):
            yield sent


async def events(actor: Actor, public_id: str, first: dict[str, Any]) -> AsyncIterator[bytes]:
    began = said = time.monotonic()
    last, found = "", first
    while time.monotonic() - began < LONGEST_STREAM_S:
        name = "end" if found["done"] else "run"
        text = json.dumps(without_clock(found), cls=DjangoJSONEncoder)
        if text != last:
            last, said = text, time.monotonic()
            yield event(name, json.dumps(found, cls=DjangoJSONEncoder))
        if found["done"]:
            return
        if time.monotonic() - said > KEEP_ALIVE_S:
            said = time.monotonic()
            yield b": still here\n\n"
        await asyncio.sleep(LOOK_EVERY_S)
        try:
            found = await sync_to_async(look)(actor, public_id)
        except Problem as problem:
            yield event("error", json.dumps(problem.as_dict(), cls=DjangoJSONEncoder))
            return


def look(actor: Actor, public_id: str) -> dict[str, Any]:
    try:
        return described(with_roles_of_now(actor), public_id)
    finally:
        let_go()


def with_roles_of_now(actor: Actor) -> Actor:
    """A stream may outlive a membership; the token's scopes stay its limit."""
    fresh = actor_for(actor.name, door=actor.door, client=actor.client)
    return replace(actor, roles=fresh.roles, is_admin=fresh.is_admin, resolved_at=fresh.resolved_at)


def without_clock(found: dict[str, Any]) -> dict[str, Any]:
    """Durations grow by themselves, which is no news."""
    return {**found, "duration_s": None, "steps": [{**step, "duration_s": None} for step in found["steps"]]}


def event(name: str, data: str) -> bytes:
    mark = hashlib.sha256(data.encode()).hexdigest()[:12]
    return f"id: {mark}\nevent: {name}\ndata: {data}\n\n".encode()
