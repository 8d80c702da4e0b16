"""Ending the access of an OAuth client."""

from django.db import transaction
from oauth2_provider.models import AccessToken, Application, Grant, RefreshToken

from accounts.policies import may_manage_tokens
from accounts.queries.clients import access_client
from core.actor import Actor
from core.audit import SUCCEEDED, record
from core.clock import now
from core.gate import require


def disconnect_client(actor: Actor, application_id: int) -> Application:
    """Ends every token of the actor's for that client at once. Raises NotFound where it has none."""
    require(may_manage_tokens(actor))
    application = access_client(actor, application_id)
    mine = {"user__login": actor.name, "application": application}
    with transaction.atomic():
        record(actor, "client.disconnect", result=SUCCEEDED, target=application.name or application.client_id)
        Grant.objects.filter(**mine).delete()
        RefreshToken.objects.filter(**mine, revoked__isnull=True).update(revoked=now())
        AccessToken.objects.filter(**mine).update(expires=now())
    return application
