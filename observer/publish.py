"""Tells open pages and waiting operations what changed. Sent only once the rows are committed."""

from collections.abc import Collection, Iterable

from core.live import announce
from integrations.kubernetes.instances import ServiceKey
from operations.engine import poke
from operations.models import Operation

# A first sync changes thousands of rows: then one message a tenant, without a service, says as much as one for each.
MOST_AT_ONCE = 500


def announce_changes(kind: str, changed: Collection[ServiceKey]) -> None:
    """`kind` is the type of the message, such as "service.changed"."""
    if len(changed) > MOST_AT_ONCE:
        changed = {(tenant, "") for tenant, _ in changed}
    for tenant, service in sorted(changed):
        announce(tenant, {"type": kind, "tenant": tenant, "service": service})


def announce_tenants(changed: Iterable[str]) -> None:
    for tenant in sorted(changed):
        announce(tenant, {"type": "tenant.changed", "tenant": tenant})


def poke_operations(touched: Iterable[ServiceKey]) -> None:
    """Wakes operations that wait for one of these services, or on its tenant. One query where none does."""
    waiting = set(Operation.objects.open().values_list("tenant", "service"))
    touched = {key for tenant, service in touched for key in ((tenant, service), (tenant, ""))}
    for tenant, service in sorted(waiting & touched):
        poke(tenant=tenant, service=service)
