"""What a remedy opens: the page of an operation, or the place where a tool's answer stands."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import NoReverseMatch, reverse

from core.parse import as_text
from operations.forms import page_of

register = template.Library()

TOOL_PAGES = {
    "mctl_get_service_logs": "services:service_logs",
    "mctl_get_resource_usage": "tenants:tenant_detail",
    "mctl_get_tenant": "tenants:tenant_detail",
}
TENANT_PAGES = {"tenants:tenant_detail"}


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


def address_of_tool(tool: str, params: dict[str, Any], tenant: str, name: str) -> str:
    given = [params.pop(key, "") for key in ("team_name", "team", "component_name", "service")]
    tenant, name = given[0] or given[1] or tenant, given[2] or given[3] or name
    tenant = params.pop("name", "") if tool == "mctl_get_tenant" else tenant
    page = TOOL_PAGES.get(tool, "")
    try:
        path = reverse(page, args=[tenant] if page in TENANT_PAGES else [tenant, name]) if page else ""
    except NoReverseMatch:
        return ""
    query = urlencode({key: as_text(value) for key, value in params.items() if value not in (None, "")})
    return f"{path}?{query}" if path and query else path
