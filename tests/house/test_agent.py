"""An AI client in a running house, with the protocol's own client: from who am I to a failed deploy, why, and back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

SERVICE = {"team": "payments", "service": "checkout-web"}
DEPLOY = {"action": "deploy", "team_name": "payments", "component_name": "checkout-web"}
MOST_WAITS = 6


@asynccontextmanager
async def connected(house: str, token: str) -> AsyncIterator[Client]:
    bearer = {"authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=bearer, timeout=60) as http,
        Client(streamable_http_client(f"{house}/mcp", http_client=http)) as client,
    ):
        yield client


async def asked(agent: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await agent.call_tool(tool, arguments)
    assert not result.is_error, result.content[0].text
    return dict(result.structured_content or {})


async def deployed(agent: Client, tag: str) -> dict[str, Any]:
    """Planned, started with exactly that plan, and followed to its end as each answer's hint says."""
    plan = await asked(agent, "mctl_deploy_service", **DEPLOY, image_tag=tag, dry_run=True)
    hint = plan["next"][0]
    run = await asked(agent, hint["tool"], **hint["arguments"])
    for _ in range(MOST_WAITS):
        hint = run["next"][0]
        run = await asked(agent, hint["tool"], **hint["arguments"])
        if run["done"]:
            return run
    raise AssertionError(f"After {MOST_WAITS} waits it still goes on: {run}")


async def test_who_am_i_what_is_there_deploy_wait_read_the_logs_and_learn_why(house: str, token: str) -> None:
    async with connected(house, token) as agent:
        await the_whole_way(agent)


async def the_whole_way(agent: Client) -> None:
    me = await asked(agent, "mctl_whoami")
    assert (me["id"], sorted(me["namespaces"])) == ("dev", ["payments", "storefront"])
    listed = await asked(agent, "mctl_list_services", team="payments", q="checkout")
    assert [row["name"] for row in listed["items"]] == ["checkout-web"]

    failed = await deployed(agent, "5.2.0-rc1")
    assert (failed["state"], failed["next"][0]["tool"]) == ("failed", "mctl_diagnose")

    logs = await asked(agent, "mctl_get_service_logs", **SERVICE, lines=50, contains="CHECKOUT_SESSION_SECRET")
    assert logs["lines"]
    assert logs["untrusted"] is True
    found = await asked(agent, "mctl_diagnose", **SERVICE)
    assert (found["healthy"], found["live"]) == (False, True)
    assert "CHECKOUT_SESSION_SECRET" in str(found["findings"][0])

    mended = await deployed(agent, "5.1.1")
    assert mended["succeeded"], mended["sentence"]
    after = await asked(agent, "mctl_diagnose", **SERVICE)
    assert (after["healthy"], after["findings"]) == (True, [])
