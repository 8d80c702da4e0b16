"""Which operations an actor sees, and one of them by its public id."""

from difflib import get_close_matches

from core.actor import Actor
from core.errors import NotFound, shorten
from core.security_events import count_unseen
from operations.models import Operation, OperationQuerySet

NAMES_COMPARED = 500


def visible_operations(actor: Actor, *, tenant: str | None = None) -> OperationQuerySet:
    """Of one tenant, or of all the actor sees; none of a tenant that is hidden."""
    operations = Operation.objects.all()
    if tenant is not None:
        return operations.of([tenant]) if actor.sees(tenant) else operations.none()
    return operations if actor.sees_everything else operations.of(actor.seen_tenants())


def access_operation(actor: Actor, public_id: str) -> Operation:
    """The operation, or NotFound with the same words whether it is absent or hidden.

    The nearest names are offered among visible operations only, so that they tell nothing about the others.
    """
    visible = visible_operations(actor).select_related("queued_behind", "parent")
    operation = visible.filter(public_id=public_id).first()
    if operation is None:
        count_unseen(actor, "operations.see", target=public_id)
        recent = visible_operations(actor).order_by("-pk").values_list("public_id", flat=True)[:NAMES_COMPARED]
        near = get_close_matches(public_id[:80], list(recent), n=3, cutoff=0.75)
        raise NotFound(
            f"There is no operation {shorten(public_id)!r} that you can see.",
            remedy=f"Did you mean {' or '.join(near)}?" if near else "Check the id, or see the list of operations.",
            nearest=near,
        )
    return operation
