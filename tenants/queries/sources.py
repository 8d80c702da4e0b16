"""How old the sources of the mirror are, and which of them cannot be read now."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.clock import now
from tenants.models import Source, Tenant

GITHUB_SOURCE = "github"
QUOTA_SOURCE = "kubernetes:resourcequotas"
SOURCE_STALE_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class UnreadableSource:
    """A source that cannot be read now. `last_read_at` is None where it was never read, and where nothing on the page
    is from it."""

    label: str
    last_read_at: datetime | None

    def __str__(self) -> str:
        last = f"; last read {self.last_read_at:%Y-%m-%d %H:%M:%S} UTC" if self.last_read_at else ""
        return f"{self.label} cannot be read now{last}."


def sources() -> list[Mapping[str, object]]:
    """Every source of the mirror: `{"name", "label", "ok", "error", "observed_at", "age_s"}`."""
    moment = now()
    return [source_state(source, moment) for source in Source.objects.order_by("name")]


def quota_note(tenant: Tenant) -> str:
    """Which source of the quota cannot be read now, and when it was last read; empty while it can be read."""
    if tenant.cluster_observed_at is None:
        return "The cluster has not been observed yet, so nothing is known of what is used."
    return str(unreadable_quota_source(tenant) or "")


def unreadable_quota_source(tenant: Tenant) -> UnreadableSource | None:
    """The source of the quota's use where it cannot be read now."""
    away = unreadable_quotas_source()
    return replace(away, last_read_at=tenant.cluster_observed_at) if away else None


def unreadable_quotas_source() -> UnreadableSource | None:
    """The source of all quotas' use where it cannot be read now."""
    return unreadable_source(QUOTA_SOURCE)


def unreadable_source(name: str) -> UnreadableSource | None:
    """The source of that name, such as `kubernetes:pods`, where it cannot be read now."""
    source = Source.objects.filter(name=name).first()
    if source is None or source_state(source, now())["ok"]:
        return None
    return UnreadableSource(source.label, source.last_contact_at)


def source_state(source: Source, moment: datetime) -> Mapping[str, object]:
    age = moment - source.last_contact_at if source.last_contact_at else None
    return {
        "name": source.name,
        "label": source.label,
        "ok": not source.error and age is not None and age <= SOURCE_STALE_AFTER,
        "error": source.error,
        "observed_at": source.last_contact_at,
        "age_s": age.total_seconds() if age is not None else None,
    }
