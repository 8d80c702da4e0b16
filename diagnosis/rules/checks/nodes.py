"""The nodes under the pods: not ready, short of disk or memory, and what they evicted."""

from collections.abc import Iterator
from datetime import timedelta

from core.patterns import Pattern
from diagnosis.choices import Severity, Verdict
from diagnosis.rules.facts.containers import is_ready, pod_node
from diagnosis.rules.facts.objects import Obj, condition, is_true, name, stamp, text_at, when
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Evidence, Finding, field_fact, finding, ref
from diagnosis.rules.wording import count_of, listed, shown

PRESSURE = (("node-disk-pressure", "DiskPressure", "disk"), ("node-memory-pressure", "MemoryPressure", "memory"))
OWN_LIMIT = Pattern(
    r"(?i)exceeds the (?:total )?limit|exceeded its local ephemeral storage limit|usage of EmptyDir volume"
)
LATELY = timedelta(hours=1)


def check_node_ready(scope: Scope) -> Iterator[Finding]:
    """Pods of the target sit on a node that is not ready (or gone), and not enough others have taken over."""
    if scope.is_complete or scope.is_stopped:
        return
    by_node: dict[str, list[Obj]] = {scope.target.name: []} if scope.target.kind == "Node" else {}
    for pod in scope.all_pods:
        if pod_node(pod) and not is_ready(pod) and text_at(pod, "status", "phase") in {"Running", "Pending", "Unknown"}:
            by_node.setdefault(pod_node(pod), []).append(pod)
    for node_name, pods in by_node.items():
        node = scope.snapshot.get("Node", "", node_name)
        ready = condition(node, "Ready")
        gone = node is None and scope.snapshot.readable("Node") and bool(scope.snapshot.all("Node"))
        if gone or ready.get("status") in {"False", "Unknown"}:
            yield _not_ready(scope, node_name, node, ready, pods)


def _not_ready(scope: Scope, node_name: str, node: Obj | None, ready: Obj, pods: list[Obj]) -> Finding:
    since = when(ready.get("lastTransitionTime"))
    said = text_at(ready, "message") or "the node exists no more"
    reason = text_at(ready, "reason")
    title = (
        f"The node {node_name} has not been ready since {stamp(since)}: {shown(said, 160)}"
        if node
        else f"The node {node_name} exists no more"
    )
    evidence = (
        [field_fact(node, "status.conditions[Ready].status", f"{ready.get('status')} ({reason})", said, since)]
        if node
        else []
    )
    evidence += [field_fact(pod, "spec.nodeName", node_name, "sits on it") for pod in pods[:4]]
    if not pods:
        detail = "Its pods are moved when it is given up."
        options = [remedies.ask_platform(f"repair or remove the node {node_name}")]
        return finding("node-not-ready", title, detail, evidence, options)
    detail = (
        f"{count_of(len(pods), 'pod')} of {scope.service} ({listed([name(pod) for pod in pods])}) "
        f"{'is' if len(pods) == 1 else 'are'} on it; {len(scope.ready_pods)} of {scope.desired} are ready."
    )
    options = [remedies.ask_platform(f"repair or remove the node {node_name}; pods move on when it is gone")]
    return finding("node-not-ready", title, detail, evidence, options)


def check_pressure(scope: Scope) -> Iterator[Finding]:
    """Pods of the target were evicted for pressure, or are not admitted for it, and it still matters."""
    evicted = [
        pod
        for pod in scope.gone_pods
        if text_at(pod, "status", "reason") in {"Evicted", "NodeAffinity"}
        or "evict" in text_at(pod, "status", "message").lower()
    ]
    for cause, kind, word in PRESSURE:
        concerned = [pod for pod in evicted if _names(pod, kind, word)]
        nodes = {pod_node(pod) for pod in concerned}
        pressed = [
            node
            for node in scope.snapshot.all("Node")
            if is_true(node, kind) and (name(node) in nodes or _hosts(scope, node))
        ]
        lasting = not scope.is_complete and bool(concerned)
        unready = [pod for pod in scope.pods if not is_ready(pod)]
        if concerned and (lasting or any(name(node) in nodes for node in pressed)):
            yield _pressed(scope, cause, kind, word, concerned, pressed)
        elif pressed and unready and any(pod_node(pod) in {name(node) for node in pressed} for pod in unready):
            yield _pressed(scope, cause, kind, word, [], pressed)


def _hosts(scope: Scope, node: Obj) -> bool:
    return any(pod_node(pod) == name(node) for pod in scope.all_pods)


def _names(pod: Obj, kind: str, word: str) -> bool:
    message = text_at(pod, "status", "message").lower()
    if kind.lower() in message:
        return True
    if word == "disk":
        return (
            "ephemeral" in message
            or "inodes" in message
            or "emptydir" in message
            or "resource: imagefs" in message
            or "resource: nodefs" in message
        )
    return "resource: memory" in message


def _pressed(scope: Scope, cause: str, kind: str, word: str, evicted: list[Obj], nodes: list[Obj]) -> Finding:
    message = text_at(evicted[0], "status", "message") if evicted else ""
    own = bool(evicted) and bool(OWN_LIMIT.search(message)) and not nodes
    where = listed([name(node) for node in nodes] or sorted({pod_node(pod) for pod in evicted}))
    title = f"The node {where} is short of {word} ({kind})" + (
        f": {count_of(len(evicted), 'pod')} of {scope.service} evicted" if evicted else ""
    )
    if own:
        title = f"The pod {name(evicted[0])} was evicted because it used more ephemeral storage than its limit"
    evidence = [
        Evidence("object", "evicted", ref(pod), "status.message", shown(text_at(pod, "status", "message")), None, True)
        for pod in evicted[:3]
    ]
    evidence += [
        field_fact(
            node,
            f"status.conditions[{kind}].status",
            "True",
            text_at(condition(node, kind), "message"),
            when(condition(node, kind).get("lastTransitionTime")),
        )
        for node in nodes[:3]
    ]
    detail = f"{shown(message, 200)} {len(scope.ready_pods)} of {scope.desired} pods are ready.".strip()
    todo = "set or lower what the pods may use" if own else f"free {word} on {where}"
    severity = Severity.WARNING if scope.is_complete else Severity.PROBLEM
    options = [
        remedies.ask_platform(todo),
        remedies.say(
            f"Set requests for {'memory' if word == 'memory' else 'ephemeral storage'} "
            "so that others are evicted first",
        ),
    ]
    return finding(
        cause,
        title,
        detail,
        evidence,
        options,
        severity=severity,
        verdict=Verdict.SUSPECTED if own else Verdict.CONFIRMED,
        key="",
    )
