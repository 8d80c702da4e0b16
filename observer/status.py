"""From what was read to the columns of a service's row: pure rules, no clock, no database.

The kinds in `observer/kinds/` say what their objects mean. Here it is combined, and git and the diagnosis are added.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.credentials import mask_credentials
from core.words import Health, Sync, Tone
from observer.kinds import SERVICE_KINDS
from observer.kinds.declared import Evidence, Reading, Shows
from services.models import URGENCY_BROKEN, URGENCY_BUSY, URGENCY_QUIET, URGENCY_WARNING

# Argo CD looks at git every 180 s: until then a difference is a commit under way, not trouble.
SYNC_GRACE = timedelta(seconds=180)
SEVERITY_TONES = {"problem": Tone.BAD, "warning": Tone.WARN, "notice": Tone.BUSY}
NUMBERS = ("replicas_wanted", "replicas_ready")
JUDGEMENT = ("health", "app_message", "cause_id", "cause", "cause_tone", "diagnosis", "urgency")
OBSERVED_COLUMNS = (*(name for kind in SERVICE_KINDS for name in kind.column_names), *NUMBERS, *JUDGEMENT)


@dataclass(frozen=True, slots=True)
class Observed:
    """All that is known of one service besides its values file. `changed_at` is its last commit in git.

    `problem` is why its values file cannot be read, empty where it can. `finding` is the diagnosis, {} where none.
    `shared_host` is a host that another service has too, empty where there is none. `wanted_by_git` is None while git
    was never read. `evidence` has one entry for each kind, in the order in which they are believed.
    """

    in_git: bool
    wanted_by_git: int | None
    changed_at: datetime | None
    problem: str
    evidence: tuple[Evidence, ...]
    finding: Mapping[str, Any]
    shared_host: str = ""

    def readings(self) -> list[Reading]:
        return [reading for _, _, reading in self.evidence]


def columns(seen: Observed, moment: datetime) -> dict[str, Any]:
    """The observed columns of `services.Service`, without times. Those of a source that was never read are left out."""
    numbers = {"replicas_wanted": replicas_wanted(seen), "replicas_ready": replicas_ready(seen)}
    known: dict[str, Any] = {name: number for name, number in numbers.items() if number is not None}
    for kind, rows, _ in seen.evidence:
        if rows is not None:
            known |= kind.columns(rows)
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
    """Whether what was read says how the service is. Otherwise what was said last stays."""
    if any(reading.health is not None for reading in seen.readings()):
        return True
    return all(rows is not None for kind, rows, _ in seen.evidence if kind.shows is not Shows.NEVER)


def replicas_wanted(seen: Observed) -> int | None:
    return next((reading.wanted for reading in seen.readings() if reading.wanted is not None), seen.wanted_by_git)


def replicas_ready(seen: Observed) -> int | None:
    return next((reading.ready for reading in seen.readings() if reading.ready is not None), None)


def health_of(seen: Observed) -> Health:
    """The word of the first kind that has one."""
    word = next((reading.health for reading in seen.readings() if reading.health is not None), None)
    if word is None:
        return Health.MISSING if seen.in_git and is_judged(seen) else Health.UNKNOWN
    # Argo CD calls an Application without objects healthy.
    return Health.MISSING if word is Health.HEALTHY and never_ran(seen) else word


def never_ran(seen: Observed) -> bool:
    """Whether git wants pods and it is known that nothing of the service runs."""
    running = [rows for kind, rows, _ in seen.evidence if kind.is_running]
    is_absent = all(rows is not None and not rows for rows in running)
    return seen.in_git and is_absent and bool(seen.wanted_by_git)


def sync_of(seen: Observed) -> Sync:
    return next((reading.sync for reading in seen.readings() if reading.sync is not None), Sync.UNKNOWN)


def message_of(seen: Observed) -> str:
    message = next((reading.message for reading in seen.readings() if reading.message), "")
    return mask_credentials(message)


def looks_unhealthy(seen: Observed, moment: datetime) -> bool:
    """Whether the cluster is worth reading again for this service. A healthy one needs no finding.

    One of which nothing could be read is no more unhealthy than before.
    """
    if not is_judged(seen):
        return False
    if health_of(seen) not in {Health.HEALTHY, Health.SUSPENDED}:
        return True
    is_unsynced = any(reading.sync not in {None, Sync.SYNCED} for reading in seen.readings())
    if is_unsynced and not in_grace(seen, moment):
        return True
    return any(reading.is_suspicious for reading in seen.readings())


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
    if settled and any(reading.is_failing for reading in seen.readings()):
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
