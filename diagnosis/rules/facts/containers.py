"""One container of one pod: what the spec asks, what the status says, and whether it is in trouble now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from diagnosis.rules.facts.objects import Obj, dig, items, mapping, number_at, text_at, when

HARMLESS_WAITS = frozenset({"", "ContainerCreating", "PodInitializing"})
STEADY_AFTER = timedelta(minutes=10)
GRACE = timedelta(minutes=2)
INIT_PATIENCE = timedelta(minutes=5)


class Trouble(StrEnum):
    """NONE; WAITING: cannot be started; CRASHING: ends again and again; NOT_READY: runs, but a probe says no."""

    NONE = ""
    WAITING = "waiting"
    CRASHING = "crashing"
    NOT_READY = "not ready"


@dataclass(frozen=True)
class Container:
    pod: Obj
    spec: Obj
    status: Obj
    is_init: bool

    @property
    def name(self) -> str:
        return text_at(self.spec, "name") or text_at(self.status, "name")

    @property
    def image(self) -> str:
        return text_at(self.spec, "image") or text_at(self.status, "image")

    @property
    def waiting_reason(self) -> str:
        return text_at(self.status, "state", "waiting", "reason")

    @property
    def waiting_message(self) -> str:
        return text_at(self.status, "state", "waiting", "message")

    @property
    def restarts(self) -> int:
        return number_at(self.status, "restartCount")

    @property
    def is_ready(self) -> bool:
        return bool(self.status.get("ready"))

    @property
    def is_sidecar(self) -> bool:
        """An init container that is meant to keep running."""
        return self.is_init and self.spec.get("restartPolicy") == "Always"

    @cached_property
    def running_since(self) -> datetime | None:
        return when(dig(self.status, "state", "running", "startedAt"))

    @cached_property
    def last_exit(self) -> Obj:
        """The newest terminated state: the present one, else the last one; {} when it never ended."""
        return mapping(self.status, "state", "terminated") or mapping(self.status, "lastState", "terminated")

    @property
    def exit_code(self) -> int | None:
        code = self.last_exit.get("exitCode")
        return code if isinstance(code, int) else None

    @property
    def exit_reason(self) -> str:
        return text_at(self.last_exit, "reason")

    @cached_property
    def ended_at(self) -> datetime | None:
        return when(self.last_exit.get("finishedAt"))

    @property
    def ports(self) -> list[Obj]:
        return items(self.spec, "ports")

    def trouble(self, now: datetime) -> Trouble:
        """Judged from the present state; restarts that lie back and a start within its time are no trouble."""
        if self.waiting_reason == "CrashLoopBackOff":
            return Trouble.CRASHING
        if self.waiting_reason not in HARMLESS_WAITS:
            return Trouble.WAITING
        if mapping(self.status, "state", "terminated"):
            return Trouble.CRASHING if self._ended_badly else Trouble.NONE
        if not self.running_since:
            return Trouble.NONE
        if self._still_crashing(now):
            return Trouble.CRASHING
        if self.is_init:
            hangs = not self.is_sidecar and now - self.running_since > INIT_PATIENCE
            return Trouble.NOT_READY if hangs else Trouble.NONE
        if not self.is_ready and now - self.running_since > self.start_budget:
            return Trouble.NOT_READY
        return Trouble.NONE

    @property
    def _ended_badly(self) -> bool:
        if self.exit_code not in (0, None):
            return True
        return not self.is_init and text_at(self.pod, "spec", "restartPolicy") in {"", "Always"}

    def _still_crashing(self, now: datetime) -> bool:
        """Running at this instant, but it has not yet lived as long as the lives before it that ended badly."""
        running, ended = self.running_since, self.ended_at
        if not running or not ended or self.restarts < 2 or now - running > STEADY_AFTER:
            return False
        if self.exit_code == 0 and self.is_ready:
            return False
        started = when(self.last_exit.get("startedAt")) or ended
        return now - running <= max(2 * (ended - started), timedelta(seconds=30))

    @property
    def start_budget(self) -> timedelta:
        """How long after its start a container may be unready without being in trouble."""
        startup, readiness = mapping(self.spec, "startupProbe"), mapping(self.spec, "readinessProbe")
        if startup:
            return max(GRACE, timedelta(seconds=probe_budget_s(startup)) + timedelta(seconds=30))
        if readiness:
            return max(GRACE, timedelta(seconds=probe_budget_s(readiness) + 30))
        return GRACE


def probe_budget_s(probe: Obj) -> int:
    """Seconds from the container's start until the probe has failed often enough to count."""
    return number_at(probe, "initialDelaySeconds") + (number_at(probe, "failureThreshold") or 3) * (
        number_at(probe, "periodSeconds") or 10
    )


def containers_of(pod: Obj) -> list[Container]:
    """Init containers first; a container without status yet is left out."""
    found: list[Container] = []
    for spec_key, status_key, is_init in (
        ("initContainers", "initContainerStatuses", True),
        ("containers", "containerStatuses", False),
    ):
        statuses = {text_at(status, "name"): status for status in items(pod, "status", status_key)}
        found += [
            Container(pod, spec, statuses[text_at(spec, "name")], is_init)
            for spec in items(pod, "spec", spec_key)
            if text_at(spec, "name") in statuses
        ]
    return found


def is_ready(pod: Obj) -> bool:
    return any(
        entry.get("type") == "Ready" and entry.get("status") == "True" for entry in items(pod, "status", "conditions")
    )


def is_over(pod: Obj) -> bool:
    """Succeeded or Failed: nothing of it runs any more."""
    return text_at(pod, "status", "phase") in {"Succeeded", "Failed"}


def is_leaving(pod: Obj) -> bool:
    return dig(pod, "metadata", "deletionTimestamp") is not None


def pod_node(pod: Obj) -> str:
    return text_at(pod, "spec", "nodeName")


def described(container: Container) -> str:
    """ "container web" or "init container migrate", for sentences."""
    return f"{'init container' if container.is_init else 'container'} {container.name}"
