"""What beat sends for this app."""

from datetime import timedelta

from celery import shared_task

from tests.joining.runbooks.models import Runbook

BEAT_SCHEDULE = {"tidy runbooks": {"task": "runbooks.tidy", "schedule": timedelta(days=1)}}


@shared_task(name="runbooks.tidy", ignore_result=True)
def tidy() -> None:
    Runbook.objects.filter(first_line="").delete()
