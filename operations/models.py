"""The ledger: operations, their steps and log, and the audit. Every app writes through it; nobody edits it."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from operations.choices import OPEN_STATES, AuditResult, OperationState, StepState


class OperationQuerySet(models.QuerySet["Operation"]):
    def open(self) -> Self:
        return self.filter(state__in=OPEN_STATES)

    def of(self, tenants: list[str]) -> Self:
        return self.filter(tenant__in=tenants)

    def holding(self) -> Self:
        """Open and not in a queue. A child whose parent is open is among them."""
        return self.open().filter(queued_behind__isnull=True)

    def overlapping(self, tenant: str, service: str) -> Self:
        """On this target, on the tenant of this service, or on a service of this tenant."""
        found = self.filter(tenant=tenant)
        return found.filter(service__in=("", service)) if service else found


class Operation(models.Model):
    """One run of a declared operation.

    `public_id` is the run's name (`deploy-service-x7k2p`). `parameters` hold no secret: those are dropped before the
    row is written. `lease_owner` may advance it until `lease_until`; `wake_at` is when a waiting step looks again;
    `message_at` is when the broker delivers the next message about it, as far as we know; `poked_at` is when the
    observer last saw its target change. `queued_behind` is the open operation it waits for, on a target that overlaps
    its own. `parent` is the operation whose step `parent_step` started it.
    """

    public_id = models.CharField(max_length=80, unique=True)
    name = models.CharField(max_length=60)
    target = models.CharField(max_length=130)
    tenant = models.CharField(max_length=63)
    service = models.CharField(max_length=63, blank=True)
    summary = models.CharField(max_length=200)
    parameters = models.JSONField(default=dict)
    plan = models.JSONField(default=dict)
    actor = models.CharField(max_length=100)
    door = models.CharField(max_length=20)
    client = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=12, default=OperationState.QUEUED)
    reason = models.TextField(blank=True)
    problem = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    diagnosis = models.JSONField(default=dict)
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField()
    lease_owner = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    wake_at = models.DateTimeField(null=True)
    message_at = models.DateTimeField(null=True)
    poked_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    cancel_requested_by = models.CharField(max_length=100, blank=True)
    queued_behind = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="followers")
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children")
    parent_step = models.CharField(max_length=60, blank=True, default="", db_default="")

    objects = OperationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["target"],
                condition=Q(state__in=OPEN_STATES, queued_behind__isnull=True, parent__isnull=True),
                name="one_open_operation_per_target",
                violation_error_message="Another operation on this target is still open.",
            ),
            models.UniqueConstraint(
                fields=["parent", "parent_step", "name", "target"],
                condition=Q(parent__isnull=False),
                name="one_child_per_step_and_target",
                violation_error_message="This step has started that operation already.",
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | Q(queued_behind__isnull=True), name="child_never_queues"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in OperationState]), name="operation_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=OPEN_STATES) | Q(finished_at__isnull=False), name="final_operation_has_an_end"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "service", "-requested_at"], name="operation_by_service"),
            models.Index(fields=["state", "wake_at"], name="operation_by_wake"),
            models.Index(fields=["-requested_at"], name="operation_newest"),
            models.Index(fields=["tenant", "state"], name="operation_by_state"),
            models.Index(fields=["target"], name="operation_by_target"),
        ]

    def __str__(self) -> str:
        return self.public_id


class Step(models.Model):
    """One step of an operation; `result` is stored once so that a re-run continues after it.

    `attempts` counts every run, `failures` the retried errors in a row, `refusals` those at their end that are
    refusals, `deaths` the workers that died in it.
    """

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)
    title = models.CharField(max_length=120)
    state = models.CharField(max_length=12, default=StepState.PENDING)
    says = models.TextField(blank=True)
    result = models.JSONField(default=dict)
    attempts = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    refusals = models.PositiveIntegerField(default=0, db_default=0)
    deaths = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["operation", "position"], name="one_step_per_position"),
            models.UniqueConstraint(fields=["operation", "name"], name="one_step_per_name"),
        ]

    def __str__(self) -> str:
        return f"{self.operation_id}/{self.name}"


class OperationLogLine(models.Model):
    """What a step had to say while it ran, in order."""

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="log_lines")
    step = models.CharField(max_length=60)
    at = models.DateTimeField()
    text = models.CharField(max_length=1000)

    class Meta:
        ordering = ["id"]


class AuditEntry(models.Model):
    """One row per write attempt, denials and refusals included. Rows are only added, and removed from the old end.

    `digest` is the SHA-256 of `previous`, the digest of the entry before it, and of every other column: who changes,
    removes or inserts a row breaks the chain there. `plan_hash` is the plan that was confirmed. `seal` is the digest
    keyed with MCTL_AUDIT_KEY, which lies outside the database; "" where sealing had not begun.
    """

    at = models.DateTimeField()
    actor = models.CharField(max_length=100)
    door = models.CharField(max_length=20)
    client = models.CharField(max_length=100, blank=True)
    verb = models.CharField(max_length=80)
    tenant = models.CharField(max_length=63, blank=True)
    target = models.CharField(max_length=130)
    operation = models.CharField(max_length=80, blank=True)
    result = models.CharField(max_length=12, choices=[(result.value, result.label) for result in AuditResult])
    reason = models.TextField(blank=True)
    parameters = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)
    plan_hash = models.CharField(max_length=64, blank=True)
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    seal = models.CharField(max_length=64, blank=True, default="", db_default="")

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["tenant", "-id"], name="audit_by_tenant"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
            models.Index(fields=["result", "-id"], name="audit_by_result"),
            models.Index(fields=["at"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.verb} {self.target} {self.result}"

    def computed_digest(self) -> str:
        """What `digest` must be, in hex."""
        columns = {name: getattr(self, name) for name in CHAINED_COLUMNS}
        return chained_digest({**columns, "at": self.at})

    @property
    def is_sealed(self) -> bool:
        """Whether the key that is set here made the seal."""
        return is_seal(self.seal, "entry", self.digest)


CHAINED_COLUMNS = (
    "previous", "actor", "door", "client", "verb", "tenant", "target", "operation", "result", "reason", "parameters",
    "request_id", "plan_hash",
)  # fmt: skip


def chained_digest(columns: Mapping[str, Any]) -> str:
    """SHA-256 over one canonical spelling: JSON with sorted keys, no spaces, ASCII only, the moment in UTC with
    microseconds. `columns` are CHAINED_COLUMNS and `at`."""
    moment: datetime = columns["at"]
    spelled = {**columns, "at": moment.astimezone(UTC).isoformat(timespec="microseconds")}
    text = json.dumps(spelled, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def seal_of(*said: str | int) -> str:
    """HMAC-SHA256 with MCTL_AUDIT_KEY, in hex; "" where no key is set."""
    if not settings.AUDIT_KEY:
        return ""
    return hmac.new(settings.AUDIT_KEY.encode(), ":".join(map(str, said)).encode(), hashlib.sha256).hexdigest()


def is_seal(seal: str, *said: str | int) -> bool:
    """Whether the seal is that of what is said; False where no key is set."""
    return bool(settings.AUDIT_KEY) and hmac.compare_digest(seal, seal_of(*said))


class AuditChain(models.Model):
    """The one row (id 1) that says where the audit's chain begins and ends; its lock orders the writers.

    `digest` is that of the newest entry, `removed_digest` that of the last entry that retention removed: the oldest
    entry left follows it. `written` and `removed` count entries since the beginning. Sealing began after the first
    `unsealed` entries, and `unsealed_digest` is that of the last of them. The two seals are made with MCTL_AUDIT_KEY:
    nobody who has only the database can choose another beginning of the chain or of the sealing.
    """

    digest = models.CharField(max_length=64, blank=True)
    written = models.PositiveBigIntegerField(default=0)
    removed = models.PositiveBigIntegerField(default=0)
    removed_digest = models.CharField(max_length=64, blank=True)
    removed_seal = models.CharField(max_length=64, blank=True, default="", db_default="")
    unsealed = models.PositiveBigIntegerField(default=0, db_default=0)
    unsealed_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    unsealed_seal = models.CharField(max_length=64, blank=True, default="", db_default="")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_audit_chain")]

    @property
    def is_new(self) -> bool:
        return not (self.written or self.removed or self.digest or self.removed_digest)

    @property
    def has_begun_sealing(self) -> bool:
        """False where no key is set here, and where the beginning was changed without it."""
        return is_seal(self.unsealed_seal, "unsealed", self.unsealed, self.unsealed_digest)

    @property
    def is_removal_sealed(self) -> bool:
        return is_seal(self.removed_seal, "removed", self.removed, self.removed_digest)

    def begin_sealing(self) -> None:
        """Entries from the next one on carry a seal, and what is there now is vouched for."""
        self.unsealed, self.unsealed_digest = self.written, self.digest
        self.unsealed_seal = seal_of("unsealed", self.unsealed, self.unsealed_digest)
        self.seal_removal()

    def seal_removal(self) -> None:
        self.removed_seal = seal_of("removed", self.removed, self.removed_digest)
