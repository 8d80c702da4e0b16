"""How many services there are and how they stand, counted in SQL."""

from collections.abc import Mapping

from django.db.models import Count, Q

from core.actor import Actor
from core.words import Health
from services.models import URGENCY_BUSY
from services.queries.rows import visible_services
from tenants.registry import ServiceCounts


def counts_by_tenant(actor: Actor) -> Mapping[str, ServiceCounts]:
    """Counts of the services that the actor sees, by the tenant's name. One query."""
    groups = (
        visible_services(actor)
        .order_by()
        .values("tenant")
        .annotate(
            number=Count("id"),
            troubled=Count("id", filter=Q(urgency__lt=URGENCY_BUSY)),
            unknown=Count("id", filter=Q(health=Health.UNKNOWN, urgency__gte=URGENCY_BUSY)),
        )
    )
    return {group["tenant"]: ServiceCounts(group["number"], group["troubled"], group["unknown"]) for group in groups}
