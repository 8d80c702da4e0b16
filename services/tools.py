"""Tools for agents: tenants, services, their state, configuration and logs."""

from typing import Any, Literal

from django.conf import settings
from django.urls import reverse
from pydantic import Field

from core.actor import Actor
from core.resource_names import application_name
from core.text import counted
from core.tool import Answer, Next, ToolArguments, ToolPage, offset_of, tool
from services import queries
from services.queries.rows import PAGE_SIZE
from tenants.queries import access_tenant, people_of, role_words, tenant_rows

Status = Literal["", "attention", "OutOfSync", "Healthy", "Progressing", "Degraded", "Missing", "Suspended", "Unknown"]
LISTED = {"items": "array", "count": "integer", "next_cursor": "string?", "note": "string"}
MOST_HOSTS = 20


class Nothing(ToolArguments):
    cursor: str = Field("", description="next_cursor of the answer before")


class OneTenant(ToolArguments):
    name: str = Field(max_length=63)
    cursor: str = ""


class Which(ToolArguments):
    team: str = Field("", max_length=63, description="only of this tenant")
    status: Status = Field("", description="attention: all that need a look")
    q: str = Field("", max_length=100, description="part of the name")
    cursor: str = ""


class OneService(ToolArguments):
    team: str = Field(max_length=63, description="tenant")
    service: str = Field(max_length=63)


class Logs(OneService):
    lines: int = Field(100, ge=1, le=1000)
    since: Literal["5m", "15m", "1h", "6h", "all"] = "1h"
    contains: str = Field("", max_length=200, description="only lines with this text")
    container: str = Field("", max_length=63)
    pod: str = Field("", max_length=253, description="else the one most in trouble")
    previous: bool = Field(False, description="of the life before the last restart")


@tool("mctl_list_tenants", "List tenants", Nothing, LISTED)
def list_tenants(actor: Actor, asked: Nothing) -> Answer:
    """The tenants you see, troubled ones first."""
    rows, start = tenant_rows(actor), offset_of(asked.cursor)
    items = [
        {"name": row.name, "display_name": row.display_name, "role": row.role, "services": row.services,
         "troubled": row.troubled, "unknown": row.unknown}
        for row in rows[start:]
    ]  # fmt: skip
    note = queries.lists_note()
    value = {"items": items, "count": len(rows), "next_cursor": None, "note": note}
    says = f"{counted(len(rows), 'tenant')}."
    return Answer(value, says, listed="items", offset=start, total=len(rows), note=note)


@tool(
    "mctl_get_tenant", "One tenant", OneTenant,
    {"tenant": "object", "services": "array", "next_cursor": "string?", "note": "string"},
    page=ToolPage("tenants:tenant_detail", {"tenant": "name"}),
)  # fmt: skip
def get_tenant(actor: Actor, asked: OneTenant) -> Answer:
    """A tenant, its members, quotas and services."""
    start = offset_of(asked.cursor)
    row = access_tenant(actor, asked.name)
    wanted = queries.ServiceFilter(page=start // PAGE_SIZE + 1)
    listed, members = queries.service_list(actor, tenant=asked.name, wanted=wanted), people_of(row, actor)
    about = {
        "name": row.name, "display_name": row.display_name, "github_team": row.github_team,
        "role": role_words(actor, asked.name),
        "quotas": row.quotas, "members": [{"login": one.login, "role": one.role.value} for one in members[:100]],
        "members_count": len(members),
    }  # fmt: skip
    services, note, total = listed_from(listed, start), listed.note, listed.total
    value = {"tenant": about, "services": services, "next_cursor": None, "note": note}
    return Answer(value, listed.sentence, listed="services", offset=start, total=total, note=note)


@tool("mctl_list_services", "List services", Which, LISTED)
def list_services(actor: Actor, asked: Which) -> Answer:
    """Services you see with version, health and cause, those that need a look first."""
    start = offset_of(asked.cursor)
    wanted = queries.ServiceFilter(q=asked.q.strip(), status=asked.status, page=start // PAGE_SIZE + 1)
    found = queries.service_list(actor, tenant=asked.team or None, wanted=wanted)
    items = listed_from(found, start)
    value = {"items": items, "count": found.total, "next_cursor": None, "note": found.note}
    worst = next((row for row in items if row.get("cause")), None)
    about = {"team": worst["team"], "service": worst["name"]} if worst else {}
    hints = [Next("mctl_diagnose", about, "why it is troubled")] if worst else []
    return Answer(
        value, f"{counted(found.total, 'service')}. {found.sentence}".strip(), hints, listed="items", offset=start,
        total=found.total, narrow="Narrow it by team, status or q.", note=found.note,
    )  # fmt: skip


@tool(
    "mctl_get_service_status", "Service status", OneService,
    {"argocd": "object?", "service": "object", "note": "string"},
)  # fmt: skip
def service_status(actor: Actor, asked: OneService) -> Answer:
    """How a service stands, from the mirror. mctl_diagnose says why."""
    row = queries.access_service(actor, tenant=asked.team, name=asked.service)
    head = queries.service_head(actor, row)
    seen, hosts = row.cluster_observed_at, queries.service_hosts(actor, row)
    service = {
        "team": row.tenant, "name": row.name, "image": row.image, "tag": row.tag, "running_tag": row.running_tag,
        "health": head.health, "sync": head.sync, "ready": row.replicas_ready, "wanted": row.replicas_wanted,
        "restarts": row.restarts, "cause": row.cause, "host": row.host,
        "hosts": hosts.names[:MOST_HOSTS], "host_conflict": hosts.conflict,
        "values_problem": row.values_problem,
        "open_operation": head.operation.public_id if head.operation else None,
        "observed_at": seen.isoformat() if seen else None,
        "url": settings.PUBLIC_URL + reverse("services:service_detail", args=[row.tenant, row.name]),
    }  # fmt: skip
    value = {"argocd": argocd(head) if seen else None, "service": service, "note": head.note}
    about = {"team": row.tenant, "service": row.name}
    return Answer(value, head.sentence, [Next("mctl_diagnose", about, "why")], untrusted="words of git and Argo CD")


@tool(
    "mctl_get_service_config", "Service configuration", OneService,
    {"path": "string", "revision": "string", "settings": "object", "environment": "object", "values": "string",
     "note": "string"},
)  # fmt: skip
def service_config(actor: Actor, asked: OneService) -> Answer:
    """A service's values file in git. Secrets are references, never values."""
    row = queries.access_service(actor, tenant=asked.team, name=asked.service)
    found = queries.service_config(row)
    value = {
        "path": found.path, "revision": found.revision, "settings": dict(found.facts),
        "environment": dict(found.environment), "values": found.text, "note": found.error,
    }  # fmt: skip
    says = found.error or f"{found.path} at {found.revision[:7]}."
    return Answer(value, says, untrusted=f"the values file of {row.tenant}/{row.name}")


@tool(
    "mctl_get_service_logs", "Service logs", Logs,
    {"pod": "string", "container": "string", "pods": "array", "containers": "array", "lines": "array",
     "count": "integer", "filtered_out": "integer", "note": "string"},
    page=ToolPage("services:service_logs", {"tenant": "team", "name": "service"}),
)  # fmt: skip
def service_logs(actor: Actor, asked: Logs) -> Answer:
    """The last lines of one container, oldest first, live from the cluster."""
    row = queries.access_service(actor, tenant=asked.team, name=asked.service)
    since = "" if asked.since == "all" or asked.previous else asked.since
    view = queries.service_logs(
        row,
        queries.LogQuery(
            pod=asked.pod, container=asked.container, previous=asked.previous, since=since, lines=asked.lines,
            contains=asked.contains,
        ),
    )  # fmt: skip
    value = {
        "pod": view.pod, "container": view.container, "pods": [pod.name for pod in view.pods][:50],
        "containers": list(view.containers), "lines": list(view.lines), "count": len(view.lines),
        "filtered_out": view.dropped, "note": " ".join(filter(None, [view.error, view.remedy])),
    }  # fmt: skip
    says = view.error or f"{counted(len(view.lines), 'line')} of {view.pod}/{view.container}, oldest first."
    about = {"team": row.tenant, "service": row.name}
    return Answer(
        value, says, [Next("mctl_diagnose", about, "what is wrong, why")], listed="lines", oldest_first=True,
        narrow="Ask for fewer lines, a shorter since, or contains.", untrusted=f"logs of {row.tenant}/{row.name}",
    )  # fmt: skip


def listed_from(found: queries.ServiceList, start: int) -> list[dict[str, Any]]:
    """The rows of a page from an offset on; none where the offset lies behind the end."""
    if start >= found.total:
        return []
    return [
        {"team": row.tenant, "name": row.name, "tag": row.tag, "health": row.health, "sync": row.sync,
         "status": row.status.value, "cause": row.cause, "ready": row.ready, "wanted": row.wanted}
        for row in found.rows[start % PAGE_SIZE :]
    ]  # fmt: skip


def argocd(head: queries.ServiceHead) -> dict[str, Any]:
    row = head.row
    return {
        "name": application_name(row.tenant, row.name), "sync": head.sync, "health": head.health,
        "revision": row.synced_revision, "message": row.app_message,
    }  # fmt: skip
