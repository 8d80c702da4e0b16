"""Which tools a client is shown and may call: its choice, its token, the server's mode; and what the list costs."""

import json
from typing import Any

import httpx2
import pytest
from asgiref.sync import sync_to_async
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from mcp_server.catalogue import catalogue, describe_tool
from mcp_server.toolsets import Toolset, toolset_of
from operations.models import Operation
from tests import builders
from tests.mcp_server.clients import URL, Connect, http_client, secret_of

DEPLOY = {
    "action": "deploy", "team_name": "payments", "component_name": "payments-api", "image_tag": "3.4.1",
}  # fmt: skip
RUN = {"workflow_name": "deploy-service-x7k2p"}
READING = {name for name, one in catalogue().items() if toolset_of(one) is Toolset.READ}
DEPLOYING = {name for name, one in catalogue().items() if toolset_of(one) is not Toolset.ADMIN}


async def seen(url: str, token: str, **headers: str) -> tuple[set[str], Any]:
    """The names in the list, and what came of a deploy."""
    async with http_client(token) as http:
        http.headers.update(headers)
        async with Client(streamable_http_client(url, http_client=http)) as client:
            names = {one.name for one in (await client.list_tools()).tools}
            return names, (await client.call_tool("mctl_deploy_service", DEPLOY)).structured_content


@pytest.mark.parametrize(
    ("query", "headers"),
    [("?toolset=read", {}), ("", {"mctl-toolset": "read"}), ("?toolset=read", {"mctl-toolset": "admin"})],
)
async def test_who_asks_for_reading_only_cannot_start_anything_whatever_the_token(
    small_world: None, own_queue: None, query: str, headers: dict[str, str]
) -> None:
    names, result = await seen(URL + query, await sync_to_async(secret_of)("olga", "read", "write", "admin"), **headers)
    assert names == READING
    assert result["error"]["code"] == "outside_toolset"
    assert result["error"]["facts"]["toolset"] == "deploy"
    assert not await sync_to_async(Operation.objects.count)()


async def test_without_a_choice_the_scopes_decide_and_admins_tools_are_not_shown(
    small_world: None, own_queue: None
) -> None:
    names, result = await seen(URL, await sync_to_async(secret_of)("olga", "read", "write", "admin"))
    assert names == DEPLOYING
    assert result["operation_id"].startswith("deploy-service-")


async def test_the_whole_list_is_there_for_the_asking_as_far_as_the_token_goes(
    small_world: None, own_queue: None
) -> None:
    names, _ = await seen(f"{URL}?toolset=admin", await sync_to_async(secret_of)("ada", "read", "write", "admin"))
    assert names == set(catalogue())


@pytest.mark.parametrize("query", ["?toolset=reed", "?toolset=", "?toolset=read&toolset=admin"])
async def test_a_misspelt_choice_ends_in_no_tools_not_in_more(small_world: None, query: str) -> None:
    async with http_client(await sync_to_async(secret_of)("olga", "read", "write")) as http:
        answer = await http.post(URL + query, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_toolset")
    assert "read, deploy, admin" in answer.json()["remedy"]


async def test_a_read_only_installation_shows_no_tool_that_writes_and_refuses_each(
    connect: Connect, own_queue: None, settings: Any
) -> None:
    settings.READ_ONLY = True
    await sync_to_async(builders.operation)()
    async with connect("olga", "read", "write", "admin") as client:
        assert {one.name for one in (await client.list_tools()).tools} == READING
        for tool, arguments in (("mctl_deploy_service", DEPLOY), ("mctl_cancel_operation", RUN)):
            result = await client.call_tool(tool, arguments)
            assert (tool, result.structured_content["error"]["code"]) == (tool, "read_only")
        reading = await client.call_tool("mctl_get_service_status", {"team": "payments", "service": "payments-api"})
    assert not reading.is_error
    assert await sync_to_async(Operation.objects.filter(cancel_requested_at=None).count)() == 1


async def test_the_list_that_nobody_chose_costs_at_most_four_thousand_tokens(server: str) -> None:
    """Counted by the usual rule of four characters a token, over the very bytes that the client reads."""
    bearer = {"authorization": f"Bearer {await sync_to_async(secret_of)('olga', 'read', 'write', 'admin')}"}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    async with httpx2.AsyncClient(headers={**bearer, "accept": "application/json, text/event-stream"}) as http:
        answer = await http.post(server, json=asked)
    data = answer.text.partition("data: ")[2] or answer.text
    tools = [one for one in json.loads(data)["result"]["tools"] if "paint" not in one["name"]]
    assert tools
    assert len(json.dumps(tools, separators=(",", ":"))) / 4 <= 4000


def test_each_tool_says_in_one_breath_what_it_is_for() -> None:
    assert [one.name for one in catalogue().values() if not one.description or len(one.description) > 400] == []
    assert [one for one in map(describe_tool, catalogue().values()) if not one.title] == []
