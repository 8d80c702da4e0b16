"""Tools for agents: what of a tenant's quota is used."""

from pydantic import Field

from core.actor import Actor
from core.tool import Answer, ToolArguments, ToolPage, tool
from tenants.queries import access_tenant, quota_note


class Team(ToolArguments):
    team: str = Field(max_length=63, description="tenant")


@tool(
    "mctl_get_resource_usage", "Quota and usage", Team,
    {"tenant": "string", "allocated": "object", "hard": "object", "used": "object", "observed_at": "string?",
     "note": "string"},
    page=ToolPage("tenants:tenant_detail", {"tenant": "team"}),
)  # fmt: skip
def resource_usage(actor: Actor, asked: Team) -> Answer:
    """A tenant's quota: granted in git, enforced by the cluster, used."""
    row = access_tenant(actor, asked.team)
    seen = row.cluster_observed_at
    value = {
        "tenant": row.name, "allocated": row.quotas, "hard": row.quota_hard, "used": row.quota_used,
        "observed_at": seen.isoformat() if seen else None,
        "note": quota_note(row),
    }  # fmt: skip
    return Answer(value, f"Quota of {row.name}." if seen else value["note"])
