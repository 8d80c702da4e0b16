"""Brings what happened again and again into the audit: one row for each kind and person or address of a round."""

from dataclasses import replace

from structlog.contextvars import bound_contextvars

from core.actor import Actor, Door
from core.security_events import CountedEvent, SecurityEvent, take_counted
from operations.engine import record_attempt
from operations.models import Operation
from tenants.models import Tenant

OPERATION_SEEN = "operations.see"


def write_security_events() -> int:
    """Returns how many rows were written. What was asked for and does not exist leaves none."""
    written = 0
    for counted in take_counted():
        event = with_tenant(counted.event)
        if event is not None:
            write_row(event, counted)
            written += 1
    return written


def with_tenant(event: SecurityEvent) -> SecurityEvent | None:
    """With its tenant; None where nothing was refused, because there is no such thing."""
    if not event.unseen:
        return event
    if event.verb == OPERATION_SEEN:
        tenant = Operation.objects.filter(public_id=event.target).values_list("tenant", flat=True).first()
        return replace(event, tenant=tenant) if tenant else None
    return event if Tenant.objects.filter(name=event.tenant).exists() else None


def write_row(event: SecurityEvent, counted: CountedEvent) -> None:
    """The row's own moment is that of the round; the parameters say when it happened."""
    with bound_contextvars(request_id=counted.request_id):
        record_attempt(
            Actor(event.name, Door(event.door), client=event.client),
            event.verb,
            result=event.result,
            tenant=event.tenant,
            target=event.target,
            reason=event.reason,
            parameters={"times": counted.times, "first_at": counted.first_at, "last_at": counted.last_at},
            at_once=True,
        )
