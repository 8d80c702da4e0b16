"""Brings what was refused again and again into the audit: one row for each kind and address of a round."""

from dataclasses import replace

from structlog.contextvars import bound_contextvars

from core.actor import Actor, Door
from core.audit import record
from core.refusals import Counted, Refusal, taken
from operations.models import Operation
from tenants.models import Tenant

OPERATION_SEEN = "operations.see"


def keep_refusals() -> int:
    """Returns how many rows were written. What was asked for and does not exist leaves none."""
    written = 0
    for counted in taken():
        refusal = real(counted.refusal)
        if refusal is not None:
            write(refusal, counted)
            written += 1
    return written


def real(refusal: Refusal) -> Refusal | None:
    """The refusal with its tenant, or None where nothing was refused because there is no such thing."""
    if not refusal.unseen:
        return refusal
    if refusal.verb == OPERATION_SEEN:
        tenant = Operation.objects.filter(public_id=refusal.target).values_list("tenant", flat=True).first()
        return replace(refusal, tenant=tenant) if tenant else None
    return refusal if Tenant.objects.filter(name=refusal.tenant).exists() else None


def write(refusal: Refusal, counted: Counted) -> None:
    """The row's own moment is that of the round; the parameters say when it happened."""
    with bound_contextvars(request_id=counted.request_id):
        record(
            Actor(refusal.name, Door(refusal.door), client=refusal.client),
            refusal.verb,
            result=refusal.result,
            tenant=refusal.tenant,
            target=refusal.target,
            reason=refusal.reason,
            parameters={"times": counted.times, "first_at": counted.first_at, "last_at": counted.last_at},
        )
