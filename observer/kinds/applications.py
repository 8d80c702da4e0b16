"""Argo CD's Applications: health, sync and the revision of a service."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.credentials import mask_and_cut
from core.words import Health, Sync
from integrations.kubernetes import Place, kinds
from integrations.kubernetes.instances import ServiceKey, service_of
from observer.kinds.declared import LONGEST_MESSAGE, NOTHING_SAID, Reading, ServiceKind, Shows

TENANT_LABEL = "mctl.me/tenant"
NOT_APPS = "platform"
FAILED = {"Failed", "Error"}


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    """The Application of a service. `revision` is what it was last compared at; `operation` is the phase of its last
    sync; `message` is the first thing that is wrong, empty where nothing is."""

    service: ServiceKey
    health: str
    sync: str
    revision: str
    operation: str
    message: str


def application_row(item: Mapping[str, Any]) -> ApplicationRow | None:
    """None for an Application of a tenant itself, or of the platform."""
    metadata, spec, status = item["metadata"], item.get("spec") or {}, item.get("status") or {}
    labels = metadata.get("labels") or {}
    if TENANT_LABEL in labels or labels.get("env") == NOT_APPS:
        return None
    tenant = labels.get("team") or (spec.get("destination") or {}).get("namespace") or ""
    service = service_of(tenant, metadata["name"])
    if service is None:
        return None
    sync = status.get("sync") or {}
    return ApplicationRow(
        service=service,
        health=sys.intern((status.get("health") or {}).get("status") or "Unknown"),
        sync=sys.intern(sync.get("status") or "Unknown"),
        revision=sys.intern(_revision(spec, sync)),
        operation=sys.intern((status.get("operationState") or {}).get("phase") or ""),
        message=_message(status),
    )


def _revision(spec: Mapping[str, Any], sync: Mapping[str, Any]) -> str:
    """The commit of the source that holds the values; Applications with one source have only that."""
    revisions = sync.get("revisions") or []
    for source, revision in zip(spec.get("sources") or [], revisions, strict=False):
        if source.get("ref"):
            return str(revision)
    return str(revisions[-1] if revisions else sync.get("revision") or "")


def _message(status: Mapping[str, Any]) -> str:
    for condition in status.get("conditions") or []:
        if str(condition.get("type", "")).endswith("Error"):
            return mask_and_cut(str(condition.get("message") or ""), LONGEST_MESSAGE)
    operation = status.get("operationState") or {}
    if operation.get("phase") in FAILED:
        return mask_and_cut(str(operation.get("message") or ""), LONGEST_MESSAGE)
    return mask_and_cut(str((status.get("health") or {}).get("message") or ""), LONGEST_MESSAGE)


def application_columns(rows: Sequence[ApplicationRow]) -> dict[str, Any]:
    if not rows:
        return {"sync": Sync.UNKNOWN.value, "synced_revision": ""}
    return {"sync": Sync.read(rows[0].sync).value, "synced_revision": rows[0].revision[:64]}


def read_application(rows: Sequence[ApplicationRow]) -> Reading:
    if not rows:
        return NOTHING_SAID
    row = rows[0]
    return Reading(
        health=Health.read(row.health),
        sync=Sync.read(row.sync),
        message=row.message,
        is_suspicious=row.operation in FAILED,
    )


APPLICATIONS = ServiceKind(
    source="applications",
    label="Argo CD applications",
    kind=kinds.APPLICATIONS,
    # Argo CD may have its Applications elsewhere too; only its own namespace holds the services'.
    place=Place.ARGOCD,
    row=application_row,
    service_of=lambda row: row.service,
    column_names=("sync", "synced_revision"),
    columns=application_columns,
    read=read_application,
    shows=Shows.ALWAYS,
)
