"""Warning events: a reason to diagnose the service they are about again. The events themselves are not kept."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.kubernetes import field_selector, kinds
from integrations.kubernetes.instances import ServiceKey
from observer.kinds.applications import APPLICATIONS
from observer.kinds.declared import RowsOf, SignalKind
from observer.kinds.deployments import DEPLOYMENTS
from observer.kinds.pods import PODS, service_of_pod

# How many parts of the name follow the name of the Deployment.
WORKLOAD_PARTS = {"ReplicaSet": 1, "Pod": 2}


@dataclass(frozen=True, slots=True)
class EventRow:
    """The object that the event is about."""

    kind: str
    namespace: str
    name: str


def event_row(item: Mapping[str, Any]) -> EventRow | None:
    about = item.get("involvedObject") or item.get("regarding") or {}
    if not about.get("name"):
        return None
    return EventRow(sys.intern(about.get("kind") or ""), sys.intern(about.get("namespace") or ""), about["name"])


def services_of_event(event: EventRow, rows_of: RowsOf) -> set[ServiceKey]:
    """Pods and ReplicaSets that are gone are found by the name of their Deployment."""
    pod = rows_of(PODS).get((event.namespace, event.name))
    if pod is not None and (service := service_of_pod(pod)):
        return {service}
    parts = WORKLOAD_PARTS.get(event.kind, 0)
    key = (event.namespace, event.name.rsplit("-", parts)[0] if parts else event.name)
    found = (rows_of(DEPLOYMENTS).get(key), rows_of(APPLICATIONS).get(key))
    return {row.service for row in found if row is not None}


EVENTS = SignalKind(
    source="events",
    label="Events",
    kind=kinds.EVENTS,
    fields=field_selector({"type": "Warning"}),
    row=event_row,
    suspects=services_of_event,
)
