"""The Celery app: `operations.run` advances one operation by its id; beat sends the reaper and the clean-ups."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mctl.settings")

app = Celery("mctl")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
