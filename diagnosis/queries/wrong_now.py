"""What is wrong now in a tenant, or in all that a person sees: the mirror's short findings; no cluster is asked."""

from collections.abc import Iterable, Mapping
from typing import Any

from core import clock
from core.actor import Actor
from core.text import counted
from diagnosis.choices import Severity
from services.models import URGENCY_QUIET, Service
from services.queries import lists_note, visible_services
from tenants.queries import access_tenant

MOST_SERVICES = 500
MOST_FINDINGS = 100
COLUMNS = ("tenant", "name", "diagnosis", "replicas_ready", "replicas_wanted", "cause", "urgency")


def wrong_now(actor: Actor, tenant: str = "") -> dict[str, Any]:
    """The shape of a diagnosis. One finding for each cause of a tenant, with `services` it hits and `impact` in words;
    what takes most services down stands first. Raises NotFound for a tenant that is absent or hidden."""
    if tenant:
        access_tenant(actor, tenant)
    visible = visible_services(actor, tenant or None)
    troubled = list(
        visible.filter(urgency__lt=URGENCY_QUIET).order_by("urgency", "tenant", "name").only(*COLUMNS)[:MOST_SERVICES]
    )
    findings = sorted(_grouped(troubled), key=_rank)[:MOST_FINDINGS]
    return {
        "target": {"kind": "Tenant", "namespace": "", "name": tenant},
        "healthy": not findings,
        "sentence": _sentence(findings, visible.count()),
        "findings": findings,
        "checked": [],
        "sources": [],
        "observed_at": clock.now().isoformat(),
        "note": lists_note(),
    }


def _grouped(services: Iterable[Service]) -> list[dict[str, Any]]:
    """Findings that say the same of several services of a tenant (a quota, a node, a cluster) are one."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for service in services:
        for finding in service.diagnosis.get("findings", []):
            if finding["severity"] != Severity.NOTICE:
                key = service.tenant, finding["cause"], finding["title"]
                found.setdefault(key, {**finding, "services": []})["services"].append(_hit(service))
    return [{**finding, "impact": _impact(finding["services"])} for finding in found.values()]


def _hit(service: Service) -> dict[str, Any]:
    down = bool(service.replicas_wanted) and service.replicas_ready == 0
    return {"tenant": service.tenant, "service": service.name, "ready": service.replicas_ready,
            "wanted": service.replicas_wanted, "down": down}  # fmt: skip


def _down(finding: Mapping[str, Any]) -> int:
    return sum(one["down"] for one in finding["services"])


def _rank(finding: Mapping[str, Any]) -> tuple[int, int, int, str, str]:
    first = finding["services"][0]
    severity = Severity(finding["severity"]).rank
    return -_down(finding), severity, -len(finding["services"]), first["tenant"], first["service"]


def _impact(services: list[dict[str, Any]]) -> str:
    """ "2 services, 1 of them down", "down", "serves with 2 of 3 pods", "how many of 3 pods answer is not known"."""
    down = sum(one["down"] for one in services)
    if len(services) > 1:
        return f"{len(services)} services" + (f", {down} of them down" if down else "")
    one = services[0]
    if one["ready"] is None:
        known = "pods" if one["wanted"] is None else f"of {counted(one['wanted'], 'pod')}"
        return f"how many {known} answer is not known"
    if down:
        return "down"
    if one["wanted"] is None:
        return f"{counted(one['ready'], 'pod')} answer{'s' if one['ready'] == 1 else ''}"
    return f"serves with {one['ready']} of {counted(one['wanted'], 'pod')}"


def _sentence(findings: list[dict[str, Any]], services: int) -> str:
    if not findings:
        return f"Nothing is wrong: {counted(services, 'service')}, none with a cause to tell."
    hit = {(one["tenant"], one["service"]): one["down"] for finding in findings for one in finding["services"]}
    down = sum(hit.values())
    said = f"{counted(len(findings), 'cause')} in {len(hit)} of {counted(services, 'service')}"
    if down:
        return f"{said}; {counted(down, 'service')} {'is' if down == 1 else 'are'} down."
    unread = any(None in (one["ready"], one["wanted"]) for finding in findings for one in finding["services"])
    return f"{said}; whether all serve is not known." if unread else f"{said}; all serve."
