"""/healthz and /readyz for a kubelet, a load balancer and people who ask whether this address is reachable.

Answered before everything else. A kubelet asks by the pod's address and over plain http, so neither the host nor the
scheme is judged; nothing of the request is looked at but path and method, and nothing about the installation is told.
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial

import structlog
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from core.gate import PUBLIC, gate
from core.parallel import run_in_thread

log = structlog.get_logger(__name__)

# Longer than a kubelet waits by default, short enough that few probes wait at once.
LONGEST_ROUND_S = 2.0
# Strangers may ask as often as they like: what they cause is one round a second.
KEPT_S = 1.0
# A connection that leads nowhere may hang for minutes. A new round finds out whether a new connection works.
ABANDONED_AFTER_S = 10.0
MOST_ROUNDS = 3


class Round:
    """One look at all parts in turn. `part` is the one that is being asked."""

    def __init__(self) -> None:
        self.begun_at = time.monotonic()
        self.part = ""
        self.is_logged = False
        self.answer: Future[None] = Future()


class Readiness:
    """Whether this process can serve: one round of questions at a time, shared by all who ask meanwhile."""

    def __init__(self, parts: Mapping[str, Callable[[], None]]) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._rounds: list[Round] = []
        self._ended_at = 0.0

    def is_ready(self) -> bool:
        with self._lock:
            if self._is_due():
                self._begin()
            current = self._rounds[-1]
        try:
            current.answer.result(timeout=max(0.0, current.begun_at + LONGEST_ROUND_S - time.monotonic()))
        except TimeoutError:
            self._log_silence(current)
            return False
        except Exception:
            return False
        return True

    def _is_due(self) -> bool:
        moment = time.monotonic()
        if not self._rounds:
            return True
        if self._rounds[-1].answer.done():
            return moment - self._ended_at >= KEPT_S
        return moment - self._rounds[-1].begun_at >= ABANDONED_AFTER_S and len(self._under_way()) < MOST_ROUNDS

    def _under_way(self) -> list[Round]:
        return [one for one in self._rounds if not one.answer.done()]

    def _begin(self) -> None:
        begun = Round()
        begun.answer = run_in_thread(partial(self._look, begun), "readiness")
        self._rounds = [*self._under_way(), begun]

    def _look(self, current: Round) -> None:
        try:
            for part, look in self._parts.items():
                current.part = part
                look()
        except Exception as error:
            current.is_logged = True
            log.warning("not_ready", part=current.part, error=type(error).__name__)
            raise
        finally:
            self._ended_at = time.monotonic()

    def _log_silence(self, current: Round) -> None:
        """Once for all who waited for the round."""
        with self._lock:
            is_logged, current.is_logged = current.is_logged, True
        if not is_logged:
            log.warning("not_ready", part=current.part, error="NoAnswer", within_s=LONGEST_ROUND_S)


class NotMigrated(Exception):
    """The database lacks a migration of this version."""


class Migrations:
    """Asked until they are applied: they are not taken back under a running process, and reading their files takes a
    while."""

    def __init__(self) -> None:
        self.are_applied = False

    def look(self) -> None:
        if not self.are_applied:
            if unapplied_migrations():
                raise NotMigrated
            self.are_applied = True


def look_at_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def own_parts() -> dict[str, Callable[[], None]]:
    """What this process needs to serve anybody. Each raises whatever is wrong."""
    return {"database": look_at_database, "migrations": Migrations().look}


def unapplied_migrations() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


readiness = Readiness(own_parts())


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
    """The database answers and is migrated. The log names the part that is not, and `manage.py doctor` the remedy.

    The broker is not asked: pages answer without it, and its outage would take all replicas away at once.
    """
    return answer(is_well=readiness.is_ready())


def answer(*, is_well: bool) -> HttpResponse:
    body = b'{"status":"ok"}' if is_well else b'{"status":"unavailable"}'
    headers = {"Cache-Control": "no-store", "Content-Length": str(len(body))}
    return HttpResponse(body, "application/json", 200 if is_well else 503, headers=headers)


# A request of another method is no probe, and meets what stands before every page.
PROBING = {"GET", "HEAD"}
PROBES = {"/healthz": healthz, "/readyz": readyz}


class ProbeMiddleware:
    """Stands outermost: no host, redirect, session, limit or log line for a probe."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info) if request.method in PROBING else None
        return (probe or self.get_response)(request)
