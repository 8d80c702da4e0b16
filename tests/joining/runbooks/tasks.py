"""What beat sends for this app. Rows of the mirror are the observer's alone: a task counts them and deletes none."""

from datetime import timedelta

import structlog
from celery import shared_task

from tests.joining.runbooks.models import Runbook

BEAT_SCHEDULE = {"count empty runbooks": {"task": "runbooks.count_empty", "schedule": timedelta(days=1)}}
log = structlog.get_logger(__name__)


@shared_task(name="runbooks.count_empty", ignore_result=True)
def count_empty() -> int:
    number = Runbook.objects.filter(first_line="").count()
    log.info("runbooks_without_text", number=number)
    return number
