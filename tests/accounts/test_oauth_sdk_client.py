"""The MCP SDK's own OAuth client against us, from discovery to step-up, as docs/sign-in.md shows it."""

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from asgiref.sync import sync_to_async
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from mctl.asgi import application
from tests.accounts.oauth_client import REDIRECT, OAuthClient
from tests.mcp_server.clients import URL
from tests.processes import ROOT

pytestmark = pytest.mark.usefixtures("small_world")


class Run:
    """The client's storage, its browser with Olga in front of it, and what happened, line by line."""

    def __init__(self) -> None:
        self.person = OAuthClient(person="olga")
        self.said: list[str] = []
        self.answer: dict[str, str] = {}
        self.tokens: OAuthToken | None = None
        self.info: OAuthClientInformationFull | None = None
        metadata = OAuthClientMetadata(
            client_name="SDK client", redirect_uris=[REDIRECT], token_endpoint_auth_method="none"
        )
        self.provider = OAuthClientProvider(URL, metadata, self, self.opened, self.called_back)

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens
        self.said.append(f"     token for {tokens.scope}, {tokens.expires_in} s, with a refresh token")
        assert tokens.refresh_token

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.info

    async def set_client_info(self, info: OAuthClientInformationFull) -> None:
        self.info = info

    async def opened(self, address: str) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        method, resource = asked["code_challenge_method"], asked["resource"]
        self.said.append(f"GET  /oauth/authorize for {asked['scope']}, {method}, {urlsplit(resource).path}: consent")
        self.answer = await sync_to_async(self.consents)(address)

    def consents(self, address: str) -> dict[str, str]:
        page = self.person.authorize(**{name: values[0] for name, values in parse_qs(urlsplit(address).query).items()})
        assert "SDK client" in page.content.decode()
        return self.person.consent(page)

    async def called_back(self) -> AuthorizationCodeResult:
        return AuthorizationCodeResult(**self.answer)

    async def heard(self, response: Any) -> None:
        method, path = response.request.method, response.request.url.path
        refused = response.headers.get("www-authenticate", "").partition(", resource_metadata")[0]
        line = f"{method:4} {path} {response.status_code} {refused}".rstrip()
        if self.said[-1:] != [line]:
            self.said.append(line)

    def http(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(application),
            auth=self.provider,
            event_hooks={"response": [self.heard]},
            timeout=60,
        )


async def test_the_sdk_s_own_client_connects_refreshes_and_steps_up() -> None:
    run = Run()
    async with run.http() as http, Client(streamable_http_client(URL, http_client=http)) as client:
        who = await client.call_tool("mctl_whoami", {})
        assert (who.structured_content["id"], who.structured_content["scopes"]) == ("olga", ["read"])

        run.said.append("-- an hour later")
        run.provider.context.token_expiry_time = time.time() - 1
        assert not (await client.call_tool("mctl_whoami", {})).is_error

        run.said.append("-- a tool that changes something")
        cancelled = await client.call_tool("mctl_cancel_operation", {"workflow_name": "deploy-service-zzzzz"})
        assert cancelled.structured_content["error"]["code"] == "not_found"
        assert (await client.call_tool("mctl_whoami", {})).structured_content["scopes"] == ["read", "write"]

    assert "\n".join(run.said) in (ROOT / "docs/sign-in.md").read_text()
