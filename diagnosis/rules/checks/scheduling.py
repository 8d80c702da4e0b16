"""A pod finds no node. Fields of pods and nodes decide where they can; else the scheduler's message."""

from collections.abc import Iterator
from datetime import timedelta

from diagnosis.choices import Verdict
from diagnosis.rules.facts import node_fit
from diagnosis.rules.facts.containers import is_over
from diagnosis.rules.facts.node_fit import CONDITION_TAINTS, Reason
from diagnosis.rules.facts.objects import (
    Obj,
    age,
    condition,
    created,
    is_false,
    items,
    labels,
    mapping,
    name,
    namespace,
    number_at,
    text_at,
)
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Evidence, Finding, Remedy, field_fact, finding, ref
from diagnosis.rules.wording import count_of, listed, shown

YOUNG = timedelta(seconds=20)
AUTOSCALER = timedelta(minutes=10)
AFFINITY = ("anti-affinity", "topology spread")


def unscheduled(scope: Scope) -> list[Obj]:
    """Pods the scheduler has refused for longer than a moment and that no autoscaler is making room for."""
    return [
        pod for pod in scope.pods
        if is_false(pod, "PodScheduled") and text_at(condition(pod, "PodScheduled"), "reason") == "Unschedulable"
        and (age(scope.now, created(pod)) or YOUNG) >= YOUNG and not scaling_up(scope, pod)
    ]  # fmt: skip


def scaling_up(scope: Scope, pod: Obj) -> bool:
    """A cluster autoscaler has just promised a node for the pod."""
    told = [event for event in scope.events_of(pod) if event.reason in {"TriggeredScaleUp", "NotTriggerScaleUp"}]
    last = told[-1] if told else None
    return (
        last is not None
        and last.reason == "TriggeredScaleUp"
        and (age(scope.now, last.last) or AUTOSCALER) < AUTOSCALER
    )


def message_of(scope: Scope, pod: Obj) -> str:
    events = [event.message for event in scope.events_of(pod) if event.reason == "FailedScheduling"]
    return text_at(condition(pod, "PodScheduled"), "message") or (events[-1] if events else "")


def check_scheduling(scope: Scope) -> Iterator[Finding]:
    pods = unscheduled(scope)
    if not pods:
        return
    pod = pods[0]
    message = message_of(scope, pod)
    if "persistentvolumeclaim" in message.lower():
        return
    for cause, reason in _causes(scope, pod, message):
        title, detail, more, options = _words(scope, cause, pod, reason)
        evidence = [
            Evidence(
                "object",
                "the scheduler's words",
                ref(pod),
                "status.conditions[PodScheduled].message",
                shown(message),
                None,
                True,
            ),
            *more,
        ]
        lead = (
            f"{count_of(len(pods), 'pod')} of {scope.desired} of {scope.service} "
            f"{'waits' if len(pods) == 1 else 'wait'} for a node; {len(scope.ready_pods)} of {scope.desired} run."
        )
        yield finding(cause, title, f"{lead} {detail}".strip(), evidence, options, verdict=Verdict.CONFIRMED)


def _causes(scope: Scope, pod: Obj, message: str) -> list[tuple[str, Reason | None]]:
    """The cause or causes that decide, each with the scheduler's reason it stands for."""
    told = node_fit.reasons(message)
    spec = mapping(pod, "spec")
    nodes = scope.snapshot.all("Node")
    if nodes and scope.snapshot.readable("Node"):
        matching = [node for node in nodes if node_fit.selects(spec, node)]
        if not matching:
            return [("node-selector-mismatch", _first(told, "selector", "affinity"))]
        open_ = [
            node
            for node in matching
            if not node_fit.untolerated(spec, node) and not mapping(node, "spec").get("unschedulable")
        ]
        if not open_:
            return [(_taint_cause(spec, matching), _first(told, "taint", "unschedulable"))]
    return _by_message(told) or _by_taint_words(told)


def _taint_cause(spec: Obj, nodes: list[Obj]) -> str:
    keys = [str(taint.get("key")) for node in nodes for taint in node_fit.untolerated(spec, node)]
    conditions = [CONDITION_TAINTS[key] for key in keys if key in CONDITION_TAINTS]
    own = [key for key in keys if key not in CONDITION_TAINTS and not key.startswith("node-role.kubernetes.io/")]
    return conditions[0] if conditions and not own else "untolerated-taint"


def _first(told: list[Reason], *words: str) -> Reason | None:
    return next((reason for reason in told if any(word in reason.words for word in words)), None)


def _by_message(told: list[Reason]) -> list[tuple[str, Reason | None]]:
    """Shortages and conflicts; the one on most nodes leads, another counts only if it is on as many."""
    found: list[tuple[str, Reason]] = []
    for reason in told:
        words = reason.words
        if words.startswith("Insufficient "):
            resource = words.removeprefix("Insufficient ").strip()
            found.append(
                ({"cpu": "insufficient-cpu", "memory": "insufficient-memory"}.get(resource, "insufficient-gpu"), reason)
            )
        elif any(word in words for word in AFFINITY):
            found.append(("anti-affinity-unsatisfiable", reason))
        elif "free ports" in words:
            found.append(("host-port-conflict", reason))
    most = max((reason.count for _, reason in found), default=0)
    leading = {cause: reason for cause, reason in found if reason.count == most}
    return list(leading.items())


def _by_taint_words(told: list[Reason]) -> list[tuple[str, Reason | None]]:
    for reason in told:
        for key, cause in CONDITION_TAINTS.items():
            if key in reason.words:
                return [(cause, reason)]
    mismatch, taint = (
        _first(told, "node selector", "affinity/selector", "node affinity"),
        _first(told, "taint", "unschedulable"),
    )
    if taint and mismatch and "node-role.kubernetes.io/" in taint.words:
        return [("node-selector-mismatch", mismatch)]
    if taint:
        return [("untolerated-taint", taint)]
    return [("node-selector-mismatch", mismatch)] if mismatch else []


Words = tuple[str, str, list[Evidence], list[Remedy]]


def _words(scope: Scope, cause: str, pod: Obj, reason: Reason | None) -> Words:
    spec = mapping(pod, "spec")
    if cause == "node-selector-mismatch":
        return _selector(scope, pod, spec)
    if cause in {"untolerated-taint", *CONDITION_TAINTS.values()}:
        return _taints(scope, cause, pod, spec)
    if cause.startswith("insufficient-"):
        return _shortage(scope, pod, spec, reason)
    if cause == "anti-affinity-unsatisfiable":
        return _anti_affinity(scope, pod, spec, reason)
    return _host_port(scope, pod, spec)


def _selector(scope: Scope, pod: Obj, spec: Obj) -> Words:
    wanted = mapping(spec, "nodeSelector")
    said = listed([f"{key}={value}" for key, value in wanted.items()])
    if not said:
        terms = items(
            spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"
        )
        parts = [
            f"{entry.get('key')} {entry.get('operator')} {entry.get('values') or ''}".strip()
            for term in terms
            for entry in items(term, "matchExpressions")
        ]
        said = f"node affinity {listed(parts)}"
    have = sorted(
        {f"{key}={labels(node)[key]}" for node in scope.snapshot.all("Node") for key in wanted if key in labels(node)}
    )
    title = f"No node matches the pod's node selector {said}"
    detail = f"Nodes have {listed(have)}." if have else "No node has such a label."
    more = [
        field_fact(
            pod, "spec.nodeSelector" if wanted else "spec.affinity.nodeAffinity", said, "what the pod asks of a node"
        )
    ]
    return (
        title,
        detail,
        more,
        [
            remedies.say("Correct or remove the node selector"),
            remedies.ask_platform(f"label a node with {said}"),
        ],
    )


def _taints(scope: Scope, cause: str, pod: Obj, spec: Obj) -> Words:
    matching = [node for node in scope.snapshot.all("Node") if node_fit.selects(spec, node)]
    taints = {
        name(node): [node_fit.taint_words(taint) for taint in node_fit.untolerated(spec, node)] for node in matching
    }
    said = listed(sorted({words for found in taints.values() for words in found})) or "cordoned (unschedulable)"
    where = listed([node for node, found in taints.items() if found] or [name(node) for node in matching])
    more = [
        field_fact(node, "spec.taints", listed(taints[name(node)]) or "unschedulable: true", "keeps the pod away")
        for node in matching
    ][:4]
    if cause == "untolerated-taint":
        title = f"The nodes that would fit ({where}) are tainted {said} and the pod tolerates none of it"
        return (
            title,
            "",
            more,
            [
                remedies.say(f"Add a toleration for {said}"),
                remedies.ask_platform("remove the taint or add a node"),
            ],
        )
    word = {
        "node-not-ready": "not ready",
        "node-disk-pressure": "short of disk",
        "node-memory-pressure": "short of memory",
    }[cause]
    return (
        f"The nodes that would fit ({where}) are {word} ({said})",
        "",
        more,
        [remedies.ask_platform(f"repair {where}")],
    )


def _shortage(scope: Scope, pod: Obj, spec: Obj, reason: Reason | None) -> Words:
    resource = reason.words.removeprefix("Insufficient ").strip() if reason else "cpu"
    asked = node_fit.requested(spec, resource)
    nodes = [node for node in scope.snapshot.all("Node") if node_fit.selects(spec, node)]
    largest = max((node_fit.allocatable(node, resource) for node in nodes), default=0.0)
    most_free = max((node_fit.free(scope.snapshot, node, resource) for node in nodes), default=0.0)
    said, size = node_fit.amount(resource, asked), node_fit.amount(resource, largest)
    word = {"cpu": "CPU", "memory": "memory"}.get(resource, resource)
    if not nodes:
        title, detail = f"No node has {said} of {word} free, which the pod asks for", ""
    elif largest == 0:
        title, detail = f"No node offers {resource}; the pod asks for {said}", ""
    elif asked > largest:
        title, detail = f"The pod asks for {said} {word}, more than any node has ({size} at most)", "It can never fit."
    else:
        title = f"No node has the requested {said} {word} free"
        detail = (
            f"Nodes have up to {size}; the rest is reserved by other pods "
            f"({node_fit.amount(resource, max(0.0, most_free))} free at most, as far as seen)."
        )
    more = [field_fact(pod, f"spec.containers[].resources.requests.{resource}", said, "asked for")]
    more += [
        field_fact(
            node,
            f"status.allocatable.{resource}",
            node_fit.amount(resource, node_fit.allocatable(node, resource)),
            "allocatable",
        )
        for node in nodes[:3]
    ]
    return (
        title,
        detail,
        more,
        [_ask_for_less(scope, resource, asked), remedies.ask_platform("add a node or free one")],
    )


def _anti_affinity(scope: Scope, pod: Obj, spec: Obj, reason: Reason | None) -> Words:
    terms = items(spec, "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    spread = [
        entry for entry in items(spec, "topologySpreadConstraints") if entry.get("whenUnsatisfiable") == "DoNotSchedule"
    ]
    key = text_at((terms or spread or [{}])[0], "topologyKey") or "kubernetes.io/hostname"
    nodes = scope.snapshot.all("Node")
    places = {labels(node).get(key) for node in nodes} - {None}
    rule = "pod anti-affinity" if terms or not spread else "topology spread (DoNotSchedule)"
    room = f"{len(places)} {'nodes' if key.endswith('hostname') else f'values of {key}'}" if places else "too few nodes"
    title = (
        f"Required {rule} allows one pod per {key}: {scope.desired} replicas, but {room}"
        if terms
        else f"The {rule} over {key} leaves no node for the pod"
    )
    if "existing pods" in (reason.words if reason else ""):
        title = f"Pods already running refuse the new one by their required pod anti-affinity ({key})"
    more = [
        field_fact(
            pod,
            "spec.affinity.podAntiAffinity" if terms else "spec.topologySpreadConstraints",
            f"topologyKey {key}",
            "the rule",
        )
    ]
    fits = max(1, len(places))
    return (
        title,
        "",
        more,
        [
            remedies.say("Make the rule preferred instead of required"),
            remedies.scale(scope, f"Scale to {fits}", replicas=fits),
        ],
    )


def _host_port(scope: Scope, pod: Obj, spec: Obj) -> Words:
    ports = host_ports({"spec": spec})
    holders = [
        other for other in scope.snapshot.all("Pod")
        if other is not pod and not is_over(other) and text_at(other, "spec", "nodeName")
        and any(port in ports for port in host_ports(other))
    ]  # fmt: skip
    who = listed([f"{namespace(other)}/{name(other)} on {text_at(other, 'spec', 'nodeName')}" for other in holders])
    said = listed([str(port) for port in ports])
    title = f"The host port {said} is already in use on every node that would fit{f', by {who}' if who else ''}"
    more = [field_fact(pod, "spec.containers[].ports[].hostPort", said, "asked for")]
    more += [
        field_fact(
            other, "spec.containers[].ports[].hostPort", said, f"holds it on {text_at(other, 'spec', 'nodeName')}"
        )
        for other in holders[:4]
    ]
    return (
        title,
        "",
        more,
        [
            remedies.say("Leave the host port out; a Service reaches the pod without it"),
            remedies.say("Or stop the other holder"),
        ],
    )


def host_ports(pod: Obj) -> list[int]:
    found = [entry for container in items(pod, "spec", "containers") for entry in items(container, "ports")]
    return [number_at(entry, "hostPort") for entry in found if entry.get("hostPort")]


def _ask_for_less(scope: Scope, resource: str, asked: float) -> Remedy:
    """Half of what is asked for, as a place to start from."""
    if resource not in {"cpu", "memory"}:
        return remedies.say(f"Ask for less {resource}")
    half = f"{max(1, round(asked * 500))}m" if resource == "cpu" else f"{max(1, round(asked / 2 / 2**20))}Mi"
    return remedies.scale(scope, f"Ask for less, such as {half}", **{f"{resource}_request": half})
