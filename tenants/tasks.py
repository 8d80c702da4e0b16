"""The round that keeps memberships fresh, run by beat."""

from celery import shared_task
from django.conf import settings

from tenants import engine


# A round that could not run in time is worth nothing later.
@shared_task(name="accounts.refresh", ignore_result=True, expires=settings.MEMBERSHIP_REFRESH_S)
def refresh_memberships() -> None:
    engine.refresh_everybody()
