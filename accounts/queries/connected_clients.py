"""The OAuth clients a person has let in."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.db.models import Max, Q
from oauth2_provider.models import AccessToken, Application

from core.actor import Actor
from core.clock import now
from core.errors import NotFound

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class ConnectedClient:
    """`name` is what the client says of itself; `redirects_to` the hosts it may send people to."""

    id: int
    name: str
    redirects_to: list[str]
    scopes: list[str]
    last_token_at: datetime


def connected_clients(actor: Actor) -> list[ConnectedClient]:
    """Those with a token or a refresh token in force, the newest first."""
    tokens = AccessToken.objects.filter(user__login=actor.name).filter(
        Q(expires__gt=now()) | Q(refresh_token__revoked__isnull=True, refresh_token__isnull=False)
    )
    newest = dict(tokens.order_by().values_list("application").annotate(Max("created")))
    scopes = {row.application_id: row.scope.split() for row in tokens.order_by("created")}
    applications = Application.objects.filter(pk__in=newest)
    rows = [
        ConnectedClient(
            one.pk, plain_name(one.name) or "A client without a name", hosts_of(one), scopes[one.pk], newest[one.pk]
        )
        for one in applications
    ]
    return sorted(rows, key=lambda row: row.last_token_at, reverse=True)


def access_client(actor: Actor, application_id: int) -> Application:
    """A client that the actor has let in. Raises NotFound for all others."""
    mine = Q(accesstoken__user__login=actor.name) | Q(refreshtoken__user__login=actor.name)
    found = Application.objects.filter(mine, pk=application_id).distinct().first()
    if found is None:
        raise NotFound("No such client is connected.", remedy="It may be gone already; reload the page.")
    return found


def plain_name(name: str) -> str:
    """Control and direction characters would let a client write over the consent page's own words. The metadata
    documents of clients are taken in by the toolkit, which keeps such names."""
    plain = "".join(char for char in name if unicodedata.category(char)[0] not in "CZ" or char == " ")
    return " ".join(plain.split())[:LONGEST_NAME]


def hosts_of(application: Application) -> list[str]:
    """`claude.ai`, `localhost`, or the scheme of an application of the desktop: `cursor:`."""
    seen = {}
    for uri in application.redirect_uris.split():
        parts = urlsplit(uri)
        seen[parts.hostname if parts.scheme in ("http", "https") and parts.hostname else f"{parts.scheme}:"] = True
    return list(seen)
