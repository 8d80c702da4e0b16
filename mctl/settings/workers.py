"""Celery: the broker and the worker. What beat sends is declared beside each task, in `tasks.py` of the apps."""

from mctl import env
from mctl.settings.base import VAR_DIR
from mctl.settings.database import BROKER_PREFIX, BROKER_URL
from mctl.settings.operations import OPERATION_LEASE_S

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
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
