"""Resources and prompts: the same answers at addresses, the guide to read, and two ways to begin."""

import json
from difflib import get_close_matches
from typing import Any

from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    Prompt,
    PromptArgument,
    PromptMessage,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextContent,
    TextResourceContents,
)

from core.actor import Scope
from core.errors import NotFound, Problem, shorten
from core.limits import Kind
from core.parse import parse_parameters
from core.tool import Answer, Tool
from diagnosis.choices.guide_text import SECTIONS, Section
from mcp_server import running
from mcp_server.calls import Context, actor_of, run_within_limit
from mcp_server.catalogue import tool_named
from mcp_server.gate import require_scopes
from mcp_server.results import result_of

SCHEME = "mctl://"
# What stands behind the scheme: the tool that answers and the arguments in the order of the address.
ADDRESSES = {
    "tenant": ("mctl_get_tenant", ("name",), "A tenant with its members, quotas and services"),
    "service": ("mctl_get_service_status", ("team", "service"), "How a service stands"),
    "operation": ("mctl_get_workflow_status", ("workflow_name",), "A run of an operation, step by step"),
}
GUIDE = SCHEME + "guide/"
SERVICE = [PromptArgument(name="team", required=True), PromptArgument(name="service", required=True)]
PROMPTS = {
    "why-is-my-service-down": (
        "Why is my service down", "Finds the root cause with evidence and says what to do.", SERVICE,
        "Find out why {service} of the tenant {team} does not work. Call mctl_diagnose; the first finding is the root "
        "cause. Look at mctl_get_service_logs where its evidence is not enough. Say in a few sentences what is wrong, "
        "on which evidence, and what mends it. Propose the remedy and wait for me before you change anything.",
    ),
    "deploy-and-watch": (
        "Deploy and watch", "Plans a deploy, waits for your word, starts it and follows it to its end.",
        [*SERVICE, PromptArgument(name="image_tag", required=True)],
        "Deploy {image_tag} of {service} in the tenant {team}. First mctl_deploy_service with action deploy and "
        "dry_run true; show me the diff, what restarts and the warnings. After my yes, call it with that plan_hash. "
        "Then mctl_get_workflow_status with wait_s 25 until done. If it failed, call mctl_diagnose and tell me why.",
    ),
}  # fmt: skip


async def list_resources(ctx: Context, params: PaginatedRequestParams | None) -> ListResourcesResult:
    found = [
        Resource(uri=GUIDE + one.id, name=one.id, title=f"{one.group}: {one.title}", mime_type="text/markdown")
        for one in SECTIONS
    ]
    return ListResourcesResult(resources=found)


async def list_templates(ctx: Context, params: PaginatedRequestParams | None) -> ListResourceTemplatesResult:
    found = [
        ResourceTemplate(
            name=kind, title=title, mime_type="application/json",
            uri_template=f"{SCHEME}{kind}/" + "/".join(f"{{{name}}}" for name in names),
        )
        for kind, (_, names, title) in ADDRESSES.items()
    ]  # fmt: skip
    return ListResourceTemplatesResult(resource_templates=found)


async def read_resource(ctx: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
    uri, actor, call = str(params.uri), actor_of(ctx), running.Call()
    try:
        require_scopes(actor, {Scope.READ})
        if uri.startswith(GUIDE):
            text = guide_text(section_of(uri.removeprefix(GUIDE)))
            return ReadResourceResult(contents=[TextResourceContents(uri=uri, mime_type="text/markdown", text=text)])
        tool, arguments = behind(uri)
        work = call.run(run_within_limit, actor, Kind.READ, tool.run, parse_parameters(tool.parameters, arguments))
        answer: Answer = await running.in_time(call, work, running.LONGEST_CALL_S)
    except Problem as problem:
        raise MCPError(code=INVALID_PARAMS, message=problem.sentence, data=problem.as_dict()) from None
    text = json.dumps(result_of(answer).structured_content, ensure_ascii=False)
    return ReadResourceResult(contents=[TextResourceContents(uri=uri, mime_type="application/json", text=text)])


def section_of(name: str) -> Section:
    """Raises NotFound with the nearest names."""
    known = {one.id: one for one in SECTIONS}
    if name in known:
        return known[name]
    near = get_close_matches(name[:80], known, n=3, cutoff=0.5)
    remedy = f"Did you mean {' or '.join(near)}?" if near else "See resources/list."
    raise NotFound(f"The guide has no section {shorten(name)!r}.", remedy=remedy, nearest=near)


def guide_text(section: Section) -> str:
    parts = [f"# {section.title}"]
    for one in section.paragraphs:
        parts += [f"## {one.title}", one.means, "\n".join(f"- {step}" for step in one.do)]
    return "\n\n".join(parts) + "\n"


def behind(uri: str) -> tuple[Tool, dict[str, Any]]:
    kind, _, rest = uri.removeprefix(SCHEME).partition("/")
    parts = rest.split("/")
    if not uri.startswith(SCHEME) or kind not in ADDRESSES or len(parts) != len(ADDRESSES[kind][1]):
        raise Problem("There is no such resource.", remedy="See resources/templates/list.", code="not_found")
    name, arguments, _ = ADDRESSES[kind]
    return tool_named(name), dict(zip(arguments, parts, strict=True))


async def list_prompts(ctx: Context, params: PaginatedRequestParams | None) -> ListPromptsResult:
    found = [
        Prompt(name=name, title=title, description=description, arguments=arguments)
        for name, (title, description, arguments, _) in PROMPTS.items()
    ]
    return ListPromptsResult(prompts=found)


async def get_prompt(ctx: Context, params: GetPromptRequestParams) -> GetPromptResult:
    if params.name not in PROMPTS:
        raise MCPError(code=INVALID_PARAMS, message=f"There is no prompt {params.name[:60]!r}; see prompts/list.")
    _, description, wanted, text = PROMPTS[params.name]
    given = params.arguments or {}
    missing = [one.name for one in wanted if not given.get(one.name)]
    if missing:
        raise MCPError(code=INVALID_PARAMS, message=f"The prompt needs {', '.join(missing)}.")
    filled = text.format(**{one.name: given[one.name][:100] for one in wanted})
    message = PromptMessage(role="user", content=TextContent(type="text", text=filled))
    return GetPromptResult(description=description, messages=[message])
