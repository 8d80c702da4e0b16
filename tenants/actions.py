"""Authenticates bearer tokens for every door. Reserves hosts."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts import queries as accounts
from accounts.actions import mark_used
from accounts.choices import TokenKind
from accounts.errors import TokenRefused
from accounts.queries.token_shapes import bearer_of
from core.actor import Actor, Door
from core.audit import SUCCEEDED
from core.errors import Busy
from core.security_events import SecurityEvent, count_event
from integrations.gitops import Route
from operations.choices import OPEN_STATES
from operations.models import Operation
from tenants.errors import host_refused
from tenants.models import HostClaim
from tenants.policies import hosts_overlap
from tenants.queries import actor_for, claims_in_the_way, holder_name

FOREIGN_TOKEN_USED = "mcp.foreign_token"


def authenticate(header: str | None, door: Door) -> Actor:
    """The Actor of an Authorization header, its roles read now and limited by the token's scopes.

    Raises TokenMissing and TokenRefused (401), and Unreachable where whoever issued the token cannot be asked.
    """
    token = bearer_of(header)
    _refuse_foreign(accounts.recognise(token), door)
    bearer = accounts.verify(token, door)
    if bearer.personal_token is not None:
        mark_used(bearer.personal_token, bearer.used_at)
    person = actor_for(bearer.login, door=door, client=bearer.client, token_kind=bearer.kind.value)
    actor = replace(person, scopes=bearer.scopes, expires_at=bearer.expires_at)
    if door is Door.MCP and bearer.kind.is_foreign:
        reason = f"A {bearer.kind.label}, which was not issued for this server."
        count_event(SecurityEvent(FOREIGN_TOKEN_USED, reason, door.value, actor.name, actor.client, result=SUCCEEDED))
    return actor


def _refuse_foreign(kind: TokenKind, door: Door) -> None:
    if door is Door.MCP and kind.is_foreign and not settings.MCP_FOREIGN_TOKENS:
        raise TokenRefused(
            "foreign_token_not_taken",
            f"This installation takes only its own tokens on /mcp; this is a {kind.label}.",
            kind=kind,
            remedy="Connect with OAuth, or create a personal token on the Connecting page.",
        )


def refuse_taken_hosts(routes: Collection[Route], *, tenant: str, service: str, sees: Callable[[str], bool]) -> None:
    """Raises Invalid where another service has one of them; it is named where `sees` its tenant."""
    for claim in claims_in_the_way(routes, tenant=tenant, service=service):
        if claim.host not in {route.host for route in routes}:
            asked = next(route.host for route in routes if hosts_overlap(claim.host, route.host))
            sentence = f"{asked} overlaps a wildcard host of {holder_name(claim, sees)}."
            raise host_refused(asked, sentence, remedy="Choose another host, or take the wildcard away in git first.")
        if claim.operation:
            sentence = f"An operation is giving {claim.host} to {holder_name(claim, sees)} now."
            raise host_refused(claim.host, sentence, remedy="Choose another host, or ask again when it has ended.")
        where = claim.host if claim.path == "/" else f"{claim.host}{claim.path}"
        sentence = f"{where} belongs to {holder_name(claim, sees)}."
        raise host_refused(claim.host, sentence, remedy="Choose another host, or take it away there first.")


def reserve_hosts(routes: Collection[Route], *, tenant: str, service: str, operation: str) -> None:
    """Keeps the hosts for what this operation is about to commit. Safe to repeat. Raises Invalid where one is taken.

    A row is written before the others are looked at: of two operations that ask at once, the second either meets the
    constraint, or finds what the first has committed meanwhile.
    """
    wanted = {route.host: route for route in sorted(routes, reverse=True)}

    def refuse_taken() -> None:
        # All of the tenant read why an operation failed, so no other tenant is named.
        refuse_taken_hosts(routes, tenant=tenant, service=service, sees=lambda other: other == tenant)

    try:
        with transaction.atomic():
            # What an operation on this service reserved before; only one is open at a time.
            own = HostClaim.objects.reserved().filter(tenant=tenant, service=service, host__in=wanted)
            own.delete()
            HostClaim.objects.bulk_create(
                HostClaim(tenant=tenant, service=service, operation=operation, **wanted[host]._asdict())
                for host in sorted(wanted)
            )
            refuse_taken()
    except IntegrityError:
        refuse_taken()
        sentence = "Another operation asked for the same host at the same moment."
        raise Busy(sentence, remedy="Start it again.") from None


def release_hosts(git_read_at: datetime) -> None:
    """Gives back what was reserved by operations that had ended before git was read: what they committed is known."""
    reserved = set(HostClaim.objects.reserved().values_list("operation", flat=True))
    if not reserved:
        return
    may_be_unread = Q(state__in=OPEN_STATES) | Q(finished_at__gte=git_read_at)
    kept = Operation.objects.filter(may_be_unread, public_id__in=reserved).values_list("public_id", flat=True)
    HostClaim.objects.filter(operation__in=reserved - set(kept)).delete()
