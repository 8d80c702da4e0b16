"""Every tool, asked as each person of the cast; and the ways around the gate that were found by trying."""

import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from mcp_server.catalogue import catalogue
from operations.models import Operation
from tests import builders
from tests.mcp_server.clients import Connect, http_client, secret_of

SERVICE = {"team": "payments", "service": "payments-api"}
RUN = {"workflow_name": "deploy-service-x7k2p"}
DEPLOY = {
    "action": "deploy", "team_name": "payments", "component_name": "payments-api", "image_tag": "3.4.1",
}  # fmt: skip
# Members may read what is theirs; to an outsider it does not exist.
MEMBERS = {"oscar": "not_found", "vera": "yes", "dev": "yes", "olga": "yes", "ada": "yes"}
EVERYBODY = dict.fromkeys(MEMBERS, "yes")
CHANGERS = {**MEMBERS, "vera": "forbidden"}
BUSY = {**CHANGERS, "dev": "busy", "olga": "busy", "ada": "busy"}
ABOUT = {"team_name": "payments", "component_name": "payments-api"}
TABLE: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "mctl_whoami": ({}, EVERYBODY),
    "mctl_list_tenants": ({}, EVERYBODY),
    "mctl_get_tenant": ({"name": "payments"}, MEMBERS),
    "mctl_list_services": ({}, EVERYBODY),
    "mctl_get_service_status": (SERVICE, MEMBERS),
    "mctl_get_service_config": (SERVICE, MEMBERS),
    "mctl_get_service_logs": (SERVICE, MEMBERS),
    "mctl_get_resource_usage": ({"team": "payments"}, MEMBERS),
    "mctl_diagnose": (SERVICE, MEMBERS),
    "mctl_list_operations": ({}, EVERYBODY),
    "mctl_get_operation": ({"name": "deploy-service"}, EVERYBODY),
    "mctl_list_recent_operations": ({}, EVERYBODY),
    "mctl_list_workflows": ({}, EVERYBODY),
    "mctl_get_workflow_status": (RUN, MEMBERS),
    "mctl_get_workflow_logs": (RUN, MEMBERS),
    "mctl_cancel_operation": (RUN, CHANGERS),
    "mctl_deploy_service": (DEPLOY, BUSY),
    "mctl_scale_service": ({**ABOUT, "replicas": 3}, BUSY),
    "mctl_rollback_service": ({**ABOUT, "confirm": "payments/payments-api", "plan_hash": "0" * 16}, BUSY),
}


def test_every_tool_has_a_row() -> None:
    assert {name for name in catalogue() if "paint" not in name} == set(TABLE), "TABLE above has a row for each tool"


@pytest.mark.parametrize("person", list(MEMBERS))
async def test_a_tool_answers_whom_its_row_says(connect: Connect, own_queue: None, person: str) -> None:
    await sync_to_async(builders.operation)()
    async with connect(person) as client:
        for name, (arguments, people) in sorted(TABLE.items(), key=lambda row: row[0] == "mctl_cancel_operation"):
            result = await client.call_tool(name, arguments)
            seen = result.structured_content["error"]["code"] if result.is_error else "yes"
            assert (name, seen) == (name, people[person])


async def test_lists_hold_nothing_of_others(connect: Connect) -> None:
    await sync_to_async(builders.operation)()
    async with connect("oscar") as client:
        for name in ("mctl_list_tenants", "mctl_list_services", "mctl_list_workflows", "mctl_list_recent_operations"):
            assert "payments" not in (await client.call_tool(name, {})).content[0].text


async def test_a_reading_token_sees_no_tool_that_writes(connect: Connect) -> None:
    async with connect("olga", "read") as client:
        tools = (await client.list_tools()).tools
    assert tools
    assert all(one.annotations and one.annotations.read_only_hint for one in tools)


CALL = {"name": "mctl_deploy_service", "arguments": DEPLOY}
LEGACY = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": CALL}
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
MODERN = {**LEGACY, "params": {**CALL, "_meta": META}}
VERSION = {"mcp-protocol-version": "2026-07-28"}
BYPASSES: dict[str, tuple[dict[str, str], str]] = {
    "plain": ({}, json.dumps(LEGACY)),
    "made-up method header": ({"mcp-method": "ping"}, json.dumps(LEGACY)),
    "made-up name header": ({"mcp-method": "tools/call", "mcp-name": "mctl_whoami"}, json.dumps(LEGACY)),
    "escaped slash": ({}, json.dumps(LEGACY).replace("tools/call", "tools\\/call")),
    "escaped name": ({}, json.dumps(LEGACY).replace("mctl_deploy", "mctl\\u005fdeploy")),
    "batch": ({}, json.dumps([LEGACY])),
    "name given twice": ({}, json.dumps(LEGACY).replace('"name":', '"name": "mctl_whoami", "name":')),
    "method given twice": ({}, json.dumps(LEGACY).replace('"method":', '"method": "ping", "method":')),
    "modern": ({**VERSION, "mcp-method": "tools/call", "mcp-name": "mctl_deploy_service"}, json.dumps(MODERN)),
    "modern, wrong name": ({**VERSION, "mcp-method": "tools/call", "mcp-name": "mctl_whoami"}, json.dumps(MODERN)),
    "modern, wrong method": ({**VERSION, "mcp-method": "tools/list"}, json.dumps(MODERN)),
    "modern, no names": (VERSION, json.dumps(MODERN)),
    "two versions": ({"mcp-protocol-version": "2025-11-25, 2026-07-28"}, json.dumps(LEGACY)),
}


@pytest.mark.parametrize("case", list(BYPASSES))
async def test_a_reading_token_starts_nothing_whatever_it_sends(small_world: None, own_queue: None, case: str) -> None:
    headers, body = BYPASSES[case]
    sent = {"content-type": "application/json", "accept": "application/json, text/event-stream", **headers}
    async with http_client(await sync_to_async(secret_of)("olga", "read")) as http:
        answer = await http.post("http://127.0.0.1:8000/mcp", headers=sent, content=body)
    assert answer.status_code == 403
    assert 'error="insufficient_scope", scope="read write"' in answer.headers["www-authenticate"]
    assert not await sync_to_async(Operation.objects.count)()


async def test_the_second_lock_holds_where_the_first_is_open(
    connect: Connect,
    own_queue: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mcp_server.endpoint.called_tools", lambda body: [])
    async with connect("olga", "read") as client:
        result = await client.call_tool("mctl_deploy_service", DEPLOY)
    assert result.structured_content["error"]["code"] == "insufficient_scope"
    assert not await sync_to_async(Operation.objects.count)()
