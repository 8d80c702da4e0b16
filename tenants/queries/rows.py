"""The tenants somebody sees, with what is counted of their services."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.actor import Actor
from tenants.models import Tenant
from tenants.queries.access import role_words, visible_tenants
from tenants.queries.quotas import QuotaMeter, fullest_meters
from tenants.registry import SERVICE_COUNTS, ServiceCounts


@dataclass(frozen=True, slots=True)
class TenantRow:
    name: str
    display_name: str
    role: str
    counts: ServiceCounts
    mirror: Tenant

    @property
    def services(self) -> int:
        return self.counts.services

    @property
    def troubled(self) -> int:
        return self.counts.troubled

    @property
    def unknown(self) -> int:
        return self.counts.unknown

    @property
    def quota(self) -> Sequence[QuotaMeter]:
        """The three that are fullest."""
        return fullest_meters(self.mirror)


def tenant_rows(actor: Actor) -> list[TenantRow]:
    """Tenants the actor sees, troubled ones first. Two queries."""
    counts = SERVICE_COUNTS.value(actor)
    rows = [
        TenantRow(
            name=tenant.name,
            display_name=tenant.display_name,
            role=role_words(actor, tenant.name),
            counts=counts.get(tenant.name, ServiceCounts()),
            mirror=tenant,
        )
        for tenant in visible_tenants(actor)
    ]
    return sorted(rows, key=lambda row: (-row.troubled, row.name))
