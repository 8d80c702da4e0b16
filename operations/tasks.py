"""All that Celery knows: run an operation by its id, the reaper's round, and the audit's retention."""

from datetime import timedelta

from celery import Task, shared_task
from django.conf import settings

from core.clock import now
from operations import engine
from operations.engine.wake import REAP_PRIORITY, RUN_TASK

# The engine ends an operation at its deadline; this ends a worker process that hangs in a step beyond it.
LONGEST_RUN_S = settings.OPERATION_DEADLINE_S + 2 * settings.OPERATION_LEASE_S

BEAT_SCHEDULE = {"reap": {"task": "operations.reap", "schedule": settings.REAPER_INTERVAL_S}}
if settings.AUDIT_KEEP_DAYS:
    BEAT_SCHEDULE["audit"] = {"task": "operations.trim_audit", "schedule": settings.AUDIT_TRIM_INTERVAL_S}


@shared_task(name=RUN_TASK, bind=True, ignore_result=True, time_limit=LONGEST_RUN_S)
def run(self: Task, operation_id: int) -> None:
    engine.run(operation_id, str(self.request.id))


# Rounds that could not run in time are worth nothing later; the priority lets them pass a long queue of runs.
@shared_task(name="operations.reap", ignore_result=True, priority=REAP_PRIORITY, expires=settings.OPERATION_LEASE_S)
def reap() -> None:
    engine.reap()


@shared_task(name="operations.trim_audit", ignore_result=True, expires=settings.AUDIT_TRIM_INTERVAL_S)
def trim_audit() -> None:
    if settings.AUDIT_KEEP_DAYS:
        engine.trim(now() - timedelta(days=settings.AUDIT_KEEP_DAYS))
