"""What a remedy opens: the page of an operation, or the place where a tool's answer stands."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django import template

from core.discovery import app_modules
from core.tool import ToolPage, tools_of
from operations.forms import filled_address, page_of

register = template.Library()


@register.inclusion_tag("components/remedy.html")
def remedy(one: Mapping[str, Any], tenant: str, name: str, may_change: bool, primary: bool = False) -> dict[str, Any]:
    """A button that opens a form filled in, a link to a place to look, or words, with who may do it."""
    changes = bool(one.get("operation"))
    address = address_of(one, tenant, name)
    team = (one.get("params") or {}).get("team_name") or tenant
    return {
        "label": one["label"],
        "address": "" if changes and not may_change else address,
        "primary": primary,
        "changes": changes,
        "who": f"developers of {team} may do this" if address and changes and not may_change else "",
    }


def address_of(one: Mapping[str, Any], tenant: str, name: str) -> str:
    """The page with the parameters filled in; empty where there is none for it."""
    params = dict(one.get("params") or {})
    page = page_of(str(one.get("operation")), params)
    address = page.address(params, tenant=tenant, name=name) if page else ""
    return address or address_of_tool(str(one.get("tool")), params, tenant, name) or str(one.get("url") or "")


def address_of_tool(tool: str, params: Mapping[str, Any], tenant: str, name: str) -> str:
    page = tool_pages().get(tool)
    if page is None:
        return ""
    known = {"tenant": tenant, "name": name}
    asked = dict(params)
    place = {part: asked.pop(argument, "") or known.get(part, "") for part, argument in page.place.items()}
    return filled_address(page.route, place, asked)


@cache
def tool_pages() -> Mapping[str, ToolPage]:
    """The pages of the tools of every app, by the tool's name."""
    tools = [one for module in app_modules("tools") for one in tools_of(module)]
    return {one.name: one.page for one in tools if one.page}
