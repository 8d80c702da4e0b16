"""The Celery app: `operations.run` advances one operation by its id; beat sends what the apps schedule."""

import os
from typing import Any

from celery import Celery, signals

from core.discovery import app_modules

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mctl.settings")

app = Celery("mctl")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


# Celery's own receiver of this signal loads Django, and came first.
@signals.import_modules.connect(sender=app)
def collect_schedules(**signal: Any) -> None:
    """`BEAT_SCHEDULE` of every app, in Celery's form. Raises ValueError where two apps use one name."""
    collected: dict[str, dict[str, Any]] = {}
    for module in app_modules("tasks"):
        declared = getattr(module, "BEAT_SCHEDULE", {})
        if taken := collected.keys() & declared.keys():
            raise ValueError(f"{module.__name__} schedules {', '.join(sorted(taken))}, as another app does.")
        collected.update(declared)
    app.conf.beat_schedule = collected
