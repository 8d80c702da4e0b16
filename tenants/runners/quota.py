"""Whether what an operation would leave fits into the quota of its tenant."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from core.quantity import amount, in_words
from operations.runners.workloads import containers_of, quantity, replicas_of, resources_of, workloads_of
from tenants.models import Tenant

QUOTA_RESOURCES = ("requests.cpu", "limits.cpu", "requests.memory", "limits.memory", "pods")


def quota_fit(tenant: str, before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Per resource of the quota: used now, after, during the rollout (one pod more), hard, and whether it fits."""
    mirror = Tenant.objects.filter(name=tenant).first()
    if mirror is None or not mirror.quota_hard or not after:
        return []
    old, new, surge = demand(before), demand(after), demand(after, pods=Decimal(1))
    rows = []
    for resource in QUOTA_RESOURCES:
        if resource not in mirror.quota_hard:
            continue
        hard, used = amount(mirror.quota_hard[resource]), amount(mirror.quota_used.get(resource, 0))
        settled = used - old[resource] + new[resource]
        peak = max(settled, used + surge[resource]) if before != after else used
        row = {"resource": resource, "used": used, "after": settled, "peak": peak, "hard": hard}
        words = {key: in_words(resource, value) for key, value in row.items() if isinstance(value, Decimal)}
        rows.append({"resource": resource, **words, "fits": peak <= hard})
    return rows


def demand(objects: Sequence[dict[str, Any]], pods: Decimal | None = None) -> dict[str, Decimal]:
    """What the quota counts for the workloads among the objects; for `pods` pods instead of all where given."""
    total = dict.fromkeys(QUOTA_RESOURCES, Decimal(0))
    for workload in workloads_of(objects):
        replicas = replicas_of(workload)
        number = Decimal(1 if replicas is None else replicas) if pods is None else pods
        total["pods"] += number
        for container in containers_of(workload):
            for kind in ("requests", "limits"):
                for resource in ("cpu", "memory"):
                    size = quantity(resources_of(container, kind).get(resource)) or Decimal(0)
                    total[f"{kind}.{resource}"] += number * size
    return total
