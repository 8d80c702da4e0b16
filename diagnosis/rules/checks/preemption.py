"""The scheduler took pods of the target away for others of higher priority."""

from collections.abc import Iterator

from diagnosis.rules.facts.containers import is_over, is_ready
from diagnosis.rules.facts.objects import condition, dig, mapping, name, namespace, quantity, text_at
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Evidence, Finding, field_fact, finding, ref
from diagnosis.rules.wording import listed, shown


def check_preempted(scope: Scope) -> Iterator[Finding]:
    """The scheduler evicted pods of the target for others of higher priority, and they are not back."""
    if scope.is_complete or scope.workload is None:
        return
    for pod in scope.all_pods:
        found = condition(pod, "DisruptionTarget")
        if found.get("reason") == "PreemptionByScheduler" or (
            text_at(pod, "status", "reason") == "Preempting" and not is_ready(pod)
        ):
            message = text_at(found, "message") or text_at(pod, "status", "message")
            yield _preempted(
                scope,
                name(pod),
                message,
                Evidence(
                    "object", "preempted", ref(pod), "status.conditions[DisruptionTarget]", shown(message), None, True
                ),
                text_at(pod, "spec", "nodeName"),
            )
            return
    prefixes = tuple(f"{name(owner)}-" for owner in scope.owners)
    for event in scope.snapshot.events_in(scope.namespace, "Pod", reason="Preempted"):
        if prefixes and event.name.startswith(prefixes):
            fact = Evidence(
                "event", "preempted", None, "events[Preempted].message", shown(event.message), event.last, True
            )
            yield _preempted(scope, event.name, event.message, fact, event.message.rpartition(" on node ")[2])
            return


def _preempted(scope: Scope, pod: str, message: str, fact: Evidence, node: str) -> Finding:
    own = max((int(quantity(mapping(entry, "spec").get("priority"))) for entry in scope.pods), default=0)
    rivals = [
        other for other in scope.snapshot.all("Pod")
        if quantity(dig(other, "spec", "priority")) > own and not is_over(other)
        and text_at(other, "spec", "nodeName") in {node, node.rstrip(".")}
    ]  # fmt: skip
    who = listed(
        [
            f"{namespace(other)}/{name(other)} (priority {mapping(other, 'spec').get('priority')}, "
            f"{text_at(other, 'spec', 'priorityClassName') or 'no class'})"
            for other in rivals
        ]
    )
    title = (
        f"The pod {pod} was evicted by the scheduler in favour of one with a higher priority{f': {who}' if who else ''}"
    )
    evidence = [
        fact,
        *[
            field_fact(other, "spec.priority", mapping(other, "spec").get("priority"), "the higher priority")
            for other in rivals[:3]
        ],
    ]
    detail = (
        f"{shown(message, 200)} Pods of {scope.service} have priority {own}; "
        f"{len(scope.ready_pods)} of {scope.desired} run."
    )
    return finding(
        "preempted",
        title,
        detail,
        evidence,
        [remedies.ask_platform("give the service a priority class, or add capacity")],
    )
