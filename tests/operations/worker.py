"""The Celery app of the workers that the engine's tests start: the product's own, with the small operations declared.

A queue of its own, so that no other suite's worker takes these tasks.
"""

import django

from mctl.celery import app
from tests.operations import small, tenantwide

QUEUE = "engine-tests"

app.conf.task_default_queue = QUEUE
django.setup()
small.register_all()
tenantwide.register_all()
