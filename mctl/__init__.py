"""The project: settings, routes and processes. Wires everything, imported by nobody."""

from mctl.celery import app as celery_app

__all__ = ["celery_app"]
