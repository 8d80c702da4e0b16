"""Which of the tools a client is shown and may call: by its choice, by its token, and by the server's mode.

A list of tools costs a model tokens in every conversation, so a client may ask for fewer, or for those that platform
admins need as well: `/mcp?toolset=read`, or the header `MCTL-Toolset`. What was asked for is a ceiling too: a client
that asked for `read` starts nothing, whatever its token could.
"""

from collections.abc import Iterable
from enum import StrEnum
from urllib.parse import parse_qs

from django.conf import settings

from core.actor import Actor, Scope
from core.errors import Forbidden, Problem, shorten
from core.tool import Effect, Tool
from mcp_server.catalogue import catalogue
from operations.choices import Risk
from operations.registry import definition_of

PARAMETER = "toolset"
HEADER = b"mctl-toolset"


class Toolset(StrEnum):
    """Each has those before it as well: what reads, what operates services, what platform admins take away."""

    READ = "read"
    DEPLOY = "deploy"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        return list(Toolset).index(self)


class UnknownToolset(Problem):
    code = "unknown_toolset"
    status = 400


class OutsideToolset(Forbidden):
    code = "outside_toolset"


def chosen(query: bytes, headers: Iterable[tuple[bytes, bytes]]) -> Toolset | None:
    """What the request asks for, the address before the header; None where it leaves that to us.

    Raises UnknownToolset: a wish for fewer tools that is misspelt must not end in more.
    """
    asked = parse_qs(query.decode("latin-1"), keep_blank_values=True).get(PARAMETER)
    asked = asked or [value.decode("latin-1").strip() for name, value in headers if name.lower() == HEADER]
    if not asked:
        return None
    if len(asked) == 1 and asked[0] in set(Toolset):
        return Toolset(asked[0])
    raise UnknownToolset(
        f"There is no toolset {shorten(', '.join(asked))!r}.",
        remedy=f"Choose one of {', '.join(Toolset)}, or leave it out.",
        toolsets=list(Toolset),
    )


def toolset_of(tool: Tool) -> Toolset:
    if tool.effect is Effect.READ:
        return Toolset.READ
    is_for_admins = bool(tool.operation) and definition_of(tool.operation).risk == Risk.HIGH
    return Toolset.ADMIN if is_for_admins else Toolset.DEPLOY


def offered_tools(actor: Actor, asked: Toolset | None) -> list[Tool]:
    """The tools to show: those of the toolset that the token may call. A token that can be widened by asking its
    person shows the others too."""
    most = asked or Toolset.DEPLOY
    if settings.READ_ONLY or (asked is None and Scope.WRITE not in actor.scopes and not widens(actor)):
        most = Toolset.READ
    return [
        one
        for one in catalogue().values()
        if toolset_of(one).rank <= most.rank and (widens(actor) or one.effect.scopes <= actor.scopes)
    ]


def widens(actor: Actor) -> bool:
    return actor.token_kind == "oauth"


def refuse_outside(tool: Tool, asked: Toolset | None) -> None:
    """Raises OutsideToolset. Without a choice every tool may be called; it is only not shown."""
    if asked is not None and toolset_of(tool).rank > asked.rank:
        raise OutsideToolset(
            f"{tool.name} is not in the toolset {asked.value} that this connection has chosen.",
            remedy=f"Connect with {PARAMETER}={toolset_of(tool).value}, or without one.",
            ours=True,
            toolset=toolset_of(tool).value,
        )
