"""The rounds that beat runs: memberships kept fresh, and security events brought into the audit."""

from celery import shared_task
from django.conf import settings
from django.core.cache import cache

from tenants import engine

MEMBERSHIPS, SECURITY_EVENTS = "memberships:round", "security-events:round"
# A slow GitHub must not take the workers away from the operations: one round at a time, ended after this. Below the
# 60 s within which a removal takes effect, should a worker die in its round.
LONGEST_ROUND_S = 50

BEAT_SCHEDULE = {"security events": {"task": "tenants.write_security_events", "schedule": settings.TALLY_INTERVAL_S}}
if settings.GITHUB_TOKEN:
    BEAT_SCHEDULE["memberships"] = {"task": "tenants.refresh_memberships", "schedule": settings.MEMBERSHIP_REFRESH_S}


# A round that could not run in time is worth nothing later.
@shared_task(
    name="tenants.refresh_memberships",
    ignore_result=True,
    expires=settings.MEMBERSHIP_REFRESH_S,
    time_limit=LONGEST_ROUND_S,
)
def refresh_memberships() -> None:
    if not settings.GITHUB_ORG or not cache.add(MEMBERSHIPS, True, timeout=LONGEST_ROUND_S):
        return
    try:
        engine.refresh_everybody()
    finally:
        cache.delete(MEMBERSHIPS)


@shared_task(name="tenants.write_security_events", ignore_result=True, expires=settings.TALLY_INTERVAL_S)
def write_security_events() -> None:
    if not cache.add(SECURITY_EVENTS, True, timeout=LONGEST_ROUND_S):
        return
    try:
        engine.write_security_events()
    finally:
        cache.delete(SECURITY_EVENTS)
