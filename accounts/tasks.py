"""What beat clears away: tokens that ended, and clients that registered and were never let in."""

from datetime import timedelta

from celery import shared_task
from oauth2_provider.models import Application, clear_expired

from accounts.models import PersonalToken
from core.clock import now

# A person may be slow to consent; a client that registers at every start must not stay forever.
NEVER_USED_FOR = timedelta(days=7)
ENDED_TOKENS_KEPT_FOR = timedelta(days=90)

BEAT_SCHEDULE = {"clear tokens": {"task": "accounts.clear_tokens", "schedule": timedelta(hours=1)}}


@shared_task(name="accounts.clear_tokens", ignore_result=True, expires=3600)
def clear_tokens() -> None:
    clear_expired()
    moment = now()
    PersonalToken.objects.filter(expires_at__lt=moment - ENDED_TOKENS_KEPT_FOR).delete()
    Application.objects.filter(
        registration_source__in=[Application.RegistrationSource.DCR, Application.RegistrationSource.CIMD],
        updated__lt=moment - NEVER_USED_FOR,
        accesstoken__isnull=True,
        refreshtoken__isnull=True,
        grant__isnull=True,
    ).delete()
