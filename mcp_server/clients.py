"""What each client must be told, word for word. The shapes are the clients' own; the address is this installation's."""

import json
from dataclasses import dataclass

from django.conf import settings

from accounts.queries.resources import door_address, metadata_address
from core.actor import Door

PLACEHOLDER = "YOUR_TOKEN"


@dataclass(frozen=True, slots=True)
class ClientHelp:
    """`code` is what to copy, `where` the place it belongs to; `needs_token` is false where OAuth does it alone."""

    key: str
    label: str
    where: str
    code: str
    note: str
    needs_token: bool


def client_helps(token: str = PLACEHOLDER) -> list[ClientHelp]:
    """In the order of the page. `token` is put where the client wants one."""
    url = door_address(Door.MCP)
    bearer = f"Bearer {token}"
    servers = {"mcpServers": {"mctl": {"type": "streamable-http", "url": url, "headers": {"Authorization": bearer}}}}
    return [
        ClientHelp(
            "claude-code", "Claude Code", ".mcp.json in your project", _json(servers),
            "Claude Code can also sign in by itself: leave out headers, then run /mcp.", True,
        ),
        ClientHelp(
            "cursor", "Cursor", "~/.cursor/mcp.json", _json(servers),
            "Leave out headers to sign in with the browser instead.", True,
        ),
        ClientHelp(
            "vscode", "VS Code", ".vscode/mcp.json", _json(_vscode(url)),
            "VS Code asks for the token once and keeps it. Without inputs and headers the browser signs you in.", True,
        ),
        ClientHelp(
            "claude-ai", "Claude.ai", "Settings, Connectors, Add custom connector", url,
            "Paste the address, leave client id and secret empty, press Connect. You sign in here and say yes once. "
            "Start a new conversation afterwards: old ones keep their list of tools.", False,
        ),
        ClientHelp(
            "gemini", "Gemini CLI", "~/.gemini/settings.json",
            _json({"mcpServers": {"mctl": {"httpUrl": url, "headers": {"Authorization": bearer}}}}), "", True,
        ),
        ClientHelp(
            "curl", "curl", "a shell", _curl(token),
            f"Answers who the server takes you for. A program that signs people in by OAuth asks for a token with "
            f"resource={door_address(Door.REST)}; {metadata_address(Door.REST)} tells it where. It works for REST "
            "alone, and a token for /mcp only there.", True,
        ),
        ClientHelp(
            "actions", "GitHub Actions", "a step of a workflow", _actions(),
            "Keep the token as the secret MCTL_TOKEN of the repository.", True,
        ),
    ]  # fmt: skip


def _json(value: object) -> str:
    return json.dumps(value, indent=2)


def _vscode(url: str) -> dict[str, object]:
    header = {"Authorization": "Bearer ${input:mctl-token}"}
    return {
        "inputs": [{"type": "promptString", "id": "mctl-token", "description": "MCTL token", "password": True}],
        "servers": {"mctl": {"type": "http", "url": url, "headers": header}},
    }


def _curl(token: str) -> str:
    return f'curl --fail-with-body -H "Authorization: Bearer {token}" {settings.PUBLIC_URL}/api/v1/whoami'


def _actions() -> str:
    return (
        "- name: Who does MCTL take us for\n"
        "  env:\n"
        "    MCTL_TOKEN: ${{ secrets.MCTL_TOKEN }}\n"
        f'  run: curl --fail-with-body -H "Authorization: Bearer $MCTL_TOKEN" {settings.PUBLIC_URL}/api/v1/whoami'
    )
