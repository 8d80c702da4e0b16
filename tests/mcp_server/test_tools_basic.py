"""What an agent does first, in both eras of the protocol."""

from typing import Any

import pytest

from tenants.models import HostClaim
from tests.mcp_server.clients import Connect

ERAS = pytest.mark.parametrize("era", ["auto", "legacy"])


async def called(client: Any, name: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(name, arguments)
    assert not result.is_error, result.content[0].text
    return dict(result.structured_content)


@ERAS
async def test_whoami_then_list_then_status(connect: Connect, era: str) -> None:
    async with connect("dev", mode=era) as client:
        me = await called(client, "mctl_whoami")
        assert (me["id"], me["namespaces"], me["isAdmin"]) == ("dev", ["payments"], False)
        services = await called(client, "mctl_list_services")
        assert [row["name"] for row in services["items"]] == ["ledger-api", "payments-api"]
        assert services["next"][0]["tool"] == "mctl_diagnose"
        status = await called(client, "mctl_get_service_status", team="payments", service="ledger-api")
        assert status["service"]["health"] == "Degraded"
        assert "Out of memory" in status["service"]["cause"]


async def test_hidden_and_absent_answer_alike(connect: Connect) -> None:
    async with connect("oscar") as client:
        hidden = await client.call_tool("mctl_get_service_status", {"team": "payments", "service": "payments-api"})
        absent = await client.call_tool("mctl_get_service_status", {"team": "paxments", "service": "payments-api"})
    assert hidden.is_error
    assert absent.is_error
    assert hidden.content[0].text.replace("payments-", "").replace("payments", "X") == absent.content[0].text.replace(
        "payments-", ""
    ).replace("paxments", "X")


async def test_a_service_tells_its_hosts_and_whether_another_has_one_too(connect: Connect) -> None:
    async with connect("dev") as client:
        for tenant, service in (("payments", "payments-api"), ("labs", "playground")):
            await HostClaim.objects.acreate(
                host="a.apps.example.dev", path="/", tenant=tenant, service=service, source="ingress"
            )
        told = (await called(client, "mctl_get_service_status", team="payments", service="payments-api"))["service"]
    assert told["hosts"] == ["a.apps.example.dev"]
    assert told["host_conflict"].startswith("a.apps.example.dev belongs to another service too.")


async def test_an_unknown_tool_names_the_nearest(connect: Connect) -> None:
    async with connect("vera") as client:
        result = await client.call_tool("mctl_list_service", {})
    error = result.structured_content["error"]
    assert error["code"] == "unknown_tool"
    assert "mctl_list_services" in error["facts"]["nearest"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"team": "payments"}, "service"),
        ({"team": "payments", "service": "payments-api", "lnes": 5}, "lnes"),
        ({"team": ["payments"], "service": "payments-api"}, "team"),
        ({"team": "payments", "service": 7}, "service"),
        ({"team": "payments", "service": "payments-api", "lines": "many"}, "lines"),
    ],
)
async def test_wrong_arguments_are_refused_by_name(connect: Connect, arguments: dict[str, Any], field: str) -> None:
    async with connect("vera") as client:
        result = await client.call_tool("mctl_get_service_logs", arguments)
    error = result.structured_content["error"]
    assert (error["code"], [entry["field"] for entry in error["facts"]["fields"]]) == ("invalid", [field])
