"""ResourceQuotas: what a tenant may use and what it uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.kubernetes import kinds
from observer.kinds.declared import TenantKind


@dataclass(frozen=True, slots=True)
class QuotaRow:
    tenant: str
    hard: Mapping[str, str]
    used: Mapping[str, str]


def quota_row(item: Mapping[str, Any]) -> QuotaRow | None:
    """Only `{namespace}-quota`, the one that the tenant chart makes."""
    metadata, status = item["metadata"], item.get("status") or {}
    namespace = metadata["namespace"]
    if metadata["name"] != f"{namespace}-quota":
        return None
    hard = status.get("hard") or (item.get("spec") or {}).get("hard") or {}
    return QuotaRow(namespace, hard=dict(hard), used=dict(status.get("used") or {}))


def quota_columns(row: QuotaRow | None) -> dict[str, Any]:
    return {"quota_hard": dict(row.hard) if row else {}, "quota_used": dict(row.used) if row else {}}


QUOTAS = TenantKind(
    source="resourcequotas",
    label="Quotas",
    kind=kinds.RESOURCE_QUOTAS,
    row=quota_row,
    tenant_of=lambda row: row.tenant,
    columns=quota_columns,
)
