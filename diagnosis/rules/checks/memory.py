"""A container is killed for exceeding its memory limit, now or again and again of late."""

from collections.abc import Iterator
from datetime import timedelta

from diagnosis.choices import Severity
from diagnosis.rules.facts.containers import Container, Trouble, described
from diagnosis.rules.facts.objects import age, created, dig, name, quantity, stamp, text_at
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Finding, field_fact, finding
from diagnosis.rules.wording import count_of

JUST_NOW = timedelta(hours=1)
OF_LATE = timedelta(hours=24)
OFTEN = timedelta(hours=6)


def was_oom(container: Container) -> bool:
    return container.exit_reason == "OOMKilled"


def is_oom_now(scope: Scope, container: Container) -> bool:
    """Down because of it, killed within the hour, or within the day and often."""
    if not was_oom(container):
        return False
    if container.trouble(scope.now) in {Trouble.CRASHING, Trouble.NOT_READY}:
        return True
    since = age(scope.now, container.ended_at)
    lived = age(scope.now, created(container.pod))
    if since is None or lived is None:
        return False
    return since <= JUST_NOW or (since <= OF_LATE and container.restarts >= 3 and lived / container.restarts <= OFTEN)


def check_oom(scope: Scope) -> Iterator[Finding]:
    by_name: dict[str, list[Container]] = {}
    if scope.job_succeeded:
        return
    for container in scope.containers:
        if is_oom_now(scope, container):
            by_name.setdefault(container.name, []).append(container)
    for containers in by_name.values():
        yield _finding(scope, containers)


def _finding(scope: Scope, containers: list[Container]) -> Finding:
    container = max(containers, key=lambda entry: entry.restarts)
    limit = text_at(container.spec, "resources", "limits", "memory")
    down = [entry for entry in containers if not (entry.running_since and entry.is_ready)]
    said = (
        f"its memory limit of {limit}"
        if limit
        else "the memory it may use (no limit is set on it, so the node's or the pod's)"
    )
    title = f"The {described(container)} is killed for memory (OOMKilled): it uses more than {said}"
    state = "keeps being restarted and is down" if down else "was restarted and is up again, so it will happen again"
    detail = (
        f"{count_of(len(containers), 'pod')} of {scope.service} "
        f"{'is' if len(containers) == 1 else 'are'} concerned; it {state}. "
        f"{count_of(container.restarts, 'restart')}, the last kill at {stamp(container.ended_at)}."
    )
    path = f"status.containerStatuses[{container.name}]"
    evidence = [
        field_fact(
            container.pod,
            f"{path}.lastState.terminated.reason",
            "OOMKilled",
            "killed, out of memory",
            container.ended_at,
        ),
        field_fact(container.pod, f"{path}.lastState.terminated.exitCode", container.exit_code, "exit code"),
        field_fact(
            container.pod,
            f"spec.containers[{container.name}].resources.limits.memory",
            limit or "none",
            "the memory limit",
        ),
        field_fact(container.pod, f"{path}.restartCount", container.restarts, "restarts"),
    ]
    severity = Severity.PROBLEM if down else Severity.WARNING
    params = {"memory_limit": _doubled(limit)} if limit else {}
    label = f"Raise the memory limit to {params['memory_limit']}" if params else "Set a memory limit that fits"
    options = [remedies.scale(scope, label, **params), remedies.see_usage(scope), remedies.roll_back(scope)]
    return finding("oom-killed", title, detail, evidence, options, severity=severity, key=container.name)


def _doubled(limit: str) -> str:
    mib = quantity(limit) * 2 / 2**20
    return f"{mib / 1024:g}Gi" if mib >= 1024 and mib % 1024 == 0 else f"{max(1, round(mib))}Mi"


def oom_words(container: Container) -> str:
    """For notices: when and in which pod the last kill was."""
    return (
        f"{name(container.pod)} ({text_at(container.spec, 'resources', 'limits', 'memory') or 'no limit'}, "
        f"{dig(container.last_exit, 'finishedAt')})"
    )
