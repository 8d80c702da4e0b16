"""Reads about tenants, members, hosts and the sources of the mirror. Looking up is asking permission."""

from tenants.queries.access import (
    access_tenant,
    actor_for,
    greatest,
    owners_of,
    role_words,
    visible_tenants,
    whom_to_ask,
)
from tenants.queries.hosts import claims_in_the_way, holder_name, hosts_of
from tenants.queries.members import MemberRow, account_page, members_page, people_of
from tenants.queries.quotas import QuotaMeter, quota_meters
from tenants.queries.rows import TenantRow, tenant_rows
from tenants.queries.sources import (
    GITHUB_SOURCE,
    QUOTA_SOURCE,
    UnreadableSource,
    quota_note,
    source_state,
    sources,
    unreadable_quota_source,
    unreadable_quotas_source,
    unreadable_source,
)

__all__ = [
    "GITHUB_SOURCE",
    "QUOTA_SOURCE",
    "MemberRow",
    "QuotaMeter",
    "TenantRow",
    "UnreadableSource",
    "access_tenant",
    "account_page",
    "actor_for",
    "claims_in_the_way",
    "greatest",
    "holder_name",
    "hosts_of",
    "members_page",
    "owners_of",
    "people_of",
    "quota_meters",
    "quota_note",
    "role_words",
    "source_state",
    "sources",
    "tenant_rows",
    "unreadable_quota_source",
    "unreadable_quotas_source",
    "unreadable_source",
    "visible_tenants",
    "whom_to_ask",
]
