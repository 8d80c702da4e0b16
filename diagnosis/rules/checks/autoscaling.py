"""Autoscaler and disruption budget of the target."""

from collections.abc import Iterator
from datetime import timedelta

from core.patterns import Pattern
from diagnosis.choices import Severity
from diagnosis.rules.facts.containers import pod_node
from diagnosis.rules.facts.objects import (
    Obj,
    age,
    condition,
    created,
    dig,
    is_false,
    is_true,
    items,
    kind,
    mapping,
    name,
    number_at,
    text_at,
    when,
)
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Evidence, Finding, Remedy, field_fact, finding, ref
from diagnosis.rules.wording import count_of, listed, shown

WARM_UP = timedelta(minutes=3)
# Said whatever state the pods are in.
INDEPENDENT = Pattern(
    r"missing request for|could not find the requested resource|no matches "
    r"for|unable to fetch metrics from (?:custom|external)"
)


def autoscalers(scope: Scope) -> list[Obj]:
    """HPAs that scale the target, or are meant to (by application or name) and name something that is not there."""
    itself = scope.asked_about("HorizontalPodAutoscaler")
    if itself:
        return itself
    workload = scope.workload
    if workload is None:
        return []
    found = []
    for obj in scope.snapshot.all("HorizontalPodAutoscaler", scope.namespace):
        wanted = mapping(obj, "spec", "scaleTargetRef")
        exists = scope.snapshot.get(str(wanted.get("kind")), scope.namespace, str(wanted.get("name"))) is not None
        if (wanted.get("kind"), wanted.get("name")) == (kind(workload), name(workload)) or (
            not exists
            and (
                scope.in_application(obj)
                or name(obj).startswith((name(workload), scope.service))
                or name(workload) in str(wanted.get("name"))
            )
        ):
            found.append(obj)
    return found


def check_autoscalers(scope: Scope) -> Iterator[Finding]:
    for obj in autoscalers(scope):
        wanted = mapping(obj, "spec", "scaleTargetRef")
        target = scope.snapshot.get(str(wanted.get("kind")), scope.namespace, str(wanted.get("name")))
        reason = text_at(condition(obj, "AbleToScale"), "reason")
        if target is None and (reason == "FailedGetScale" or scope.snapshot.readable(str(wanted.get("kind")))):
            yield _target_missing(scope, obj, wanted)
        elif (
            not scope.is_stopped
            and is_false(obj, "ScalingActive")
            and text_at(condition(obj, "ScalingActive"), "reason") != "ScalingDisabled"
        ):
            yield from _inactive(scope, obj)
        elif _at_max(obj):
            yield _maximum(scope, obj)


def _target_missing(scope: Scope, obj: Obj, wanted: Obj) -> Finding:
    message = text_at(condition(obj, "AbleToScale"), "message")
    title = f"The autoscaler {name(obj)} targets {wanted.get('kind')} {wanted.get('name')}, which does not exist"
    evidence = [field_fact(obj, "spec.scaleTargetRef", f"{wanted.get('kind')} {wanted.get('name')}", "what it scales")]
    if message:
        evidence.append(
            Evidence(
                "object", "what it says", ref(obj), "status.conditions[AbleToScale].message", shown(message), None, True
            )
        )
    detail = f"So {name(scope.workload)} is never scaled." if scope.workload is not None else "So nothing is scaled."
    return finding(
        "hpa-target-missing",
        title,
        detail,
        evidence,
        [remedies.say(f"Point the autoscaler at {kind(scope.workload or {})} {name(scope.workload)}")],
        key=name(obj),
    )


def _inactive(scope: Scope, obj: Obj) -> Iterator[Finding]:
    found = condition(obj, "ScalingActive")
    since = when(found.get("lastTransitionTime")) or created(obj)
    if (age(scope.now, since) or WARM_UP) < WARM_UP:
        return
    message = text_at(found, "message")
    if len(scope.ready_pods) < scope.desired and not INDEPENDENT.search(message):
        # Pods that do not run have no metrics; that is not the autoscaler's trouble.
        evidence = [
            field_fact(obj, "status.conditions[ScalingActive].reason", text_at(found, "reason"), shown(message))
        ]
        yield finding(
            "hpa-inactive", f"The autoscaler {name(obj)} has no metrics of pods that are not ready", "", evidence
        )
        return
    without = [
        text_at(entry, "name") for entry in items(scope.template, "spec", "containers") if _lacks_request(obj, entry)
    ]
    hint = (
        f" The {'container' if len(without) == 1 else 'containers'} {listed(without)} set no request for it."
        if without
        else ""
    )
    title = f"The autoscaler {name(obj)} cannot compute its metric: {shown(message, 200)}"
    evidence = [
        Evidence(
            "object",
            "what it says",
            ref(obj),
            f"status.conditions[ScalingActive] {text_at(found, 'reason')}",
            shown(message),
            since,
            True,
        ),
        field_fact(obj, "status.currentReplicas", number_at(obj, "status", "currentReplicas"), "replicas stay at"),
    ]
    options = [
        remedies.scale(scope, "Set CPU and memory requests", cpu_request="100m", memory_request="128Mi")
        if without
        else remedies.ask_platform("look at the metrics server (or adapter)")
    ]
    yield finding(
        "hpa-metrics-unavailable",
        title,
        f"It neither scales up nor down until it can.{hint}",
        evidence,
        options,
        key=name(obj),
    )


def _lacks_request(obj: Obj, container: Obj) -> bool:
    wanted = {
        text_at(entry, "resource", "name") for entry in items(obj, "spec", "metrics") if entry.get("type") == "Resource"
    } or {"cpu"}
    return any(
        dig(container, "resources", "requests", resource) is None
        and dig(container, "resources", "limits", resource) is None
        for resource in wanted
    )


def _at_max(obj: Obj) -> bool:
    limited = condition(obj, "ScalingLimited")
    return limited.get("status") == "True" and text_at(limited, "reason") == "TooManyReplicas"


def _maximum(scope: Scope, obj: Obj) -> Finding:
    limit = number_at(obj, "spec", "maxReplicas")
    title = f"The autoscaler {name(obj)} is at its maximum of {limit} replicas and wants more"
    evidence = [
        field_fact(
            obj,
            "status.conditions[ScalingLimited].reason",
            "TooManyReplicas",
            text_at(condition(obj, "ScalingLimited"), "message"),
        )
    ]
    return finding(
        "hpa-at-max",
        title,
        "The load is above what its maximum can carry.",
        evidence,
        [_raise_maximum(scope, obj, limit * 2)],
        key=name(obj),
    )


def check_disruption(scope: Scope) -> Iterator[Finding]:
    """A budget that can allow no disruption although all its pods are well, or that holds up a drain."""
    if scope.target.kind == "PodDisruptionBudget" and scope.target_object is not None:
        budgets = [scope.target_object]
    else:
        budgets = [
            obj for obj in scope.snapshot.all("PodDisruptionBudget", scope.namespace)
            if scope.selects_target(mapping(obj, "spec", "selector"))
        ]  # fmt: skip
    for obj in budgets:
        expected, healthy = number_at(obj, "status", "expectedPods"), number_at(obj, "status", "currentHealthy")
        if number_at(obj, "status", "disruptionsAllowed") or not expected or healthy < expected or scope.is_stopped:
            continue
        yield _blocking(scope, obj, expected)


def _blocking(scope: Scope, obj: Obj, expected: int) -> Finding:
    rule = next(
        (
            f"{key} {dig(obj, 'spec', key)}"
            for key in ("minAvailable", "maxUnavailable")
            if dig(obj, "spec", key) is not None
        ),
        "its rule",
    )
    cordoned = [
        node
        for node in scope.snapshot.all("Node")
        if dig(node, "spec", "unschedulable") and any(pod_node(pod) == name(node) for pod in scope.pods)
    ]
    title = (
        f"The disruption budget {name(obj)} allows no disruption ({rule} with "
        f"{count_of(expected, 'pod')}), so nodes cannot be drained"
    )
    evidence = [
        field_fact(
            obj,
            "status.disruptionsAllowed",
            0,
            text_at(condition(obj, "DisruptionAllowed"), "reason") or "none allowed",
        ),
        field_fact(obj, f"spec.{rule.split(' ')[0]}", rule.partition(" ")[2], "the rule"),
        *[field_fact(node, "spec.unschedulable", True, "is being drained") for node in cordoned[:3]],
    ]
    detail = (
        f"The drain of {listed([name(node) for node in cordoned])} waits for it."
        if cordoned
        else "The next drain or node upgrade will wait for it."
    )
    return finding(
        "pdb-blocks-eviction",
        title,
        detail,
        evidence,
        [
            remedies.scale(scope, f"Run {expected + 1} replicas", replicas=expected + 1),
            remedies.say("Or loosen the budget"),
        ],
        severity=Severity.WARNING,
        key=name(obj),
    )


def is_active(obj: Obj) -> bool:
    return is_true(obj, "ScalingActive")


def _raise_maximum(scope: Scope, obj: Obj, maximum: int) -> Remedy:
    least = number_at(obj, "spec", "minReplicas") or 1
    label = f"Raise the maximum to {maximum}"
    return remedies.scale(scope, label, autoscaling_enabled=True, min_replicas=least, max_replicas=maximum)
