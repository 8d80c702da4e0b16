"""A call of a tool: the second lock, the limits, the time, waiting with progress, asking a person, the result."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import structlog
from mcp.server.context import ServerRequestContext
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
)
from mcp_types.version import is_version_at_least

from core import limits
from core.actor import Actor
from core.errors import Problem, Unavailable
from core.parse import parse_parameters
from core.tool import Answer, Effect, Tool
from mcp_server import running
from mcp_server.catalogue import tool_named
from mcp_server.gate import require_scopes
from mcp_server.operating import Declined, OperationCall, Question, operate, question, start
from mcp_server.results import failure, result_of
from mcp_server.toolsets import Toolset, refuse_outside

LOOK_EVERY_S = 0.5
ASKS_BY_RESULT = "2026-07-28"
CONFIRM = "confirm"

Context = ServerRequestContext[Any, Any]
log = structlog.get_logger()


def actor_of(ctx: Context) -> Actor:
    """Put into the scope by the gate; there is no way to a handler around it."""
    request: Any = ctx.request
    actor: Actor = request.scope["actor"]
    return actor


def toolset_asked(ctx: Context) -> Toolset | None:
    request: Any = ctx.request
    asked: Toolset | None = request.scope["toolset"]
    return asked


async def call_tool(ctx: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
    call, began, code = running.Call(), time.perf_counter(), "ok"
    try:
        return await running.in_time(call, answer_call(ctx, params, call), running.LONGEST_CALL_S)
    except Problem as problem:
        code = problem.problem_code
        return failure(problem)
    except Exception:
        code = "failed"
        log.exception("mcp_tool_failed", tool=params.name[:80])
        return failure(Unavailable("Something went wrong on our side.", remedy="Try again in a minute.", ours=True))
    finally:
        spent = round((time.perf_counter() - began) * 1000, 1)
        log.info("mcp_tool", tool=params.name[:80], actor=actor_of(ctx).name, code=code, ms=spent)


async def answer_call(
    ctx: Context, params: CallToolRequestParams, call: running.Call
) -> CallToolResult | InputRequiredResult:
    actor, tool = actor_of(ctx), tool_named(params.name)
    # The gate has asked too; it reads the request, this reads what the SDK made of it.
    require_scopes(actor, set(tool.effect.scopes))
    refuse_outside(tool, toolset_asked(ctx))
    arguments = params.arguments or {}
    kind = limits.Kind.READ if tool.effect is Effect.READ else limits.Kind.WRITE
    if tool.operation:
        operation_call = OperationCall.read(tool, arguments)
        if operation_call.must_be_confirmed and can_be_asked(ctx):
            return await ask_first(ctx, params, call, operation_call)
        return result_of(await call.run(run_within_limit, actor, kind, operate, operation_call))
    asked = parse_parameters(tool.parameters, arguments)
    answer = await call.run(run_within_limit, actor, kind, tool.run, asked)
    return result_of(await follow(ctx, call, tool, asked, answer))


def run_within_limit(actor: Actor, kind: limits.Kind, work: Any, *arguments: Any) -> Any:
    """The gate has counted a read for each request; a change counts as one too."""
    if kind is limits.Kind.WRITE:
        limits.take(actor, kind)
    return work(actor, *arguments)


async def follow(ctx: Context, call: running.Call, tool: Tool, asked: Any, answer: Answer) -> Answer:
    """Looks again until it has ended or `wait_s` is over, and tells what is new on the way."""
    wait_s = getattr(asked, "wait_s", 0)
    if tool.ended is None or not wait_s:
        return answer
    began, last = time.monotonic(), ""
    while not tool.ended(answer.value) and (spent := time.monotonic() - began) < wait_s:
        if answer.says != last:
            last = answer.says
            await ctx.session.report_progress(round(spent, 1), wait_s, last[:300])
        await asyncio.sleep(min(LOOK_EVERY_S, wait_s - spent))
        answer = await call.run(tool.run, actor_of(ctx), asked)
    return answer


def can_be_asked(ctx: Context) -> bool:
    """The client shows forms, and its protocol carries the question back in a result, so that any replica can go on."""
    declared = ctx.session.client_capabilities
    elicitation = declared.elicitation if declared else None
    shows_forms = elicitation is not None and (elicitation.form is not None or elicitation.url is None)
    return shows_forms and is_version_at_least(ctx.protocol_version, ASKS_BY_RESULT)


async def ask_first(
    ctx: Context, params: CallToolRequestParams, call: running.Call, operation_call: OperationCall
) -> CallToolResult | InputRequiredResult:
    """The person is asked even where the model has filled in `confirm`. The state that comes back is sealed and bound
    to the person, the tool and its arguments; in it stands the hash of the plan that was shown."""
    actor, answer = actor_of(ctx), (params.input_responses or {}).get(CONFIRM)
    if answer is None or not params.request_state:
        return asking(await call.run(run_within_limit, actor, limits.Kind.READ, question, operation_call))
    if not has_agreed(answer):
        sentence = "The user did not confirm it; nothing was done."
        raise Declined(sentence, remedy="Do not ask again unless told to.", ours=True)
    return result_of(
        await call.run(run_within_limit, actor, limits.Kind.WRITE, start, operation_call, params.request_state)
    )


def asking(what: Question) -> InputRequiredResult:
    schema: Mapping[str, Any] = {
        "type": "object",
        "properties": {"confirmed": {"type": "boolean", "title": "Do it", "description": "Really do this?"}},
        "required": ["confirmed"],
    }
    form = ElicitRequestFormParams(message=what.message, requested_schema=dict(schema))
    return InputRequiredResult(input_requests={CONFIRM: ElicitRequest(params=form)}, request_state=what.plan_hash)


def has_agreed(answer: object) -> bool:
    return (
        isinstance(answer, ElicitResult)
        and answer.action == "accept"
        and (answer.content or {}).get("confirmed") is True
    )
