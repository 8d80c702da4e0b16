"""Observations that name no cause: they stand under a cause, or alone while no cause is known."""

from collections.abc import Iterator
from datetime import timedelta

from diagnosis.rules.checks.images import PULL_WAITS
from diagnosis.rules.facts.containers import Container, Trouble, containers_of, described
from diagnosis.rules.facts.objects import (
    Obj,
    age,
    condition,
    created,
    is_false,
    name,
    number_at,
    stamp,
    text_at,
)
from diagnosis.rules.facts.rollout import SLOW_START, is_moving
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.report.findings import Evidence, Finding, field_fact, finding, quoted, ref
from diagnosis.rules.wording import count_of, shown

SETTLED = timedelta(minutes=2)
LARGE_IMAGE = timedelta(minutes=10)


def observe(scope: Scope) -> Iterator[Finding]:
    """Every symptom the target shows now, the most precise first."""
    if scope.is_stopped:
        return
    yield from _containers(scope)
    yield from _pods(scope)
    yield from _workload(scope)
    yield from _application(scope)


def _containers(scope: Scope) -> Iterator[Finding]:
    for container in scope.troubled:
        if container.is_init:
            yield _init_fails(scope, container)
        yield _trouble(scope, container)


def _init_fails(scope: Scope, container: Container) -> Finding:
    said = container.waiting_reason or f"exit code {container.exit_code}"
    if container.running_since:
        said = f"still running, since {stamp(container.running_since)}"
    title = f"The {described(container)} fails ({said}), so the pod never starts"
    evidence = [field_fact(container.pod, f"status.initContainerStatuses[{container.name}]", said, "state")]
    return finding("init-container-failing", title, "", evidence, key=container.name)


def _trouble(scope: Scope, container: Container) -> Finding:
    pod, which = container.pod, described(container)
    path = f"status.containerStatuses[{container.name}]"
    if container.trouble(scope.now) == Trouble.CRASHING:
        said = f"{count_of(container.restarts, 'restart')}, last exit code {container.exit_code}"
        evidence = [field_fact(pod, f"{path}.restartCount", container.restarts, "restarts")]
        return finding("crash-loop", f"The {which} restarts again and again: {said}", "", evidence, key=container.name)
    if container.waiting_reason in PULL_WAITS:
        evidence = [field_fact(pod, f"{path}.state.waiting.reason", container.waiting_reason, "waits")]
        title = f"The image {container.image} cannot be pulled"
        return finding("image-pull-failing", title, "", evidence, key=container.image)
    if container.trouble(scope.now) == Trouble.WAITING:
        said = shown(container.waiting_message or container.waiting_reason, 220)
        evidence = [quoted(pod, f"{path}.state.waiting.message", said, container.waiting_reason)]
        title = f"The {which} cannot be set up: {said}"
        return finding("container-config-error", title, "", evidence, key=container.name)
    evidence = [field_fact(pod, f"{path}.ready", False, "not ready")]
    return finding("pod-not-ready", f"The {which} runs but is not ready", "", evidence, key=container.name)


def _pods(scope: Scope) -> Iterator[Finding]:
    for pod in scope.pods:
        since = age(scope.now, created(pod))
        unscheduled = is_false(pod, "PodScheduled")
        if (
            unscheduled
            and text_at(condition(pod, "PodScheduled"), "reason") != "SchedulingGated"
            and (since or SETTLED) >= timedelta(seconds=30)
        ):
            message = text_at(condition(pod, "PodScheduled"), "message")
            evidence = [
                Evidence(
                    "object",
                    "the scheduler's words",
                    ref(pod),
                    "status.conditions[PodScheduled].message",
                    shown(message),
                    None,
                    True,
                )
            ]
            yield finding(
                "pods-pending",
                f"Pods wait for a node: {shown(message, 200)}",
                f"Pending since {stamp(created(pod))}.",
                evidence,
            )
        elif _never_started(pod) and since is not None and since > SLOW_START:
            warnings = [event for event in scope.events_of(pod) if event.type == "Warning"]
            if not warnings and since <= LARGE_IMAGE:
                continue
            said = shown(warnings[-1].message, 240) if warnings else "no event says why"
            evidence = (
                [Evidence("event", warnings[-1].reason, ref(pod), "events[].message", said, warnings[-1].last, True)]
                if warnings
                else []
            )
            yield finding(
                "pods-pending",
                f"The pod {name(pod)} has not started since {stamp(created(pod))}: {said}",
                "",
                evidence,
                key="starting",
            )


def _never_started(pod: Obj) -> bool:
    waits = [entry for entry in containers_of(pod) if entry.waiting_reason in {"ContainerCreating", "PodInitializing"}]
    return (
        text_at(pod, "status", "phase") == "Pending"
        and bool(waits)
        and not any(entry.running_since for entry in containers_of(pod))
    )


def _workload(scope: Scope) -> Iterator[Finding]:
    workload = scope.workload
    if workload is None:
        return
    progressing = condition(workload, "Progressing")
    if progressing.get("status") == "False" and not scope.is_complete:
        reason = text_at(progressing, "reason")
        evidence = [field_fact(workload, "status.conditions[Progressing].reason", reason, "stalled")]
        title = f"The rollout of {name(workload)} does not get further: {reason}"
        yield finding("rollout-stalled", title, "", evidence)
    ready = len(scope.ready_pods)
    settled = bool(scope.troubled) or not is_moving(scope)
    if is_false(workload, "Available") and ready < scope.desired and settled:
        evidence = [field_fact(workload, "status.conditions[Available].status", "False", "unavailable")]
        title = f"{name(workload)} has {ready} of {count_of(scope.desired, 'pod')} ready"
        yield finding("deployment-unavailable", title, "", evidence)
    yield from _ended(scope)


def _ended(scope: Scope) -> Iterator[Finding]:
    """Jobs that failed and pods that were evicted."""
    for job in scope.jobs[:1]:
        failed = condition(job, "Failed")
        if failed.get("status") == "True":
            said = text_at(failed, "reason") or "Failed"
            evidence = [field_fact(job, "status.conditions[Failed].reason", said, shown(text_at(failed, "message")))]
            detail = f"{count_of(number_at(job, 'status', 'failed'), 'pod')} failed."
            yield finding("job-failed", f"The Job {name(job)} failed: {said}", detail, evidence)
    evicted = [pod for pod in scope.gone_pods if text_at(pod, "status", "reason") == "Evicted"]
    if evicted and not scope.is_complete:
        message = text_at(evicted[0], "status", "message")
        evidence = [quoted(evicted[0], "status.message", message, "evicted")]
        yield finding("pod-evicted", f"The pod {name(evicted[0])} was evicted: {shown(message, 160)}", "", evidence)


def _application(scope: Scope) -> Iterator[Finding]:
    app = scope.application
    if app is None or not scope.sole_workload:
        return
    if text_at(app, "status", "health", "status") == "Degraded" and not scope.is_complete:
        yield finding(
            "argocd-degraded",
            f"Argo CD reports {name(app)} as Degraded",
            "",
            [field_fact(app, "status.health.status", "Degraded", "health")],
        )
