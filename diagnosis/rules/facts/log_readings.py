"""What the logs of the target's containers say, read once for all checks.

Crashing containers are read for any cause; containers that run but are not ready, or are killed by a probe, only for
trouble with things outside them; ready ones only for errors that are repeated, recent and not followed by better news.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.patterns import Pattern
from diagnosis.rules.facts.container_logs import Log, log_of
from diagnosis.rules.facts.containers import Container, Trouble
from diagnosis.rules.facts.objects import when
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.patterns.log_lines import LogMatch, match_line, match_log

OUTSIDE = frozenset(
    {"connection", "db-connection-failed", "hostname-unresolvable", "db-auth-failed", "db-too-many-connections",
     "rbac-forbidden", "app-certificate-expired", "volume-full"}
)  # fmt: skip
ERROR = Pattern(r"(?i)\b(?:error|fatal|critical|severe|panic|exception|err)\b|\"level\"\s*:\s*(?:50|60)\b|^E\d{4} ")
GOOD_NEWS = Pattern(r"(?i)\b(?:re)?connected\b|recovered|succeeded|successful|is healthy|back online|restored")
STAMP = Pattern(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+\-]\d\d:?\d\d)?")
RECENT = timedelta(minutes=15)
# How often a ready program must say so; a refused permission is refused for good.
REPEATED = {"rbac-forbidden": 1, "db-too-many-connections": 2, "volume-full": 2}
MOST_OF_A_NAME = 6
KILL_SLACK = timedelta(seconds=45)
KILLS_REPEAT_WITHIN = timedelta(hours=1)
# SIGTERM, and SIGKILL after the grace period.
KILL_CODES = frozenset({143, 137})


@dataclass(frozen=True)
class Reading:
    """`match` is None when the log (perhaps missing) names no cause. `is_quiet`: the container is up and ready."""

    container: Container
    log: Log
    match: LogMatch | None
    is_crash: bool = False
    is_quiet: bool = False


def readings(scope: Scope) -> list[Reading]:
    """One per container in trouble and one per ready container with telling errors; computed once per scope."""
    if "readings" not in scope.memo:
        scope.memo["readings"] = _read(scope)
    found: list[Reading] = scope.memo["readings"]
    return found


def _read(scope: Scope) -> list[Reading]:
    found = [_troubled(scope, entry) for entry in _few(scope.in_trouble(Trouble.CRASHING, Trouble.NOT_READY))]
    names = {entry.container.name for entry in found}
    if scope.job_succeeded or scope.is_stopped:
        return found
    calm = [
        entry for entry in scope.containers if entry.running_since and entry.name not in names and not entry.is_init
    ]
    return found + [reading for reading in (_quiet(scope, entry) for entry in _few(calm)) if reading]


def _few(containers: list[Container]) -> list[Container]:
    """The first of each container name: fifty logs of one crash tell it no better than six."""
    seen: Counter[str] = Counter()
    chosen = []
    for container in containers:
        seen[container.name] += 1
        if seen[container.name] <= MOST_OF_A_NAME:
            chosen.append(container)
    return chosen


def _troubled(scope: Scope, container: Container) -> Reading:
    log = log_of(scope, container)
    own_end = container.trouble(scope.now) == Trouble.CRASHING and not killed_by(scope, container)
    if own_end and container.exit_reason != "OOMKilled":
        return Reading(container, log, match_log(log.telling) or match_log(log.lines), is_crash=True)
    return Reading(container, log, _outside(log.telling[-80:]))


def _outside(lines: list[str]) -> LogMatch | None:
    """The last line that blames something outside the container, if it is said more than once or last."""
    blaming = [_strong(line) for line in lines if not GOOD_NEWS.search(line)]
    found = [match for match in blaming if match and match.cause in OUTSIDE]
    if not found:
        return None
    last = found[-1]
    alike = sum(1 for match in found if match.cause == last.cause)
    after = lines[lines.index(last.line) + 1 :]
    if any(GOOD_NEWS.search(line) for line in after) or (alike == 1 and len(after) > 5):
        return None
    return replace(last, count=alike)


def _strong(line: str) -> LogMatch | None:
    found = match_line(line)
    return found[1] if found and (found[0] == 2 or found[1].cause in OUTSIDE) else None


def _quiet(scope: Scope, container: Container) -> Reading | None:
    log = log_of(scope, container)
    tail = log.telling[-60:]
    match = _outside([line for line in tail if _alarms(line) or GOOD_NEWS.search(line)])
    if match is None or match.count < REPEATED.get(match.cause, 3) or match.cause == "db-auth-failed":
        return None
    moment = _stamp(match.line) or _stamp(log.lines[-1])
    if moment is not None and scope.now - moment > RECENT:
        return None
    newest = [line for line in log.lines if line.strip()][-40:]
    return Reading(container, log, match, is_quiet=True) if match.line in newest else None


def _alarms(line: str) -> bool:
    """A line of an unalarmed program that counts: it says what failed, or calls itself an error."""
    found = match_line(line)
    return found is not None and (found[0] == 2 or bool(ERROR.search(line)))


def _stamp(line: str) -> datetime | None:
    found = STAMP.search(line)
    return when(found.group().replace(",", ".").replace(" ", "T", 1)) if found else None


def killed_by(scope: Scope, container: Container) -> str:
    """ "liveness" or "startup" when the kubelet ended the container's last life for that probe, else ""."""
    ended = container.ended_at
    for event in reversed(scope.events_of(container.pod)):
        if event.reason != "Killing" or event.container not in {"", container.name}:
            continue
        kind = "startup" if "failed startup probe" in event.message else "liveness"
        if "probe" not in event.message or event.last is None:
            continue
        slack = KILL_SLACK + timedelta(seconds=container_grace_s(container))
        close = ended is not None and abs(event.last - ended) <= slack
        # The kubelet drops events that repeat, after 25 at the latest: a later death by the same signals has none.
        again = (
            ended is not None
            and timedelta() <= ended - event.last <= KILLS_REPEAT_WITHIN
            and container.exit_code in KILL_CODES
            and container.exit_reason != "OOMKilled"
        )
        if close or again or ended is None:
            return kind
    return ""


def container_grace_s(container: Container) -> int:
    grace = container.pod.get("spec", {}).get("terminationGracePeriodSeconds")
    return grace if isinstance(grace, int) else 30
