"""Tools for agents: the runbooks of a tenant."""

from pydantic import Field

from core.actor import Actor
from core.tool import Answer, ToolArguments, ToolPage, tool
from tests.joining.runbooks.queries import runbooks_of


class OneTenant(ToolArguments):
    team: str = Field(max_length=63, description="tenant")


@tool(
    "mctl_list_runbooks", "List runbooks", OneTenant, {"items": "array"},
    page=ToolPage("runbooks:list", {"tenant": "team"}),
)  # fmt: skip
def list_runbooks(actor: Actor, asked: OneTenant) -> Answer:
    """The runbooks of a tenant."""
    items = [{"service": row.service, "first_line": row.first_line} for row in runbooks_of(actor, asked.team)]
    return Answer({"items": items}, f"{len(items)} runbooks.", listed="items")
