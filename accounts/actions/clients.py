"""Ending the access of an OAuth client."""

from typing import Any

from django.db import transaction
from oauth2_provider.models import AccessToken, Application, Grant, RefreshToken

from accounts.policies import may_manage_tokens
from accounts.queries.connected_clients import access_client
from core.actor import Actor
from core.audit import SUCCEEDED, record
from core.clock import now
from core.gate import require


def disconnect_client(actor: Actor, application_id: int) -> Application:
    """Ends every token of the actor's for that client at once. Raises NotFound where it has none."""
    require(may_manage_tokens(actor))
    application = access_client(actor, application_id)
    with transaction.atomic():
        record(actor, "client.disconnect", result=SUCCEEDED, target=application.name or application.client_id)
        end_client_tokens(user__login=actor.name, application=application)
    return application


def end_client_tokens(**whose: Any) -> None:
    Grant.objects.filter(**whose).delete()
    RefreshToken.objects.filter(**whose, revoked__isnull=True).update(revoked=now())
    AccessToken.objects.filter(**whose).update(expires=now())
