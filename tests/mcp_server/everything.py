"""What the conformance suite wants to find on a server, laid over the product's own: each handler answers the suite's
names and leaves all others to MCTL. Nothing here is part of the product.

The names, texts and schemas are the suite's. `everything` is the product's endpoint behind the product's gate, with the
token added that the suite cannot send.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, PromptsListChanged, ToolsListChanged
from mcp.shared.exceptions import MCPError
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    BlobResourceContents,
    CallToolRequestParams,
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    EmbeddedResource,
    EmptyResult,
    GetPromptRequestParams,
    GetPromptResult,
    ImageContent,
    InputRequiredResult,
    ListRootsRequest,
    Prompt,
    PromptArgument,
    PromptMessage,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    TextContent,
    TextResourceContents,
    Tool,
    UnsubscribeRequestParams,
)

from mcp_server.endpoint import Endpoint
from mcp_server.gate import McpGate

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
NOTHING: dict[str, Any] = {"type": "object", "properties": {}}
bus = InMemorySubscriptionBus()


def text(said: str) -> TextContent:
    return TextContent(type="text", text=said)


def image() -> ImageContent:
    return ImageContent(type="image", data=PNG, mime_type="image/png")


def embedded(uri: str, kind: str, said: str) -> EmbeddedResource:
    return EmbeddedResource(
        type="resource", resource=TextResourceContents(uri=uri, mime_type=kind, text=said)
    )  # fmt: skip


ANSWERS: dict[str, list[Any]] = {
    "test_simple_text": [text("This is a simple text response for testing.")],
    "test_image_content": [image()],
    "test_audio_content": [AudioContent(type="audio", data=WAV, mime_type="audio/wav")],
    "test_embedded_resource": [
        embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")
    ],
    "test_multiple_content_types": [
        text("Multiple content types test:"),
        image(),
        embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
    ],
}


def asks(message: str, **properties: str) -> ElicitRequest:
    schema = {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in properties.items()},
        "required": list(properties),
    }
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def samples(prompt: str, most: int) -> CreateMessageRequest:
    said = SamplingMessage(role="user", content=text(prompt))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[said], max_tokens=most))


# Each round is what is asked for, and the state that must come back with the answers; after the last it is done.
ROUNDS: dict[str, list[tuple[dict[str, Any], str | None]]] = {
    "elicitation": [({"user_name": asks("What is your name?", name="string")}, None)],
    "sampling": [({"capital_question": samples("What is the capital of France?", 100)}, None)],
    "list_roots": [({"client_roots": ListRootsRequest()}, None)],
    "request_state": [({"confirm": asks("Please confirm", ok="boolean")}, "asked")],
    "tampered_state": [({"confirm": asks("Please confirm", ok="boolean")}, "asked")],
    "multiple_inputs": [
        (
            {
                "user_name": asks("What is your name?", name="string"),
                "greeting": samples("Generate a greeting", 50),
                "client_roots": ListRootsRequest(),
            },
            "asked",
        )
    ],
    "multi_round": [
        ({"step1": asks("Step 1: What is your name?", name="string")}, "first"),
        ({"step2": asks("Step 2: What is your favorite color?", color="string")}, "second"),
    ],
}
NEEDS_INPUT = "test_input_required_result_"


def in_rounds(name: str, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
    """The first round of which something is missing is asked for; what nobody asked for is passed over."""
    given, state = set(params.input_responses or {}), params.request_state
    rounds = ROUNDS[name]
    behind = [number for number, (wanted, kept) in enumerate(rounds) if set(wanted) <= given and state == kept]
    at = behind[-1] + 1 if behind else 0
    if at == len(rounds):
        return CallToolResult(content=[text(f"state-ok: {', '.join(sorted(given))}")])
    wanted, kept = rounds[at]
    return InputRequiredResult(input_requests=wanted, request_state=kept)


def what_the_client_can(ctx: Any) -> InputRequiredResult:
    declared = ctx.session.client_capabilities
    wanted: dict[str, Any] = {}
    if declared and declared.elicitation:
        wanted["user_name"] = asks("What is your name?", name="string")
    if declared and declared.sampling:
        wanted["greeting"] = samples("Generate a greeting", 50)
    return InputRequiredResult(input_requests=wanted)


async def with_logging(ctx: Any) -> CallToolResult:
    for said in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.session.send_log_message("info", said, related_request_id=ctx.request_id)
        await asyncio.sleep(0.05)
    return CallToolResult(content=[text("Logged.")])


async def with_progress(ctx: Any) -> CallToolResult:
    for done in (0, 50, 100):
        await ctx.session.report_progress(done, 100, f"Completed step {done} of 100")
        await asyncio.sleep(0.05)
    return CallToolResult(content=[text("Done.")])


async def refused(ctx: Any) -> CallToolResult:
    return CallToolResult(
        content=[text("This tool intentionally returns an error for testing")], is_error=True
    )  # fmt: skip


async def needs_sampling(ctx: Any) -> CallToolResult:
    declared = ctx.session.client_capabilities
    if declared is None or declared.sampling is None:
        data = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(code=MISSING_REQUIRED_CLIENT_CAPABILITY, message="This tool needs sampling.", data=data)
    return CallToolResult(content=[text("Sampling is there.")])


async def change_tools(ctx: Any) -> CallToolResult:
    await bus.publish(ToolsListChanged())
    return CallToolResult(content=[text("Changed.")])


async def change_prompts(ctx: Any) -> CallToolResult:
    await bus.publish(PromptsListChanged())
    return CallToolResult(content=[text("Changed.")])


async def in_schema(ctx: Any) -> CallToolResult:
    return CallToolResult(content=[text("Taken.")])


RUNS: dict[str, Callable[[Any], Awaitable[CallToolResult]]] = {
    "test_tool_with_logging": with_logging,
    "test_tool_with_progress": with_progress,
    "test_error_handling": refused,
    "test_missing_capability": needs_sampling,
    "test_trigger_tool_change": change_tools,
    "test_trigger_prompt_change": change_prompts,
    "json_schema_2020_12_tool": in_schema,
    "test_x_mcp_header": in_schema,
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "json_schema_2020_12_tool": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
            }
        },
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": False,
    },
    "test_x_mcp_header": {
        "type": "object",
        "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
    },
}
NAMES = [*ANSWERS, *RUNS, *(NEEDS_INPUT + name for name in ROUNDS), NEEDS_INPUT + "capabilities"]


async def call_tool(ctx: Any, params: CallToolRequestParams) -> Any:
    name = params.name
    if name in ANSWERS:
        return CallToolResult(content=ANSWERS[name])
    if name in RUNS:
        return await RUNS[name](ctx)
    kind = name.removeprefix(NEEDS_INPUT)
    return what_the_client_can(ctx) if kind == "capabilities" else in_rounds(kind, params)


TEXTS = {
    "test://static-text": ("text/plain", "This is the content of the static text resource."),
    "test://watched-resource": ("text/plain", "Watched resource content"),
}
BINARY = "test://static-binary"


async def read_resource(ctx: Any, params: ReadResourceRequestParams) -> ReadResourceResult:
    uri = str(params.uri)
    if uri == BINARY:
        return ReadResourceResult(contents=[BlobResourceContents(uri=uri, mime_type="image/png", blob=PNG)])
    if uri in TEXTS:
        kind, said = TEXTS[uri]
    else:
        number = uri.removeprefix("test://template/").removesuffix("/data")
        kind, said = "application/json", f'{{"id":"{number}","templateTest":true,"data":"Data for ID: {number}"}}'
    return ReadResourceResult(contents=[TextResourceContents(uri=uri, mime_type=kind, text=said)])


PROMPTS = {
    "test_simple_prompt": [],
    "test_prompt_with_arguments": ["arg1", "arg2"],
    "test_prompt_with_embedded_resource": ["resourceUri"],
    "test_prompt_with_image": [],
    NEEDS_INPUT + "prompt": [],
}


async def get_prompt(ctx: Any, params: GetPromptRequestParams) -> Any:
    given = params.arguments or {}
    if params.name == NEEDS_INPUT + "prompt" and not params.input_responses:
        return InputRequiredResult(
            input_requests={"user_context": asks("What context should the prompt use?", context="string")}
        )
    uri = given.get("resourceUri", "")
    said: dict[str, list[Any]] = {
        "test_simple_prompt": [text("This is a simple prompt for testing.")],
        "test_prompt_with_arguments": [
            text(f"Prompt with arguments: arg1='{given.get('arg1')}', arg2='{given.get('arg2')}'")
        ],
        "test_prompt_with_embedded_resource": [
            embedded(uri, "text/plain", "Embedded resource content for testing."),
            text("Please process the embedded resource above."),
        ],
        "test_prompt_with_image": [image(), text("Please analyze the image above.")],
        NEEDS_INPUT + "prompt": [text("With that context.")],
    }
    return GetPromptResult(messages=[PromptMessage(role="user", content=one) for one in said[params.name]])


async def complete(ctx: Any, params: CompleteRequestParams) -> CompleteResult:
    return CompleteResult(completion=Completion(values=[], total=0, has_more=False))


async def accept(ctx: Any, params: Any) -> EmptyResult:
    return EmptyResult()


def lay_over(server: Server[Any]) -> None:
    ours = {method: server.get_request_handler(method).handler for method in LISTS | CALLS}

    def listing(method: str, field: str, more: list[Any]) -> Any:
        async def both(ctx: Any, params: Any) -> Any:
            found = await ours[method](ctx, params)
            return found.model_copy(update={field: [*getattr(found, field), *more]})

        return both

    def calling(method: str, key: str, theirs: Any) -> Any:
        async def either(ctx: Any, params: Any) -> Any:
            asked = str(getattr(params, key))
            is_theirs = asked in NAMES or asked in PROMPTS or asked in (BINARY, *TEXTS) or "test://template/" in asked
            return await (theirs if is_theirs else ours[method])(ctx, params)

        return either

    for method, (field, more) in LISTS.items():
        kind = server.get_request_handler(method).params_type
        server.add_request_handler(method, kind, listing(method, field, more))
    for method, (key, theirs) in CALLS.items():
        kind = server.get_request_handler(method).params_type
        server.add_request_handler(method, kind, calling(method, key, theirs))
    server.add_request_handler("completion/complete", CompleteRequestParams, complete)
    server.add_request_handler("logging/setLevel", SetLevelRequestParams, accept)
    server.add_request_handler("resources/subscribe", SubscribeRequestParams, accept)
    server.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, accept)
    server.add_request_handler("subscriptions/listen", SubscriptionsListenRequestParams, ListenHandler(bus))
    product_schema = server.get_tool_input_schema
    server.get_tool_input_schema = lambda name: SCHEMAS.get(name) or (product_schema(name) if product_schema else None)


LISTS: dict[str, tuple[str, list[Any]]] = {
    "tools/list": (
        "tools",
        [
            Tool(name=name, description=f"{name}, for the suite", input_schema=SCHEMAS.get(name, NOTHING))
            for name in NAMES
        ],
    ),
    "resources/list": ("resources", [Resource(uri=uri, name=uri.rpartition("/")[2]) for uri in (BINARY, *TEXTS)]),
    "resources/templates/list": (
        "resource_templates",
        [ResourceTemplate(uri_template="test://template/{id}/data", name="template")],
    ),
    "prompts/list": (
        "prompts",
        [
            Prompt(
                name=name,
                description="for the suite",
                arguments=[PromptArgument(name=one, required=True) for one in wanted],
            )
            for name, wanted in PROMPTS.items()
        ],
    ),
}
CALLS = {
    "tools/call": ("name", call_tool),
    "resources/read": ("uri", read_resource),
    "prompts/get": ("name", get_prompt),
}


def everything(token: str) -> Any:
    endpoint = Endpoint()
    lay_over(endpoint.server)
    gate, bearer = McpGate(endpoint), (b"authorization", f"Bearer {token}".encode())

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await endpoint.lifespan(scope, receive, send)
        else:
            await gate({**scope, "headers": [*scope["headers"], bearer]}, receive, send)

    return application
