"""Reflectors over the kinds the mirror is made of, and a heartbeat that tells silence from quiet."""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings

from core.clock import now
from integrations.errors import IntegrationError, Missing
from integrations.kubernetes import (
    Key,
    MirroredKind,
    Place,
    Reflector,
    cluster,
)
from observer.changes import Deleted, Inbox, Replaced, Unreadable, Upserted
from observer.sources import Contact

log = structlog.get_logger(__name__)


class InboxListener:
    """Passes what one reflector says on to the inbox."""

    def __init__(self, source: str, inbox: Inbox) -> None:
        self.source, self.inbox = source, inbox

    def replaced(self, rows: dict[Key, Any], unreadable: Mapping[Key, str]) -> None:
        self.inbox.put(Replaced(self.source, rows, unreadable))

    def upserted(self, key: Key, row: Any) -> None:
        self.inbox.put(Upserted(self.source, key, row))

    def unreadable(self, key: Key, reason: str) -> None:
        self.inbox.put(Unreadable(self.source, key, reason))

    def deleted(self, key: Key) -> None:
        self.inbox.put(Deleted(self.source, key))


class ClusterReader:
    def __init__(self, inbox: Inbox, kinds: Sequence[MirroredKind[Any]]) -> None:
        self._kinds = kinds
        self._reflectors = {
            kind.source: Reflector(
                cluster,
                kind.kind,
                kind.row_of,
                InboxListener(kind.source, inbox),
                label_selector=kind.labels,
                field_selector=kind.fields,
                namespace=settings.ARGOCD_NAMESPACE if kind.place is Place.ARGOCD else None,
            )
            for kind in kinds
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

    def missing(self) -> frozenset[str]:
        """Sources whose kind the cluster does not know, which no waiting changes: Argo CD may not be installed."""
        found = {source for source, reflector in self._reflectors.items() if isinstance(reflector.failure, Missing)}
        return frozenset(found)

    def is_away(self, source: str) -> bool:
        return self._reflectors[source].failure is not None

    def contacts(self) -> list[Contact]:
        return [self._contact(kind) for kind in self._kinds]

    def _contact(self, kind: MirroredKind[Any]) -> Contact:
        reflector = self._reflectors[kind.source]
        failure = reflector.failure
        error = failure.sentence if failure else self._ping_error
        times = [self._answered_at.get(kind.source), reflector.last_contact_at]
        # A quiet watch says nothing for a minute; that the server answers elsewhere shows that it is only quiet.
        if not error and reflector.synced.is_set():
            times.append(self._pinged_at)
        # Never earlier than what was told before: an age must not jump when the source goes away.
        answered_at = max((moment for moment in times if moment), default=None)
        if answered_at:
            self._answered_at[kind.source] = answered_at
        return Contact(kind.name, kind.label, answered_at, error)

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
