"""What takes something away is asked of a person, or confirmed with the exact target and the plan's hash."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitResult

from operations.models import Operation
from tests.mcp_server.clients import Connect
from tests.operations import small

TOOL = "mctl_repaint_service"
ERAS = pytest.mark.parametrize("era", ["auto", "legacy"])


@pytest.fixture(autouse=True)
def paint(own_queue: None) -> Iterator[None]:
    with small.registered():
        yield


@pytest.fixture
def arguments(tmp_path: Path) -> dict[str, Any]:
    return {"tenant": "payments", "service": "payments-api", "colour": "blue", "folder": str(tmp_path)}


async def started() -> int:
    return await sync_to_async(Operation.objects.count)()


def says(action: str, **content: bool) -> dict[str, Any]:
    async def answer(ctx: Any, params: Any) -> ElicitResult:
        assert "payments/payments-api" in params.message
        return ElicitResult(action=action, content=content or None)

    return {"elicitation_callback": answer}


async def test_a_person_who_agrees_starts_it(connect: Connect, arguments: dict[str, Any]) -> None:
    async with connect("dev", **says("accept", confirmed=True)) as client:
        result = await client.call_tool(TOOL, arguments)
    assert result.structured_content["operation_id"].startswith("repaint-service-")
    assert result.structured_content["status_url"].endswith(f"{result.structured_content['operation_id']}/")


@pytest.mark.parametrize("answer", [says("decline"), says("cancel"), says("accept", confirmed=False)])
async def test_a_person_who_does_not_agree_stops_it_even_if_the_model_confirmed(
    connect: Connect, arguments: dict[str, Any], answer: dict[str, Any]
) -> None:
    filled_in = {**arguments, "confirm": "payments/payments-api", "plan_hash": "white-blue"}
    async with connect("dev", **answer) as client:
        result = await client.call_tool(TOOL, filled_in)
    assert result.structured_content["error"]["code"] == "declined"
    assert await started() == 0


async def test_what_has_changed_since_the_question_voids_the_answer(
    connect: Connect, arguments: dict[str, Any], tmp_path: Path
) -> None:
    async def paints_meanwhile(ctx: Any, params: Any) -> ElicitResult:
        (tmp_path / "wall").write_text("green")
        return ElicitResult(action="accept", content={"confirmed": True})

    async with connect("dev", elicitation_callback=paints_meanwhile) as client:
        result = await client.call_tool(TOOL, arguments)
    assert result.structured_content["error"]["code"] == "plan_void"
    assert await started() == 0


@ERAS
@pytest.mark.parametrize(
    "given", [{}, {"confirm": "payments"}, {"confirm": "payments/payments-api"}, {"plan_hash": "white-blue"}]
)
async def test_a_client_that_cannot_ask_needs_target_and_hash(
    connect: Connect, arguments: dict[str, Any], era: str, given: dict[str, str]
) -> None:
    async with connect("dev", mode=era) as client:
        refused = await client.call_tool(TOOL, {**arguments, **given})
        error = refused.structured_content["error"]
        assert error["code"] == "confirmation_needed"
        assert await started() == 0
        told = {"confirm": error["facts"]["target"], "plan_hash": error["facts"]["plan_hash"]}
        result = await client.call_tool(TOOL, {**arguments, **told})
    assert not result.is_error
    assert await started() == 1


async def test_who_may_not_do_it_is_not_even_asked(connect: Connect, arguments: dict[str, Any]) -> None:
    async with connect("vera", **says("accept", confirmed=True)) as client:
        result = await client.call_tool(TOOL, arguments)
    assert result.structured_content["error"]["code"] == "forbidden"


async def test_a_plan_starts_nothing(connect: Connect, arguments: dict[str, Any]) -> None:
    async with connect("dev") as client:
        result = await client.call_tool("mctl_paint_service", {**arguments, "dry_run": "true"})
    assert result.structured_content["plan"]["hash"] == "white-blue"
    assert result.structured_content["next"][0]["arguments"]["plan_hash"] == "white-blue"
    assert await started() == 0


YES = {"confirm": ElicitResult(action="accept", content={"confirmed": True})}


async def test_the_answer_to_somebody_else_s_question_starts_nothing(
    connect: Connect, arguments: dict[str, Any]
) -> None:
    """The state of a question is sealed for the person, the tool and the arguments it was asked about."""
    agrees = says("accept", confirmed=True)
    async with connect("dev", **agrees) as client:
        asked = await client.session.call_tool(TOOL, arguments, allow_input_required=True)
        answer = {"input_responses": YES, "request_state": asked.request_state, "allow_input_required": True}
        with pytest.raises(MCPError):
            await client.session.call_tool(TOOL, {**arguments, "colour": "green"}, **answer)
        async with connect("olga", **agrees) as thief:
            with pytest.raises(MCPError):
                await thief.session.call_tool(TOOL, arguments, **answer)
        assert await started() == 0
        assert not (await client.session.call_tool(TOOL, arguments, **answer)).is_error
