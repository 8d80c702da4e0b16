"""Deployments: how many pods a service wants and has, and its health where no Application speaks for it."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.credentials import mask_and_cut
from core.words import Health
from integrations.kubernetes import kinds, label_selector
from integrations.kubernetes.instances import INSTANCE, ServiceKey, service_of
from observer.kinds.declared import LONGEST_MESSAGE, NOTHING_SAID, Reading, ServiceKind, Shows

OF_SERVICES = label_selector(having=[INSTANCE])


@dataclass(frozen=True, slots=True)
class WorkloadRow:
    """A Deployment of a service. `stalled` once its progress deadline passed; `message` says why it makes no pods."""

    service: ServiceKey
    wanted: int
    ready: int
    updated: int
    image: str
    is_current: bool
    stalled: bool
    message: str


def workload_row(item: Mapping[str, Any]) -> WorkloadRow | None:
    metadata, spec, status = item["metadata"], item.get("spec") or {}, item.get("status") or {}
    service = service_of(metadata["namespace"], (metadata.get("labels") or {}).get(INSTANCE, ""))
    if service is None:
        return None
    conditions = {condition.get("type"): condition for condition in status.get("conditions") or []}
    progressing, failing = conditions.get("Progressing") or {}, conditions.get("ReplicaFailure") or {}
    containers = ((spec.get("template") or {}).get("spec") or {}).get("containers") or [{}]
    return WorkloadRow(
        service=service,
        wanted=spec.get("replicas", 1),
        ready=status.get("readyReplicas") or 0,
        updated=status.get("updatedReplicas") or 0,
        image=sys.intern(containers[0].get("image") or ""),
        is_current=(status.get("observedGeneration") or 0) >= (metadata.get("generation") or 0),
        stalled=progressing.get("reason") == "ProgressDeadlineExceeded",
        message=mask_and_cut(str(failing.get("message") or ""), LONGEST_MESSAGE)
        if failing.get("status") == "True"
        else "",
    )


def workload_columns(rows: Sequence[WorkloadRow]) -> dict[str, Any]:
    """None of its own: pods wanted and ready are taken from the first kind that can tell."""
    return {}


def read_workload(rows: Sequence[WorkloadRow]) -> Reading:
    if not rows:
        return NOTHING_SAID
    row = rows[0]
    return Reading(
        health=health_of(row),
        message=row.message,
        wanted=row.wanted,
        ready=row.ready,
        is_suspicious=row.ready < row.wanted,
    )


def health_of(row: WorkloadRow) -> Health:
    if row.stalled or row.message:
        return Health.DEGRADED
    if not row.wanted:
        return Health.SUSPENDED
    is_settled = row.is_current and row.ready >= row.wanted and row.updated >= row.wanted
    return Health.HEALTHY if is_settled else Health.PROGRESSING


DEPLOYMENTS = ServiceKind(
    source="deployments",
    label="Deployments",
    kind=kinds.DEPLOYMENTS,
    labels=OF_SERVICES,
    row=workload_row,
    service_of=lambda row: row.service,
    column_names=(),
    columns=workload_columns,
    read=read_workload,
    shows=Shows.OF_TENANTS_IN_GIT,
    is_running=True,
)
