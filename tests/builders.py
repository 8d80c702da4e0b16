"""Small builders: plain, valid, recognisable values; a test names what matters to it and nothing else arrives."""

from datetime import UTC, datetime, timedelta
from typing import Any

from core.clock import now
from operations.models import Operation
from services.models import URGENCY_QUIET, Service
from tenants.models import Member, Source, Tenant

COMMITTED_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def tenant(name: str = "payments", members: dict[str, str] | None = None, **fields: Any) -> Tenant:
    row = Tenant.objects.create(name=name, **{"display_name": name.title(), "cluster_observed_at": now(), **fields})
    for login, role in (members or {}).items():
        Member.objects.create(tenant=row, login=login, role=role, resolved_at=now())
    return row


def the_cast() -> None:
    """payments with its three members, and labs, which belongs to the outsider."""
    tenant("payments", {"olga": "owner", "dev": "developer", "vera": "viewer"})
    tenant("labs", {"oscar": "owner"})


def service(name: str = "payments-api", tenant: str = "payments", **fields: Any) -> Service:
    values = {
        "tag": "3.4.0",
        "image": f"ghcr.io/acme/{name}",
        "port": 8080,
        "replicas_wanted": 2,
        "replicas_ready": 2,
        "health": "Healthy",
        "sync": "Synced",
        "pods": [["ok", 2]],
        "restarts": 0,
        "urgency": URGENCY_QUIET,
        "changed_at": COMMITTED_AT,
        "changed_by": "olga",
        "change_kind": "deploy",
        "values_path": f"platform-gitops/services/{tenant}/{name}/values.yaml",
        "git_observed_at": now(),
        "cluster_observed_at": now(),
    }
    return Service.objects.create(tenant=tenant, name=name, **{**values, **fields})


def source(name: str = "gitops", **fields: Any) -> Source:
    return Source.objects.create(name=name, label=fields.pop("label", name), last_contact_at=now(), **fields)


def operation(public_id: str = "deploy-service-x7k2p", service: str = "payments-api", **fields: Any) -> Operation:
    tenant = fields.pop("tenant", "payments")
    values = {
        "name": "deploy-service",
        "target": f"{tenant}/{service}",
        "summary": f"{service} → 3.4.1",
        "actor": "dev",
        "door": "web",
        "state": "running",
        "requested_at": now() - timedelta(seconds=40),
        "started_at": now() - timedelta(seconds=39),
        "deadline_at": now() + timedelta(minutes=10),
    }
    return Operation.objects.create(public_id=public_id, tenant=tenant, service=service, **{**values, **fields})
