"""The mirror of services: one compact row each, desired from git and observed from the cluster.

Written by the observer only; lists on every door read nothing else.
"""

from typing import Self

from django.db import models

from core.words import Health, Sync


class ServiceQuerySet(models.QuerySet["Service"]):
    def of(self, tenants: list[str]) -> Self:
        return self.filter(tenant__in=tenants)

    def troubled(self) -> Self:
        return self.filter(urgency__lt=URGENCY_QUIET)


# `urgency` sorts lists: 0 broken, 1 suspicious, 2 busy, 3 quiet.
URGENCY_BROKEN, URGENCY_WARNING, URGENCY_BUSY, URGENCY_QUIET = range(4)


class Service(models.Model):
    """`in_git` false: the Application or workload lives on although git no longer has it.

    `diagnosis` is the short finding as `Diagnosis.as_dict()`; `cause` is its first sentence and `cause_id` its id.
    `values_problem` is why the values file cannot be read, with path and line; empty where it can.
    `pods` is `[[tone, count], ...]` in display order. `pods`, `restarts`, `replicas_ready` and `replicas_wanted` are
    None while they could never be read. `git_observed_at` and `cluster_observed_at` are when each source was last known
    to be current for this row.
    """

    tenant = models.CharField(max_length=63)
    name = models.CharField(max_length=63)
    in_git = models.BooleanField(default=True)
    component_type = models.CharField(max_length=40, default="base-service")
    image = models.CharField(max_length=300, blank=True)
    tag = models.CharField(max_length=128, blank=True)
    host = models.CharField(max_length=253, blank=True)
    port = models.PositiveIntegerField(null=True)
    replicas_wanted = models.PositiveIntegerField(null=True)
    replicas_ready = models.PositiveIntegerField(null=True)
    autoscaling = models.JSONField(default=dict)
    has_database = models.BooleanField(default=False)
    values_path = models.CharField(max_length=300, blank=True)
    values_blob = models.CharField(max_length=64, blank=True)
    values_problem = models.TextField(blank=True, default="", db_default="")
    git_revision = models.CharField(max_length=64, blank=True)
    change_sha = models.CharField(max_length=64, blank=True)
    change_kind = models.CharField(max_length=60, blank=True)
    changed_by = models.CharField(max_length=100, blank=True)
    changed_at = models.DateTimeField(null=True)
    health = models.CharField(max_length=12, default=Health.UNKNOWN)
    sync = models.CharField(max_length=12, default=Sync.UNKNOWN)
    synced_revision = models.CharField(max_length=64, blank=True)
    app_message = models.TextField(blank=True)
    running_tag = models.CharField(max_length=128, blank=True)
    pods = models.JSONField(null=True)
    restarts = models.PositiveIntegerField(null=True)
    cause_id = models.CharField(max_length=60, blank=True)
    cause = models.TextField(blank=True)
    cause_tone = models.CharField(max_length=6, blank=True)
    diagnosis = models.JSONField(default=dict)
    urgency = models.PositiveSmallIntegerField(default=URGENCY_QUIET)
    git_observed_at = models.DateTimeField(null=True)
    cluster_observed_at = models.DateTimeField(null=True)

    objects = ServiceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="one_service_per_tenant_and_name")]
        indexes = [
            models.Index(fields=["urgency", "tenant", "name"], name="service_by_urgency"),
            models.Index(fields=["tenant", "urgency", "name"], name="service_by_tenant_urgency"),
            # Cover the counts of the filter chips, for somebody's tenants and for all of them.
            models.Index(fields=["tenant", "health", "sync", "urgency"], name="service_counts_by_tenant"),
            models.Index(fields=["health", "sync", "urgency"], name="service_counts"),
            models.Index(fields=["-changed_at"], name="service_by_change"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant}/{self.name}"
