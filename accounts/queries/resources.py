"""The doors that take bearer tokens, as the resources that OAuth clients ask for (RFC 8707)."""

from collections.abc import Mapping

from django.conf import settings

from core.actor import Door

PATHS = {Door.MCP: "/mcp", Door.REST: "/api/v1"}


def door_address(door: Door) -> str:
    return f"{settings.PUBLIC_URL}{PATHS[door]}"


def resources() -> Mapping[str, Door]:
    """Each address that a token can be for, and the door there."""
    return {door_address(door): door for door in PATHS}


def metadata_address(door: Door) -> str:
    """Where the door's metadata stands (RFC 9728); a refusal names it."""
    return f"{settings.PUBLIC_URL}/.well-known/oauth-protected-resource{PATHS[door]}"
