"""Brings what happened again and again into the audit: one row for each kind and person or address of a round."""

from dataclasses import replace

from structlog.contextvars import bound_contextvars

from core.actor import Actor, Door
from core.tally import Counted, Happening, taken
from operations.engine import record_attempt
from operations.models import Operation
from tenants.models import Tenant

OPERATION_SEEN = "operations.see"


def keep_tally() -> int:
    """Returns how many rows were written. What was asked for and does not exist leaves none."""
    written = 0
    for counted in taken():
        happening = real(counted.happening)
        if happening is not None:
            write(happening, counted)
            written += 1
    return written


def real(happening: Happening) -> Happening | None:
    """With its tenant; None where nothing was refused, because there is no such thing."""
    if not happening.unseen:
        return happening
    if happening.verb == OPERATION_SEEN:
        tenant = Operation.objects.filter(public_id=happening.target).values_list("tenant", flat=True).first()
        return replace(happening, tenant=tenant) if tenant else None
    return happening if Tenant.objects.filter(name=happening.tenant).exists() else None


def write(happening: Happening, counted: Counted) -> None:
    """The row's own moment is that of the round; the parameters say when it happened."""
    with bound_contextvars(request_id=counted.request_id):
        record_attempt(
            Actor(happening.name, Door(happening.door), client=happening.client),
            happening.verb,
            result=happening.result,
            tenant=happening.tenant,
            target=happening.target,
            reason=happening.reason,
            parameters={"times": counted.times, "first_at": counted.first_at, "last_at": counted.last_at},
            at_once=True,
        )
