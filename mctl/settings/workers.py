"""Celery: `operations.run` advances one operation by its id; beat sends what is due."""

from mctl import env
from mctl.settings.base import VAR_DIR
from mctl.settings.database import BROKER_PREFIX, BROKER_URL
from mctl.settings.integrations import GITHUB_TOKEN, MEMBERSHIP_REFRESH_S
from mctl.settings.operations import (
    AUDIT_KEEP_DAYS,
    AUDIT_TRIM_INTERVAL_S,
    OPERATION_LEASE_S,
    REAPER_INTERVAL_S,
    TALLY_INTERVAL_S,
)

CELERY_BROKER_URL = BROKER_URL.replace("unix://", "redis+socket://")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = env.integer("MCTL_WORKERS", "2", meaning="processes of one worker", least=1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # A dead worker's task comes back after this; both 1 so that the scan is not the slow part (kombu 5.7).
    "visibility_timeout": int(OPERATION_LEASE_S) * 2,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "global_keyprefix": BROKER_PREFIX,
}
CELERY_BEAT_SCHEDULE = {
    "reap": {"task": "operations.reap", "schedule": REAPER_INTERVAL_S},
    "clear tokens": {"task": "accounts.clear_tokens", "schedule": 3600.0},
    "tally": {"task": "tenants.keep_tally", "schedule": TALLY_INTERVAL_S},
    **({"audit": {"task": "operations.trim_audit", "schedule": AUDIT_TRIM_INTERVAL_S}} if AUDIT_KEEP_DAYS else {}),
    **({"memberships": {"task": "accounts.refresh", "schedule": MEMBERSHIP_REFRESH_S}} if GITHUB_TOKEN else {}),
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
