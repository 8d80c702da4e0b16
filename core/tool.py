"""Tools for agents: what an app offers at the MCP door, declared beside its views and endpoints.

A tool is a function `(actor, asked) -> Answer` over the app's queries and actions. The door turns it into a schema,
asks for scopes and confirmation, keeps to the time and the size, and says errors. `mcp_server/catalogue.py` collects
the tools of every app's `tools.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ConfigDict

from core.actor import Actor, Scope
from core.errors import Invalid


class Effect(StrEnum):
    """WRITE adds or changes what can be changed back; DESTRUCTIVE takes away and must be confirmed."""

    READ = "read"
    WRITE = "write"
    DESTRUCTIVE = "destructive"

    @property
    def scopes(self) -> frozenset[Scope]:
        return frozenset({Scope.READ}) if self is Effect.READ else frozenset({Scope.READ, Scope.WRITE})


class ToolArguments(BaseModel):
    """Base of a tool's arguments: unknown ones are refused by name."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Next:
    """What an agent may do next: a tool, its arguments, and why."""

    tool: str
    arguments: Mapping[str, Any]
    why: str

    def as_dict(self) -> dict[str, Any]:
        return {"tool": self.tool, "arguments": dict(self.arguments), "why": self.why}


# Names, causes and reasons of every list come from git, the cluster or other people.
FROM_OUTSIDE = "words of git, the cluster and other people"


@dataclass(frozen=True, slots=True)
class Answer:
    """`value` is the structured result, `says` one sentence above it.

    `listed` names the list in `value` that may be cut where the answer is too large, at its end or, with
    `oldest_first`, at its beginning; `offset` is where it begins in the whole of `total`, None where it has no pages.
    `cursors` stand in for it where pages are not counted: the cursor that goes on after each row.
    `untrusted` says whose words are in it, such as "logs of payments/api". It is empty only where every word of the
    answer is ours; `note` is ours in any case.
    """

    value: Mapping[str, Any]
    says: str
    next: Sequence[Next] = ()
    listed: str = ""
    oldest_first: bool = False
    offset: int = 0
    total: int | None = None
    cursors: Sequence[str] = ()
    narrow: str = ""
    untrusted: str = FROM_OUTSIDE
    note: str = ""


Run = Callable[[Actor, Any], Answer]


@dataclass(frozen=True, slots=True)
class ToolPage:
    """The page where people read what the tool answers. `place` names the argument for each part of its address."""

    route: str
    place: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tool:
    """`returns` maps each key of the result to its JSON type; a question mark behind it allows null.

    `ended(value)`: for tools whose arguments have `wait_s`, true when there is nothing more to wait for.
    """

    name: str
    title: str
    effect: Effect
    idempotent: bool
    description: str
    parameters: type[BaseModel]
    run: Run
    returns: Mapping[str, str] = field(default_factory=dict)
    ended: Callable[[Mapping[str, Any]], bool] | None = None
    operation: str = ""
    page: ToolPage | None = None


def tool(
    name: str,
    title: str,
    parameters: type[BaseModel],
    returns: Mapping[str, str],
    *,
    effect: Effect = Effect.READ,
    idempotent: bool = True,
    ended: Callable[[Mapping[str, Any]], bool] | None = None,
    page: ToolPage | None = None,
) -> Callable[[Run], Run]:
    """Marks a function of a `tools.py`; its docstring is what agents read."""

    def mark(run: Run) -> Run:
        description = " ".join((run.__doc__ or "").split())
        made = Tool(name, title, effect, idempotent, description, parameters, run, returns, ended, page=page)
        run.declared_tool = made  # type: ignore[attr-defined]
        return run

    return mark


def tools_of(module: ModuleType) -> list[Tool]:
    """The marked functions of a module, in their order."""
    return [value.declared_tool for value in vars(module).values() if hasattr(value, "declared_tool")]


def offset_of(cursor: str) -> int:
    """Where a list goes on. Raises Invalid for a cursor that no answer has given."""
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 8):
        field_error = {"field": "cursor", "value": cursor, "sentence": "No answer has given it.", "example": "50"}
        raise Invalid("This is no cursor.", fields=[field_error], remedy="Send next_cursor of the answer before.")
    return int(cursor)
