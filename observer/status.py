"""From what was read to the columns of a service's row: pure rules, no clock, no database."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.credentials import mask_credentials
from core.words import Health, Sync, Tone
from integrations.kubernetes import PodRow
from observer.rows import ApplicationRow, WorkloadRow, tag_of
from services.models import URGENCY_BROKEN, URGENCY_BUSY, URGENCY_QUIET, URGENCY_WARNING

# Argo CD looks at git every 180 s: until then a difference is a commit under way, not trouble.
SYNC_GRACE = timedelta(seconds=180)
TONE_ORDER = (Tone.BAD, Tone.WARN, Tone.BUSY, Tone.OK, Tone.UNKNOWN, Tone.IDLE)
SEVERITY_TONES = {"problem": Tone.BAD, "warning": Tone.WARN, "notice": Tone.BUSY}


@dataclass(frozen=True, slots=True)
class Observed:
    """All that is known of one service besides its values file. `changed_at` is its last commit in git.

    `problem` is why its values file cannot be read, empty where it can. `finding` is the diagnosis, {} where none.
    `shared_host` is a host that another service has too, empty where there is none.

    A source that was never read is unknown: `wanted_by_git` and `pods` are None then, `application` without
    `applications_known` and `workload` without `workloads_known` say nothing about absence.
    """

    in_git: bool
    wanted_by_git: int | None
    changed_at: datetime | None
    problem: str
    application: ApplicationRow | None
    workload: WorkloadRow | None
    pods: Sequence[PodRow] | None
    finding: Mapping[str, Any]
    shared_host: str = ""
    applications_known: bool = True
    workloads_known: bool = True


def columns(seen: Observed, moment: datetime) -> dict[str, Any]:
    """The observed columns of `services.Service`, without times. Those of a source that was never read are left out."""
    numbers = {"replicas_wanted": replicas_wanted(seen), "replicas_ready": replicas_ready(seen)}
    known: dict[str, Any] = {name: number for name, number in numbers.items() if number is not None}
    if seen.applications_known:
        known |= {
            "sync": sync_of(seen).value,
            "synced_revision": seen.application.revision[:64] if seen.application else "",
        }
    if seen.pods is not None:
        known |= {
            "running_tag": running_tag(seen.pods)[:128],
            "pods": pod_tones(seen.pods),
            "restarts": sum(pod.restarts for pod in seen.pods),
        }
    return known | judgement(seen, moment) if is_judged(seen) else known


def judgement(seen: Observed, moment: datetime) -> dict[str, Any]:
    health, sync = health_of(seen), sync_of(seen)
    top = top_finding(seen.finding)
    cause = cause_of(seen, top)
    return {
        "health": health.value,
        "app_message": message_of(seen),
        "cause_id": cause[0],
        "cause": cause[1],
        "cause_tone": cause[2],
        "diagnosis": dict(seen.finding),
        "urgency": urgency_of(seen, health, sync, top, moment),
    }


def is_judged(seen: Observed) -> bool:
    """Whether what was read says how the service is. Else what was said last stays."""
    return bool(seen.application or seen.workload) or (seen.applications_known and seen.workloads_known)


def replicas_wanted(seen: Observed) -> int | None:
    return seen.workload.wanted if seen.workload else seen.wanted_by_git


def replicas_ready(seen: Observed) -> int | None:
    if seen.workload:
        return seen.workload.ready
    return None if seen.pods is None else sum(pod.is_ready for pod in seen.pods)


def health_of(seen: Observed) -> Health:
    """Argo CD's word; the workload's own state where no Application speaks for it."""
    if seen.application is not None:
        word = Health.read(seen.application.health)
        # Argo CD calls an Application without objects healthy.
        return Health.MISSING if word is Health.HEALTHY and never_ran(seen) else word
    workload = seen.workload
    if workload is None:
        return Health.MISSING if seen.in_git and is_judged(seen) else Health.UNKNOWN
    if workload.stalled or workload.message:
        return Health.DEGRADED
    if not workload.wanted:
        return Health.SUSPENDED
    settled = workload.is_current and workload.ready >= workload.wanted and workload.updated >= workload.wanted
    return Health.HEALTHY if settled else Health.PROGRESSING


def never_ran(seen: Observed) -> bool:
    """Whether pods are wanted and it is known that there is neither a workload nor a pod."""
    absent = seen.workloads_known and seen.workload is None and seen.pods is not None and not seen.pods
    return seen.in_git and absent and bool(seen.wanted_by_git)


def sync_of(seen: Observed) -> Sync:
    return Sync.read(seen.application.sync) if seen.application else Sync.UNKNOWN


def message_of(seen: Observed) -> str:
    if seen.application and seen.application.message:
        return mask_credentials(seen.application.message)
    return mask_credentials(seen.workload.message) if seen.workload else ""


def looks_unhealthy(seen: Observed, moment: datetime) -> bool:
    """Whether the cluster is worth reading again for this service. A healthy one needs no finding.

    One of which nothing could be read is no more unhealthy than before.
    """
    if not is_judged(seen):
        return False
    if health_of(seen) not in {Health.HEALTHY, Health.SUSPENDED}:
        return True
    if sync_of(seen) is not Sync.SYNCED and seen.application is not None and not in_grace(seen, moment):
        return True
    if seen.application is not None and seen.application.operation in {"Failed", "Error"}:
        return True
    short = seen.workload is not None and seen.workload.ready < seen.workload.wanted
    return short or any(pod.tone in {Tone.BAD, Tone.WARN} for pod in seen.pods or ())


def in_grace(seen: Observed, moment: datetime) -> bool:
    return seen.changed_at is not None and moment - seen.changed_at < SYNC_GRACE


def urgency_of(seen: Observed, health: Health, sync: Sync, top: Mapping[str, Any] | None, moment: datetime) -> int:
    fresh = in_grace(seen, moment)
    severity = top.get("severity") if top else ""
    if health is Health.DEGRADED or severity == "problem" or (health is Health.MISSING and not fresh):
        return URGENCY_BROKEN
    differs = sync is Sync.OUT_OF_SYNC
    if severity == "warning" or seen.problem or seen.shared_host or not seen.in_git or (differs and not fresh):
        return URGENCY_WARNING
    settled = health in {Health.HEALTHY, Health.SUSPENDED}
    if settled and any(pod.tone is Tone.BAD for pod in seen.pods or ()):
        return URGENCY_WARNING
    return URGENCY_QUIET if settled and not differs else URGENCY_BUSY


def top_finding(finding: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The root cause: the first finding that says something is so."""
    for entry in finding.get("findings") or []:
        if entry.get("verdict") in {"confirmed", "suspected"}:
            return dict(entry)
    return None


def cause_of(seen: Observed, top: Mapping[str, Any] | None) -> tuple[str, str, str]:
    """Id, sentence and tone of what the row says first; three empty texts where all is well."""
    if top is not None:
        tone = SEVERITY_TONES.get(str(top.get("severity")), Tone.WARN)
        return str(top.get("cause", ""))[:60], str(top.get("title", "")), tone.value
    if seen.problem:
        return "values-unreadable", "Its values file cannot be read", Tone.WARN.value
    if seen.shared_host:
        # Do not name the other service: everyone who sees this one reads it.
        return "host-conflict", f"Another service has {seen.shared_host} too", Tone.WARN.value
    if not seen.in_git:
        return "not-in-git", "No longer in git, still in the cluster", Tone.WARN.value
    return "", "", ""


def running_tag(pods: Sequence[PodRow]) -> str:
    """The tag most ready pods run; empty while none is ready."""
    tags = Counter(tag_of(pod.image) for pod in pods if pod.is_ready)
    return max(tags, key=lambda tag: (tags[tag], tag)) if tags else ""


def pod_tones(pods: Sequence[PodRow]) -> list[list[Any]]:
    """`[[tone, count], ...]`, the worst first."""
    counts = Counter(pod.tone for pod in pods)
    return [[tone.value, counts[tone]] for tone in TONE_ORDER if counts[tone]]
