"""What the observer remembers of each object: slim rows, and to which service each belongs.

A service is known by labels and namespaces: the name `a-b-c` alone would not say whether `a` or `a-b` is the tenant.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.names import is_cluster_name
from integrations.kubernetes import PodRow

INSTANCE = "app.kubernetes.io/instance"
TENANT_LABEL = "mctl.me/tenant"
LONGEST_MESSAGE = 500
NOT_APPS = "platform"

ServiceKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    """An Argo CD Application of a service. `revision` is what it was last compared at; `operation` the phase of its
    last sync; `message` the first thing that is wrong, empty where nothing is."""

    service: ServiceKey
    health: str
    sync: str
    revision: str
    operation: str
    message: str


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


@dataclass(frozen=True, slots=True)
class QuotaRow:
    hard: Mapping[str, str]
    used: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EventRow:
    """Only the reference: an event is a reason to look at its service again, nothing more."""

    kind: str
    namespace: str
    name: str


def service_of(namespace: str, instance: str) -> ServiceKey | None:
    """The tenant is the namespace, so the rest of the instance is the service, dashes and all.

    None also where that rest is no name of a service: a label may hold dots and capitals, the address of a page not.
    """
    service = instance.removeprefix(f"{namespace}-")
    if service == instance or not (is_cluster_name(service) and is_cluster_name(namespace)):
        return None
    return sys.intern(namespace), sys.intern(service)


def service_of_pod(pod: PodRow) -> ServiceKey | None:
    return service_of(pod.namespace, pod.instance)


def application_row(item: Mapping[str, Any]) -> ApplicationRow | None:
    """None for an Application that is no service's: a tenant's own, or one of the platform."""
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
            return str(condition.get("message") or "")[:LONGEST_MESSAGE]
    operation = status.get("operationState") or {}
    if operation.get("phase") in {"Failed", "Error"}:
        return str(operation.get("message") or "")[:LONGEST_MESSAGE]
    return str((status.get("health") or {}).get("message") or "")[:LONGEST_MESSAGE]


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
        message=str(failing.get("message") or "")[:LONGEST_MESSAGE] if failing.get("status") == "True" else "",
    )


def quota_row(item: Mapping[str, Any]) -> QuotaRow | None:
    """Only `{namespace}-quota`, the one the tenant chart makes."""
    metadata, status = item["metadata"], item.get("status") or {}
    if metadata["name"] != f"{metadata['namespace']}-quota":
        return None
    hard = status.get("hard") or (item.get("spec") or {}).get("hard") or {}
    return QuotaRow(hard=dict(hard), used=dict(status.get("used") or {}))


def event_row(item: Mapping[str, Any]) -> EventRow | None:
    about = item.get("involvedObject") or item.get("regarding") or {}
    if not about.get("name"):
        return None
    return EventRow(sys.intern(about.get("kind") or ""), sys.intern(about.get("namespace") or ""), about["name"])


def tag_of(image: str) -> str:
    """The tag, or the beginning of a digest: `1.4.2`, `sha256:0a1b2c3d4e5f`."""
    name, _, digest = image.partition("@")
    if digest:
        return digest[:19]
    return name.rpartition("/")[2].partition(":")[2]
