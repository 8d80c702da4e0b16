"""Reflectors over the kinds the mirror is made of, and a heartbeat that tells silence from quiet."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings

from core.clock import now
from integrations.errors import IntegrationError, Missing
from integrations.kubernetes import (
    Key,
    Place,
    Reflector,
    Right,
    Selector,
    cluster,
    field_selector,
    kinds,
    label_selector,
    pod_row,
)
from integrations.kubernetes.selectors import EVERYTHING
from observer.changes import Deleted, Inbox, Replaced, Upserted
from observer.rows import INSTANCE, application_row, event_row, quota_row, service_of_pod, workload_row

log = structlog.get_logger(__name__)


def service_pod_row(item: dict[str, Any]) -> Any:
    """None for pods of no service, so that the rows of a big cluster stay few."""
    row = pod_row(item)
    return row if service_of_pod(row) else None


@dataclass(frozen=True, slots=True)
class Feed:
    """One watched kind. `label` is what people read beside its age."""

    source: str
    label: str
    kind: kinds.Kind
    slim: Callable[[dict[str, Any]], Any]
    labels: Selector = EVERYTHING
    fields: Selector = EVERYTHING


OF_SERVICES = label_selector(having=[INSTANCE])
FEEDS = (
    Feed("applications", "Argo CD applications", kinds.APPLICATIONS, application_row),
    Feed("deployments", "Deployments", kinds.DEPLOYMENTS, workload_row, labels=OF_SERVICES),
    Feed("pods", "Pods", kinds.PODS, service_pod_row, labels=OF_SERVICES),
    Feed("resourcequotas", "Quotas", kinds.RESOURCE_QUOTAS, quota_row),
    Feed("events", "Events", kinds.EVENTS, event_row, fields=field_selector({"type": "Warning"})),
)
# What the columns of a service are made of.
OF_ROWS = ("applications", "deployments", "pods")

RIGHTS = tuple(
    Right(
        feed.kind,
        ("list", "watch"),
        f"{feed.label} in lists",
        place=Place.ARGOCD if feed.kind is kinds.APPLICATIONS else Place.EVERYWHERE,
    )
    for feed in FEEDS
)


class Mailing:
    """Passes what one reflector says on to the inbox."""

    def __init__(self, source: str, inbox: Inbox) -> None:
        self.source, self.inbox = source, inbox

    def replaced(self, rows: dict[Key, Any]) -> None:
        self.inbox.put(Replaced(self.source, rows))

    def upserted(self, key: Key, row: Any) -> None:
        self.inbox.put(Upserted(self.source, key, row))

    def deleted(self, key: Key) -> None:
        self.inbox.put(Deleted(self.source, key))


@dataclass(frozen=True, slots=True)
class Contact:
    """How one source stands: when it last answered, what is wrong now (empty while nothing is), and in `notice` what
    of its answer could not be understood."""

    name: str
    label: str
    last_contact_at: datetime | None
    error: str
    revision: str = ""
    notice: str = ""


class ClusterReader:
    def __init__(self, inbox: Inbox) -> None:
        self._reflectors = {
            feed.source: Reflector(
                cluster,
                feed.kind,
                feed.slim,
                Mailing(feed.source, inbox),
                label_selector=feed.labels,
                field_selector=feed.fields,
                # Argo CD may have its Applications elsewhere too; only its own namespace holds the services'.
                namespace=cluster_namespace(feed),
            )
            for feed in FEEDS
        }
        self._stopping = threading.Event()
        self._ping_error = ""
        self._pinged_at: datetime | None = None
        self._answered_at: dict[str, datetime] = {}
        self._heart = threading.Thread(target=self._beat, name="cluster-heartbeat", daemon=True)

    def start(self) -> None:
        for reflector in self._reflectors.values():
            reflector.start()
        self._heart.start()

    def stop(self) -> None:
        self._stopping.set()
        for reflector in self._reflectors.values():
            reflector.stop(within_s=0.0)
        for reflector in self._reflectors.values():
            reflector.stop(within_s=0.3)

    def has_no_applications(self) -> bool:
        """Argo CD is not installed: the kind itself is unknown, which no waiting changes."""
        return isinstance(self._reflectors["applications"].failure, Missing)

    def is_away(self, source: str) -> bool:
        return self._reflectors[source].failure is not None

    def contacts(self) -> list[Contact]:
        return [self._contact(feed) for feed in FEEDS]

    def _contact(self, feed: Feed) -> Contact:
        reflector = self._reflectors[feed.source]
        failure = reflector.failure
        error = failure.sentence if failure else self._ping_error
        times = [self._answered_at.get(feed.source), reflector.last_contact_at]
        # A quiet watch says nothing for a minute; that the server answers elsewhere shows that it is only quiet.
        if not error and reflector.synced.is_set():
            times.append(self._pinged_at)
        # Never earlier than what was told before: an age must not jump when the source goes away.
        answered_at = max((moment for moment in times if moment), default=None)
        if answered_at:
            self._answered_at[feed.source] = answered_at
        return Contact(f"kubernetes:{feed.source}", feed.label, answered_at, error)

    def _beat(self) -> None:
        while not self._stopping.wait(settings.KUBERNETES_TIMEOUT_S):
            try:
                cluster().ping()
            except IntegrationError as error:
                self._ping_error = error.sentence
                continue
            except Exception:
                # Without a heartbeat a watch that hangs would look quiet.
                log.exception("heartbeat_failed")
                self._ping_error = "The heartbeat of the cluster failed; see the log of the observer."
                continue
            self._pinged_at = now()
            if self._ping_error:
                # The line was gone for a while: watches may hang on a connection that no longer leads anywhere.
                self._ping_error = ""
                for reflector in self._reflectors.values():
                    reflector.reconnect()


def cluster_namespace(feed: Feed) -> str | None:
    return settings.ARGOCD_NAMESPACE if feed.kind is kinds.APPLICATIONS else None
