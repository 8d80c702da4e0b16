"""/healthz and /readyz for a kubelet, a load balancer and people who ask whether this address is reachable.

Answered before everything else. A kubelet asks by the pod's address and over plain http, so neither the host nor the
scheme is judged; nothing of the request is looked at but path and method, and nothing about the installation is told.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

import structlog
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from core.asking import ask
from core.gate import PUBLIC, gate

log = structlog.get_logger(__name__)

# Longer than a kubelet waits by default, short enough that few probes wait at once.
LONGEST_ROUND_S = 2.0
# Strangers may ask as often as they like: what they cause is one round a second.
KEPT_S = 1.0
# A connection that leads nowhere may hang for minutes. A new round finds out whether a new connection works.
ABANDONED_AFTER_S = 10.0
MOST_ROUNDS = 3


class Readiness:
    """Whether this process can serve: one round of questions at a time, shared by all who ask meanwhile."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._rounds: list[Future[None]] = []
        self._begun_at = self._ended_at = 0.0

    def is_ready(self) -> bool:
        with self._lock:
            if self._is_due():
                self._begin()
            current, end = self._rounds[-1], self._begun_at + LONGEST_ROUND_S
        try:
            current.result(timeout=max(0.0, end - time.monotonic()))
        except Exception:
            return False
        return True

    def _is_due(self) -> bool:
        moment = time.monotonic()
        if not self._rounds:
            return True
        if self._rounds[-1].done():
            return moment - self._ended_at >= KEPT_S
        return moment - self._begun_at >= ABANDONED_AFTER_S and len(self._under_way()) < MOST_ROUNDS

    def _under_way(self) -> list[Future[None]]:
        return [one for one in self._rounds if not one.done()]

    def _begin(self) -> None:
        self._begun_at = time.monotonic()
        self._rounds = [*self._under_way(), ask(self._round, "readiness")]

    def _round(self) -> None:
        try:
            self._look()
        except Exception as error:
            log.warning("not_ready", error=type(error).__name__)
            raise
        finally:
            self._ended_at = time.monotonic()


class NotMigrated(Exception):
    """The database lacks a migration of this version."""


class Own:
    """What this process needs to serve anybody. Raises whatever is wrong."""

    def __init__(self) -> None:
        # Migrations are not taken back under a running process, and reading their files takes a while.
        self.is_migrated = False

    def look(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not self.is_migrated:
            if unapplied_migrations():
                raise NotMigrated
            self.is_migrated = True


def unapplied_migrations() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


readiness = Readiness(Own().look)


@gate(PUBLIC)
@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Nothing is asked: a broken database is no reason to start the process again."""
    return answer(is_well=True)


@gate(PUBLIC)
@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers and is migrated. What is wrong, the log says and `manage.py doctor`.

    The broker is not asked: pages answer without it, and its outage would take all replicas away at once.
    """
    return answer(is_well=readiness.is_ready())


def answer(*, is_well: bool) -> HttpResponse:
    body = b'{"status":"ok"}' if is_well else b'{"status":"unavailable"}'
    headers = {"Cache-Control": "no-store", "Content-Length": str(len(body))}
    return HttpResponse(body, "application/json", 200 if is_well else 503, headers=headers)


# Whoever sends another method is no probe, and meets what stands before every page.
PROBING = {"GET", "HEAD"}
PROBES = {"/healthz": healthz, "/readyz": readyz}


class ProbeMiddleware:
    """Stands outermost: no host, redirect, session, limit or log line for a probe."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info) if request.method in PROBING else None
        return (probe or self.get_response)(request)
