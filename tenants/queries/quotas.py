"""How much of a tenant's quota is used, in words and as a meter."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.quantity import amount, in_words
from core.words import Tone
from tenants.models import Tenant

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
METERS_IN_SHORT = 3


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


def fullest_meters(tenant: Tenant) -> Sequence[QuotaMeter]:
    return sorted(quota_meters(tenant), key=lambda meter: -meter.share)[:METERS_IN_SHORT]
