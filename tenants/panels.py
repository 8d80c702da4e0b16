"""The page of a tenant, and what tenants add to it and to the home page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.actor import Actor
from core.page import Column, Page, Panel, Subject, Tab
from operations.panels import RUNNING
from tenants.queries import (
    MemberRow,
    QuotaMeter,
    TenantRow,
    UnreadableSource,
    access_tenant,
    people_of,
    quota_meters,
    role_words,
    sources,
    tenant_rows,
    unreadable_quota_source,
    unreadable_quotas_source,
)

TENANTS_SHOWN = 12

TENANT_PAGE = Page("tenant", template="tenants/page.html", part="tenants/_page.html")


def tenant_subject(actor: Actor, tenant: str, query: Mapping[str, str]) -> Subject:
    """The subject of TENANT_PAGE: `row` is the Tenant. Raises NotFound for one that is absent or hidden."""
    return Subject(tenant=tenant, row=access_tenant(actor, tenant), query=query)


@dataclass(frozen=True, slots=True)
class Quota:
    """`is_known` is false where the cluster was never observed; `away` is the source that cannot be read now."""

    meters: Sequence[QuotaMeter]
    is_known: bool
    away: UnreadableSource | None


@dataclass(frozen=True, slots=True)
class Members:
    people: Sequence[MemberRow]
    own_role: str


@dataclass(frozen=True, slots=True)
class HomeTenants:
    """`more`: how many the actor sees beside those in `rows`."""

    rows: Sequence[TenantRow]
    more: int
    quotas_away: UnreadableSource | None


def quota(actor: Actor, subject: Subject) -> Quota:
    tenant = subject.row
    return Quota(quota_meters(tenant), tenant.cluster_observed_at is not None, unreadable_quota_source(tenant))


def members(actor: Actor, subject: Subject) -> Members:
    return Members(people_of(subject.row, actor), role_words(actor, subject.tenant))


def home_tenants(actor: Actor, subject: Subject) -> HomeTenants:
    rows = subject.once(tenant_rows, actor)
    return HomeTenants(rows[:TENANTS_SHOWN], max(0, len(rows) - TENANTS_SHOWN), unreadable_quotas_source())


def source_ages(actor: Actor, subject: Subject) -> Sequence[Mapping[str, object]] | None:
    return subject.once(sources) or None


TENANT_PIECES = (
    Tab("overview", "Overview", "tenants:tenant_detail", order=10),
    Panel("quota", "tenants/_quota.html", quota, Column.SIDE, order=10),
    # The list of services fetches itself again; the page as a whole stays as it was opened.
    replace(RUNNING, changes=()),
    Panel("members", "tenants/_members.html", members, Column.SIDE, order=30),
)
HOME_PIECES = (
    Panel("tenants", "tenants/_home_tenants.html", home_tenants, order=20, changes=("service.changed",)),
    Panel("sources", "tenants/_home_sources.html", source_ages, Column.SIDE, order=40),
)
