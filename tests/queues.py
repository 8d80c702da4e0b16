"""Which queue this process's Celery messages go to."""

from collections.abc import Iterator
from contextlib import contextmanager

from celery import current_app


@contextmanager
def messages_to(queue: str) -> Iterator[None]:
    app = current_app._get_current_object()
    before = app.conf.task_default_queue
    app.conf.task_default_queue = queue
    app.__dict__.pop("amqp", None)
    yield
    app.conf.task_default_queue = before
    app.__dict__.pop("amqp", None)
