"""The first page, the list of tenants and the page of one: all from the mirror and the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from core.actor import Actor, Role
from core.quantity import amount, in_words
from core.words import Health, Tone
from operations.queries import OperationRow, running_operations, troubled_operations
from services.models import URGENCY_BUSY
from services.policies import may_onboard
from services.queries.away import unreadable_sources
from services.queries.rows import (
    LIST_COLUMNS,
    ServiceFilter,
    ServiceList,
    ServiceRow,
    service_list,
    service_row,
    visible_services,
)
from tenants.models import Tenant
from tenants.queries import (
    MemberRow,
    UnreadableSource,
    access_tenant,
    people_of,
    sources,
    unreadable_quota_source,
    unreadable_quotas_source,
    visible_tenants,
)

NEEDS_YOU_SHOWN = 8
CHANGES_SHOWN = 10
TENANTS_SHOWN = 12
NO_SERVICE = (0, 0, 0)
# Amber from here: a deployment's surge pod may no longer fit.
QUOTA_NEARLY_FULL = 0.8
QUOTA_LABELS = {
    "requests.cpu": "CPU requests",
    "limits.cpu": "CPU limits",
    "requests.memory": "Memory requests",
    "limits.memory": "Memory limits",
    "pods": "Pods",
    "services": "Services",
    "persistentvolumeclaims": "Volume claims",
}


@dataclass(frozen=True, slots=True)
class QuotaMeter:
    """`share` is used/hard from 0 up (above 1 when the quota was lowered below what runs)."""

    resource: str
    label: str
    used: str
    hard: str
    share: float
    tone: Tone

    @property
    def percent(self) -> int:
        return min(100, round(self.share * 100))


@dataclass(frozen=True, slots=True)
class TenantRow:
    name: str
    display_name: str
    role: str
    services: int
    troubled: int
    unknown: int
    mirror: Tenant

    @property
    def quota(self) -> Sequence[QuotaMeter]:
        """The three that are fullest."""
        return sorted(quota_meters(self.mirror), key=lambda meter: -meter.share)[:3]


@dataclass(frozen=True, slots=True)
class Home:
    needs_you: Sequence[ServiceRow]
    needs_you_more: int
    stuck: Sequence[OperationRow]
    running: Sequence[OperationRow]
    tenants: Sequence[TenantRow]
    tenants_more: int
    changes: Sequence[ServiceRow]
    sources: Sequence[Mapping[str, object]]
    away: Sequence[UnreadableSource]
    quotas_away: UnreadableSource | None
    sentence: str


@dataclass(frozen=True, slots=True)
class TenantPage:
    tenant: Tenant
    role: str
    services: ServiceList
    quota: Sequence[QuotaMeter]
    quota_readable: bool
    quota_away: UnreadableSource | None
    running: Sequence[OperationRow]
    members: Sequence[MemberRow]
    may_add: bool


def home(actor: Actor) -> Home:
    services = visible_services(actor)
    troubled = services.filter(urgency__lt=URGENCY_BUSY).only(*LIST_COLUMNS).order_by("urgency", "-changed_at", "name")
    needs = list(troubled[:NEEDS_YOU_SHOWN])
    rows = tenant_rows(actor)
    in_trouble, unknown = sum(row.troubled for row in rows), sum(row.unknown for row in rows)
    changes = services.exclude(changed_at=None).only(*LIST_COLUMNS).order_by("-changed_at")[:CHANGES_SHOWN]
    stuck, read_from = troubled_operations(actor), sources()
    return Home(
        needs_you=[service_row(service) for service in needs],
        needs_you_more=max(0, in_trouble - NEEDS_YOU_SHOWN),
        stuck=stuck,
        running=running_operations(actor),
        tenants=rows[:TENANTS_SHOWN],
        tenants_more=max(0, len(rows) - TENANTS_SHOWN),
        changes=[service_row(service) for service in changes],
        sources=read_from,
        away=unreadable_sources(read_from),
        quotas_away=unreadable_quotas_source(),
        sentence=home_sentence(in_trouble, len(stuck), sum(row.services for row in rows), unknown),
    )


def home_sentence(troubled: int, stuck: int, services: int, unknown: int = 0) -> str:
    """`unknown`: services of which nobody knows how they are. They are not counted as well."""
    if not services:
        return "There is nothing here yet that you can see."
    if not (troubled or stuck or unknown):
        return f"All {services:,} services are well." if services > 1 else "Your service is well."
    needs = f"{troubled:,} of {services:,} services {'needs' if troubled == 1 else 'need'} a look." if troubled else ""
    untold = f"The state of {unknown:,} of {services:,} services is not known." if unknown else ""
    halted = f"{stuck} {'operation' if stuck == 1 else 'operations'} did not succeed." if stuck else ""
    return " ".join(part for part in (needs, untold, halted) if part)


def tenant_rows(actor: Actor) -> list[TenantRow]:
    """Tenants the actor sees, troubled ones first. Two queries."""
    tenants = list(visible_tenants(actor))
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
    counts = {group["tenant"]: (group["number"], group["troubled"], group["unknown"]) for group in groups}
    rows = [
        TenantRow(
            name=tenant.name,
            display_name=tenant.display_name,
            role=role_words(actor, tenant.name),
            services=counts.get(tenant.name, NO_SERVICE)[0],
            troubled=counts.get(tenant.name, NO_SERVICE)[1],
            unknown=counts.get(tenant.name, NO_SERVICE)[2],
            mirror=tenant,
        )
        for tenant in tenants
    ]
    return sorted(rows, key=lambda row: (-row.troubled, row.name))


def tenant_page(actor: Actor, name: str, wanted: ServiceFilter) -> TenantPage:
    tenant = access_tenant(actor, name)
    return TenantPage(
        tenant=tenant,
        role=role_words(actor, name),
        services=service_list(actor, tenant=name, wanted=wanted),
        quota=quota_meters(tenant),
        quota_readable=tenant.cluster_observed_at is not None,
        quota_away=unreadable_quota_source(tenant),
        running=running_operations(actor, tenant=name),
        members=people_of(tenant, actor),
        may_add=may_onboard(actor, tenant=name).allowed,
    )


def role_words(actor: Actor, tenant: str) -> str:
    role: Role | None = actor.role_in(tenant)
    return role.value if role else "platform admin" if actor.is_admin else ""


def quota_meters(tenant: Tenant) -> list[QuotaMeter]:
    """Used against hard as the ResourceQuota's status says; empty until it was observed."""
    meters = []
    for resource, label in QUOTA_LABELS.items():
        if resource in tenant.quota_hard:
            hard, used = amount(tenant.quota_hard[resource]), amount(tenant.quota_used.get(resource, 0))
            share = float(used / hard) if hard else 1.0
            tone = Tone.BAD if share >= 1 else Tone.WARN if share >= QUOTA_NEARLY_FULL else Tone.OK
            granted = in_words(resource, hard)
            taken = in_words(resource, used)
            # "2.4 of 6 cores" reads better than the unit twice.
            if " " in granted and taken.split(" ")[1:] == granted.split(" ")[1:]:
                taken = taken.split(" ")[0]
            meters.append(QuotaMeter(resource, label, taken, granted, share, tone))
    return meters
