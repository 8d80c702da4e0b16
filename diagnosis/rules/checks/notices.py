"""Harmless states worth a line: on purpose, under way, or long past."""

from collections.abc import Iterator

from core.patterns import Pattern
from diagnosis.choices import Severity
from diagnosis.rules.checks.memory import is_oom_now, oom_words, was_oom
from diagnosis.rules.facts.container_logs import log_of
from diagnosis.rules.facts.containers import Trouble, containers_of
from diagnosis.rules.facts.log_readings import readings
from diagnosis.rules.facts.objects import created, dig, kind, name, stamp, text_at
from diagnosis.rules.facts.rollout import is_moving, state_of_pods
from diagnosis.rules.facts.scope import JOBS, Scope
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Finding, field_fact, finding
from diagnosis.rules.report.log_evidence import log_fact
from diagnosis.rules.wording import count_of, listed

SAMPLE, MANY = 6, 3
LEVEL = Pattern(r"\b(?:ERROR|FATAL|CRITICAL|SEVERE)\b|\"level\"\s*:\s*(?:\"(?:error|fatal)\"|50|60)")


def check_stopped(scope: Scope) -> Iterator[Finding]:
    workload = scope.workload
    if workload is None or not scope.is_stopped:
        return
    if scope.workload_kind in JOBS:
        evidence = [field_fact(workload, "spec.suspend", True, "suspended")]
        yield finding(
            "cronjob-suspended",
            f"{kind(workload)} {name(workload)} is suspended, so it does not run",
            "On purpose, as far as the cluster can tell.",
            evidence,
            [remedies.say("Set suspend to false to run it again")],
        )
        return
    evidence = [field_fact(workload, "spec.replicas", 0, "wanted")]
    title = f"{scope.service} is scaled to zero on purpose, so nothing of it runs"
    yield finding(
        "scaled-to-zero", title, "Nothing needs doing.", evidence, [remedies.scale(scope, "Scale up again", replicas=1)]
    )


def check_rollout(scope: Scope) -> Iterator[Finding]:
    """Pods are starting within their normal time. Whether something else is wrong is settled by the ranking."""
    if scope.is_hidden or not is_moving(scope):
        return
    if scope.in_trouble(Trouble.CRASHING, Trouble.WAITING, Trouble.NOT_READY):
        return
    since = max((moment for moment in map(created, scope.new_pods) if moment), default=None)
    started = f", its newest pod made at {stamp(since)}" if since else ""
    title = f"A rollout of {scope.service} is under way: {state_of_pods(scope)}{started}"
    evidence = [
        field_fact(
            scope.workload,
            "status.conditions[Progressing]",
            dig(scope.workload, "status", "updatedReplicas"),
            "updated replicas",
        )
    ]
    yield finding(
        "rollout-in-progress",
        title,
        "Within its normal time; nothing needs doing.",
        evidence,
        [remedies.say("Wait; it ends by itself")],
    )


def check_past_restarts(scope: Scope) -> Iterator[Finding]:
    past = [
        entry for entry in scope.containers
        if entry.restarts and entry.is_ready and entry.trouble(scope.now) == Trouble.NONE
        and not is_oom_now(scope, entry)
    ]  # fmt: skip
    if not past or scope.job_succeeded:
        return
    newest = max(past, key=lambda entry: str(entry.ended_at or ""))
    why = (
        "out of memory (OOMKilled)"
        if was_oom(newest)
        else f"{newest.exit_reason or 'ended'}, exit code {newest.exit_code}"
    )
    total = sum(entry.restarts for entry in past)
    title = f"{count_of(total, 'restart')} in the past, the last at {stamp(newest.ended_at)} ({why}); it has run since"
    evidence = [
        field_fact(
            entry.pod,
            f"status.containerStatuses[{entry.name}].restartCount",
            entry.restarts,
            oom_words(entry) if was_oom(entry) else "restarts",
            entry.ended_at,
        )
        for entry in past[:4]
    ]
    yield finding("past-restarts", title, "Nothing needs doing now.", evidence, [remedies.read_logs(scope)])


def check_leftovers(scope: Scope) -> Iterator[Finding]:
    """Failed pod objects of a workload that is complete without them."""
    left = [pod for pod in scope.gone_pods if not containers_running(pod)]
    if not left or not scope.is_complete or scope.workload_kind in {*JOBS, "Pod"}:
        return
    reasons = sorted({text_at(pod, "status", "reason") or "Failed" for pod in left})
    title = f"{count_of(len(left), 'failed pod')} left over ({listed(reasons)}), although {state_of_pods(scope)}"
    evidence = [
        field_fact(
            pod, "status.reason", text_at(pod, "status", "reason") or "Failed", text_at(pod, "status", "message")
        )
        for pod in left[:4]
    ]
    yield finding(
        "stale-evicted-pods",
        title,
        "They use nothing and may be deleted.",
        evidence,
        [remedies.say(f"Delete the failed pods, such as {name(left[0])}")],
    )


def check_log_errors(scope: Scope) -> Iterator[Finding]:
    """Symptom: a ready program logs errors right now, and no check knows what they mean."""
    explained = {reading.container.name for reading in readings(scope) if reading.match}
    for container in [entry for entry in scope.containers if entry.is_ready and entry.name not in explained][:SAMPLE]:
        tail = [line for line in log_of(scope, container).lines[-20:] if line.strip()]
        errors = [line for line in tail if LEVEL.search(line)]
        if len(errors) >= MANY:
            title = f"{len(errors)} of the last {len(tail)} log lines of container {container.name} are errors"
            evidence = [log_fact(container, errors[-1], "the last of them")]
            options = [remedies.read_logs(scope)]
            yield finding(
                "app-log-errors", title, "The pod is ready all the same.", evidence, options, severity=Severity.NOTICE
            )
            return


def containers_running(pod: dict[str, object]) -> bool:
    return any(entry.running_since for entry in containers_of(pod))
