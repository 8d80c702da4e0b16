"""Keeps a short finding for every service that looks unhealthy; healthy ones cost no read of the cluster."""

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import structlog
from django.db import connection

from core.errors import Problem, Unavailable
from diagnosis.queries import Target, diagnose_live
from integrations.kubernetes.instances import ServiceKey
from observer.changes import Diagnosed, Inbox

log = structlog.get_logger(__name__)

# A rollout changes its objects in bursts; one look after the burst says more than ten during it.
DEBOUNCE_S = 0.2
# Some causes only show with time: a deadline passes, a back-off grows.
AGAIN_AFTER_S = 60.0
AT_ONCE = 2


# What a list shows of a diagnosis; the rest is read live by the service's page.
KEPT = ("target", "healthy", "sentence", "findings", "observed_at")


def diagnose_service(service: ServiceKey) -> Mapping[str, Any]:
    """The short finding, {} where there is nothing to say. Raises Problem where too little could be read to say so."""
    tenant, name = service
    diagnosis = diagnose_live(Target("Deployment", tenant, name))
    unread = [source for source in diagnosis.sources if not source.ok]
    # What was found last may still hold: a source that is away must not make a service look better.
    if unread and not diagnosis.healthy and not diagnosis.is_alarming:
        raise Unavailable("Too little of the cluster could be read for a diagnosis.", error=unread[0].error)
    whole = diagnosis.as_dict()
    return {part: whole[part] for part in KEPT} if whole["findings"] else {}


class DiagnosisQueue:
    """`add` and `discard` belong to the writer's thread; results come back through the inbox."""

    def __init__(self, inbox: Inbox, diagnose: Callable[[ServiceKey], Mapping[str, Any]] = diagnose_service) -> None:
        self._inbox, self._diagnose = inbox, diagnose
        self._due: dict[ServiceKey, float] = {}
        self._stopped = False
        self._running: set[ServiceKey] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="diagnose")

    def add(self, services: Iterable[ServiceKey]) -> None:
        due = monotonic() + DEBOUNCE_S
        for service in services:
            # An earlier wish keeps its time: a service that changes without end is still looked at.
            self._due[service] = min(due, self._due.get(service, due))

    def discard(self, service: ServiceKey) -> None:
        """The service is well again, or gone."""
        self._due.pop(service, None)

    def next_in_s(self) -> float:
        """Seconds until the next one is due; infinite where none is."""
        if len(self._running) >= AT_ONCE:
            return float("inf")
        due = min((at for service, at in self._due.items() if service not in self._running), default=float("inf"))
        return max(0.0, due - monotonic())

    def start_due(self) -> None:
        moment = monotonic()
        for service in sorted(self._due, key=self._due.__getitem__):
            if self._due[service] > moment or len(self._running) >= AT_ONCE:
                return
            if service in self._running:
                continue
            with self._lock:
                self._running.add(service)
            self._due[service] = moment + AGAIN_AFTER_S
            self._pool.submit(self._work, service)

    def stop(self) -> None:
        self._stopped = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, service: ServiceKey) -> None:
        try:
            self._inbox.put(Diagnosed(service, self._diagnose(service)))
        except Problem as problem:
            # The row keeps what was found last; the source that failed is shown as such.
            log.warning("diagnosis_failed", service="/".join(service), sentence=problem.sentence)
        except Exception:
            # One that is cut off because we end says nothing about the service.
            if not self._stopped:
                log.exception("diagnosis_failed", service="/".join(service))
        finally:
            connection.close()
            with self._lock:
                self._running.discard(service)
            self._inbox.wake()
