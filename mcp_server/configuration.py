"""Reads a client's MCP configuration and says what is wrong with it. The text is judged and forgotten."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from accounts.choices import TokenKind
from accounts.queries import recognise
from accounts.queries.resources import door_address
from core.actor import Door
from core.patterns import Pattern
from mcp_server.clients import PLACEHOLDER
from mcp_server.toolsets import PARAMETER, Toolset
from mcp_server.verdicts import Verdict, bad, doubtful, good

LONGEST_TEXT = 20_000
DEEPEST = 6
HTTP_TYPES = {"streamable-http", "http", "streamableHttp"}
COMMENT = Pattern(r"(?m)^\s*//.*$")
VARIABLE = Pattern(r"\$\{[^}]+\}|\$[A-Z_]+")
GUIDE = 'Use "type": "streamable-http" and the address from this page.'


def check_configuration(text: str) -> list[Verdict]:
    """One verdict a finding, in the order of the configuration; never quotes a token."""
    if not text.strip():
        return [bad("There is nothing to check.", "Paste the client's JSON.")]
    if len(text) > LONGEST_TEXT:
        return [bad(f"That is longer than {LONGEST_TEXT:,} characters.", "Paste only the part with the MCP servers.")]
    try:
        read = json.loads(COMMENT.sub("", text))
    except json.JSONDecodeError as error:
        return [
            bad(f"This is not JSON: line {error.lineno}, column {error.colno}.", "Look for a comma or a quote there.")
        ]
    except RecursionError:
        return [bad("This is nested too deeply to be a configuration.")]
    entries = list(servers_in(read))
    if not entries:
        return [bad("There is no MCP server in it.", "Copy the configuration from this page whole.")]
    ours = [entry for entry in entries if "mctl" in entry[0].lower() or audience_host(entry[1])] or entries
    return [verdict for name, server in ours for verdict in server_verdicts(name, server)]


def servers_in(value: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Whatever looks like a server, wherever a client keeps it (mcpServers, servers, mcp.servers)."""
    if not isinstance(value, dict) or depth > DEEPEST:
        return
    if any(key in value for key in ("url", "httpUrl", "serverUrl", "command")):
        yield name or "the server", value
        return
    for key, inner in value.items():
        yield from servers_in(inner, key, depth + 1)


def server_verdicts(name: str, server: Mapping[str, Any]) -> Iterator[Verdict]:
    shown = name[:40]
    if server.get("type") == "stdio" or "command" in server:
        yield bad(f"{shown} is started as a program (stdio); MCTL is reached over HTTP.", GUIDE)
        if "url" not in server:
            return
    else:
        yield _type_verdict(shown, server)
    yield _address_verdict(str(server.get("url") or server.get("httpUrl") or server.get("serverUrl") or ""))
    yield _header_verdict(server.get("headers"))


def _type_verdict(name: str, server: Mapping[str, Any]) -> Verdict:
    if "httpUrl" in server:
        return good("httpUrl means streamable HTTP to Gemini CLI.")
    kind = server.get("type", server.get("transport"))
    if kind in HTTP_TYPES:
        return good(f"The type {kind} is right.")
    if kind is None:
        return doubtful(f"{name} has no type; some clients then guess wrong.", 'Add "type": "streamable-http".')
    return bad(f"The type {str(kind)[:30]} is not what MCTL speaks.", GUIDE)


def _address_verdict(url: str) -> Verdict:
    wanted = door_address(Door.MCP)
    if url == wanted or url in {f"{wanted}?{PARAMETER}={one}" for one in Toolset}:
        return good(f"The address {url} is right.")
    try:
        seen, right = urlsplit(url), urlsplit(wanted)
    except ValueError:
        return bad("The address cannot be read.", f"Use exactly {wanted}")
    return bad(_what_differs(seen, right), f"Use exactly {wanted}")


def _what_differs(seen: SplitResult, right: SplitResult) -> str:
    if not seen.netloc:
        return "The address is missing or has no host."
    if seen.netloc != right.netloc:
        return f"The address goes to {seen.netloc.rpartition('@')[2][:100]}, which is not this installation."
    if seen.scheme != right.scheme:
        return f"The address uses {seen.scheme[:10]}, and this installation {right.scheme}."
    if seen.path != right.path:
        return f"The path {seen.path[:60] or '/'} is wrong; it is exactly {right.path}."
    return "The address has something after its path."


def _header_verdict(headers: Any) -> Verdict:
    named = {str(key).lower(): value for key, value in headers.items()} if isinstance(headers, dict) else {}
    value = named.get("authorization")
    if not isinstance(value, str) or not value.strip():
        return doubtful(
            "There is no Authorization header.",
            "That is right for clients that sign in with the browser; all others need Bearer and a token.",
        )
    scheme, _, token = value.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return bad("The Authorization header does not begin with Bearer.", "Write Bearer, a blank and the token.")
    if token.strip() in {PLACEHOLDER, f"<{PLACEHOLDER}>"}:
        return bad("The token is still the placeholder.", "Create a token below and put it there.")
    if VARIABLE.fullmatch(token.strip()):
        return good("The token comes from a variable; make sure that it is set.")
    kind = recognise(token.strip())
    if kind is TokenKind.UNRECOGNISED:
        return bad("The token has the shape of no token.", "Copy it again, whole and without quotes.")
    return good(f"The header is right; the token looks like a {kind.label}.")


def audience_host(server: Mapping[str, Any]) -> bool:
    url = str(server.get("url") or server.get("httpUrl") or server.get("serverUrl") or "")
    return urlsplit(door_address(Door.MCP)).netloc in url
