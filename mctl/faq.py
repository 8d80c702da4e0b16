"""Questions that people ask again and again, answered with what this installation is set to and has declared."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from accounts.choices import TokenKind
from accounts.queries.resources import door_address
from core.actor import Door, Role
from mcp_server.catalogue import catalogue
from mcp_server.results import MOST_BYTES
from mcp_server.running import LONGEST_CALL_S
from mcp_server.toolsets import Toolset, toolset_of
from operations.choices import OPEN_STATES, OperationState
from operations.registry import definitions

READ_ONLY = " This installation is read-only now: everything is shown and nothing is changed."


@dataclass(frozen=True, slots=True)
class Question:
    group: str
    anchor: str
    asked: str
    answer: str


def questions() -> Iterable[Question]:
    for group, found in (
        ("Connecting", about_connecting()),
        ("Changing things", about_changing()),
        ("Limits", about_limits()),
    ):
        yield from (Question(group, *one) for one in found)


def about_connecting() -> Iterable[tuple[str, str, str]]:
    kinds = listing(kind.label for kind in TokenKind if kind is not TokenKind.UNRECOGNISED)
    scopes = settings.OAUTH2_PROVIDER["SCOPES"].items()
    ranks = [toolset_of(tool).rank for tool in catalogue().values()]
    sets = listing(f"{one.value} has {sum(rank <= one.rank for rank in ranks)}" for one in Toolset)
    yield (
        "address",
        "Which address does an AI client need?",
        f"Exactly {door_address(Door.MCP)}, as streamable HTTP. The page Connecting has it ready to copy for each "
        "client, and says what is wrong with a configuration that does not work.",
    )
    yield (
        "tokens",
        "Which tokens are taken?",
        f"{kinds}. They are told apart by their shape alone. A script does best with a personal token; an AI client "
        "signs in by itself, and its token works at the door it was issued for.",
    )
    yield (
        "scopes",
        "What may a token do?",
        " ".join(f"{name}: {words[0].lower()}{words[1:]}." for name, words in scopes)
        + " Scopes are the ceiling; below it your role in the tenant decides.",
    )
    yield (
        "toolsets",
        "The list of tools is too long for my model. Can I have fewer?",
        f"Yes: add ?toolset=read to the address, or send the header MCTL-Toolset. Of the tools there are, {sets}. What "
        "you ask for is a ceiling as well: a client that asked for read starts nothing.",
    )
    yield (
        "tools-missing",
        "Why does my client not show a new tool?",
        "Clients read the list once, when a conversation begins. Reconnect the server and begin a new conversation. A "
        "token without the scope write is not shown what changes something.",
    )


def about_changing() -> Iterable[tuple[str, str, str]]:
    titles = listing(one.title for one in definitions().values())
    yield (
        "operations",
        "What can be changed through MCTL?",
        f"{titles}. Each is an operation: planned, recorded, followed.{READ_ONLY if settings.READ_ONLY else ''}",
    )
    yield (
        "done",
        "When is a deploy done?",
        f"When its state is {OperationState.SUCCEEDED}: git has the commit, Argo CD has synced that commit, and the "
        f"workload is healthy. While it is {listing(OPEN_STATES, 'or')} nothing is decided yet.",
    )
    yield (
        "roles",
        "Who may do what?",
        f"Roles in a tenant are {listing(role.value for role in Role)}, weakest first, and come from GitHub teams. A "
        "refusal names the role that is missing and whom to ask. Which role an operation needs stands beside it.",
    )
    yield (
        "busy",
        "Why am I told that the service is busy?",
        "One operation at a time works on a service. Follow the open one, cancel it, or queue behind it (?queue=true, "
        "or queue_behind for a tool).",
    )
    yield (
        "stuck",
        "Can an operation hang forever?",
        f"No. After {settings.OPERATION_DEADLINE_S / 60:g} minutes it is given up and says why; a worker that dies is "
        f"noticed within {settings.OPERATION_LEASE_S:g} seconds and another goes on where it ended.",
    )
    yield (
        "ci",
        "How do I deploy from a pipeline?",
        "With deploy/ci/deploy.sh of the source, or any HTTP client: execute, then ask for the run with wait=25 until "
        "it is done. The script ends with 0 only when the version runs.",
    )


def about_limits() -> Iterable[tuple[str, str, str]]:
    reads, writes = settings.READS_PER_MINUTE, settings.WRITES_PER_MINUTE
    yield (
        "rate",
        "How much may I ask?",
        f"Within any minute {reads} reads and {writes} changes by one person, whatever the number of tokens. Every "
        "REST answer says what is left, and 429 says when there is more.",
    )
    yield (
        "time",
        "How long may a call take?",
        f"{LONGEST_CALL_S:g} seconds, then it is stopped and says so. Changes answer at once with an operation_id; the "
        "work goes on without the call. Where the cluster does not answer you get what was seen last, marked as such.",
    )
    yield (
        "size",
        "Why is a tool's answer cut?",
        f"An answer is {MOST_BYTES // 1000} kB at most, so that it fits a model. It says what was cut and how to go "
        "on: the next cursor, a narrower filter, fewer lines.",
    )
    yield (
        "secrets",
        "Can I read a secret back?",
        "No. Secrets go to the secret store and are kept nowhere else; pages, tools and endpoints show their names.",
    )


def listing(words: Iterable[object], last: str = "and") -> str:
    found = [str(word) for word in words]
    return f" {last} ".join(filter(None, [", ".join(found[:-1]), found[-1] if found else ""]))
