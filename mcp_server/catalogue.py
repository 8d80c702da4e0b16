"""All tools there are: those of every app's `tools.py`, and one for each declared operation."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from mcp_types import Tool as Listed
from mcp_types import ToolAnnotations
from pydantic import BaseModel, Field

from core.actor import Actor
from core.discovery import app_modules
from core.errors import NotFound, shorten
from core.tool import Answer, Effect, Tool, ToolArguments, tools_of
from operations.registry import OperationDefinition, definition_of, definitions
from operations.tools import tool_name

STARTED = {"operation_id": "string?", "state": "string?", "status_url": "string?", "plan": "object?"}
TYPES = {"string", "integer", "number", "boolean", "array", "object"}
# What a model needs to fill in a call; titles and defaults that say "nothing" only cost tokens.
DROPPED = {"title", "examples", "maxLength", "minLength"}


class ControlArguments(ToolArguments):
    """Arguments of every operation's tool, beside the operation's own. The server's instructions say how they go
    together; here each costs tokens as often as there are operations."""

    dry_run: bool = Field(False, description="plan only")
    plan_hash: str = Field("", max_length=64, description="of that plan; void if git has changed")
    queue_behind: bool = Field(False, description="wait behind an open operation")


class ConfirmedControlArguments(ControlArguments):
    confirm: str = Field("", max_length=100, description="exact target, typed by the user")


def catalogue() -> Mapping[str, Tool]:
    """By name, in a stable order. An operation declared later is here without anybody's doing."""
    return _make_tools(tuple(definitions()))


@lru_cache(maxsize=1)
def _make_tools(operations: tuple[str, ...]) -> Mapping[str, Tool]:
    """Each call of a tool asks several times. An operation's declaration does not change once it is declared."""
    own = {one.name: one for module in app_modules("tools") for one in tools_of(module)}
    return {**own, **{tool_name(name): operation_tool(definition_of(name)) for name in operations}}


def tool_named(name: str) -> Tool:
    """Raises NotFound with the nearest names."""
    tools = catalogue()
    if name in tools:
        return tools[name]
    near = get_close_matches(name[:80], tools, n=3, cutoff=0.5)
    raise NotFound(
        f"There is no tool {shorten(name)!r}.",
        remedy=f"Did you mean {' or '.join(near)}?" if near else "See tools/list.",
        code="unknown_tool",
        ours=True,
        nearest=near,
    )


def operation_tool(one: OperationDefinition) -> Tool:
    effect = Effect.DESTRUCTIVE if one.agents_must_confirm else Effect.WRITE
    return Tool(
        tool_name(one.name), one.title, effect, False, one.description, controls_of(effect), _never, STARTED,
        operation=one.name,
    )  # fmt: skip


def controls_of(effect: Effect) -> type[ControlArguments]:
    return ConfirmedControlArguments if effect is Effect.DESTRUCTIVE else ControlArguments


def _never(actor: Actor, asked: Any) -> Answer:
    raise RuntimeError("Operations are started by mcp_server.operating.")


def describe_tool(one: Tool) -> Listed:
    is_read = one.effect is Effect.READ
    return Listed(
        name=one.name,
        title=one.title,
        description=one.description,
        input_schema=input_schema(one),
        output_schema={"type": "object", "properties": {key: json_type(word) for key, word in one.returns.items()}},
        annotations=ToolAnnotations(
            read_only_hint=is_read,
            destructive_hint=None if is_read else one.effect is Effect.DESTRUCTIVE,
            idempotent_hint=None if is_read else one.idempotent,
            open_world_hint=False,
        ),
    )


def json_type(word: str) -> dict[str, Any]:
    name = word.removesuffix("?")
    if name not in TYPES:
        raise ValueError(f"{word!r} is no JSON type.")
    return {"type": [name, "null"] if word.endswith("?") else name}


def input_schema(one: Tool) -> dict[str, Any]:
    own = small_schema(one.parameters)
    if not one.operation:
        return own
    asked = small_schema(definition_of(one.operation).parameters)
    clash = set(own["properties"]) & set(asked["properties"])
    if clash:
        raise ValueError(f"{one.name}: {', '.join(sorted(clash))} is an argument of every operation's tool.")
    return {**asked, "properties": {**asked["properties"], **own["properties"]}}


@lru_cache(maxsize=128)
def small_schema(model: type[BaseModel]) -> dict[str, Any]:
    whole = model.model_json_schema()
    schema = {
        "type": "object",
        "properties": {name: small(field) for name, field in whole.get("properties", {}).items()},
        "additionalProperties": False,
    }
    if whole.get("required"):
        schema["required"] = whole["required"]
    if whole.get("$defs"):
        schema["$defs"] = whole["$defs"]
    return schema


def small(field: Mapping[str, Any]) -> dict[str, Any]:
    """A field without what costs tokens and tells nothing; an optional one is simply not required."""
    kept = {key: value for key, value in field.items() if key not in DROPPED and key != "secret"}
    if kept.get("default", 0) in (None, "", False) or kept.get("default") in ({}, []):
        kept.pop("default", None)
    choices = [small(choice) for choice in kept.pop("anyOf", []) if choice.get("type") != "null"]
    if len(choices) == 1:
        kept.update(choices[0])
    elif choices:
        kept["anyOf"] = choices
    return kept
