"""The API server refuses the pods (or other objects): quota, limits, policy, webhook, service account, namespace."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.patterns import Pattern
from diagnosis.choices import Severity
from diagnosis.rules.facts.objects import (
    Obj,
    age,
    condition,
    dig,
    items,
    kind,
    mapping,
    name,
    number_at,
    quantity,
    stamp,
    text_at,
    when,
)
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.patterns.admission_messages import admission_cause
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Evidence, Finding, Remedy, field_fact, finding, ref
from diagnosis.rules.wording import count_of, listed, shown

SETTLED = timedelta(minutes=2)
CONTEXT_REMEDY = (
    "Take out of podSecurityContext and containerSecurityContext in the values file what the policy does not allow"
)
NEARLY = 0.8


@dataclass(frozen=True, slots=True)
class Refusal:
    """One message of the API server about an object that wants something created."""

    holder: Obj
    message: str
    field: str
    time: datetime | None


def refusals(scope: Scope) -> list[Refusal]:
    """Refusals that still hold: the owner has fewer pods than it wants, and says (or an event says) why."""
    found: list[Refusal] = []
    for owner in scope.owners:
        if scope.is_stopped or scope.job_succeeded or not _wants_more(scope, owner):
            continue
        failure = condition(owner, "ReplicaFailure")
        if failure.get("status") == "True":
            found.append(
                Refusal(
                    owner,
                    text_at(failure, "message"),
                    "status.conditions[ReplicaFailure].message",
                    when(failure.get("lastTransitionTime")),
                )
            )
        found += [
            Refusal(owner, event.message, "events[FailedCreate].message", event.last)
            for event in reversed(scope.events_of(owner))
            if event.reason == "FailedCreate"
        ]
    failure = condition(scope.workload, "ReplicaFailure")
    if scope.workload is not None and failure.get("status") == "True" and not found:
        found.append(
            Refusal(
                scope.workload,
                text_at(failure, "message"),
                "status.conditions[ReplicaFailure].message",
                when(failure.get("lastTransitionTime")),
            )
        )
    return found


def _wants_more(scope: Scope, owner: Obj) -> bool:
    if kind(owner) == "Job":
        return not number_at(owner, "status", "active") and not number_at(owner, "status", "succeeded")
    if kind(owner) == "DaemonSet":
        return number_at(owner, "status", "currentNumberScheduled") < number_at(
            owner, "status", "desiredNumberScheduled"
        )
    wanted = dig(owner, "spec", "replicas")
    have = len(scope.snapshot.children(owner, "Pod"))
    return (wanted if isinstance(wanted, int) else 1) > min(have, number_at(owner, "status", "replicas") or have)


def check_admission(scope: Scope) -> Iterator[Finding]:
    """One finding per cause; the newest message of each."""
    told: set[str] = set()
    for refusal in refusals(scope):
        cause, words = admission_cause(refusal.message)
        if cause and cause not in told:
            told.add(cause)
            yield refused(scope, refusal, cause, words)
        elif not cause and not told:
            told.add("replica-create-failed")
            title = (
                f"{kind(refusal.holder)} {name(refusal.holder)} cannot create its pods: {shown(refusal.message, 200)}"
            )
            yield finding(
                "replica-create-failed",
                title,
                _shortfall(scope),
                [_said(refusal)],
                [remedies.read_logs(scope)],
                key="create",
            )


def refused(scope: Scope, refusal: Refusal, cause: str, words: dict[str, str]) -> Finding:
    """The finding for a recognised refusal, whoever asked (a ReplicaSet, a Job, an Argo CD sync)."""
    title, more, options = _words(scope, cause, words, refusal)
    evidence = [_said(refusal), *more]
    detail = f"{kind(refusal.holder)} {name(refusal.holder)} is refused by the API server. {_shortfall(scope)}"
    return finding(cause, title, detail, evidence, options, key=words.get("name", ""))


def _said(refusal: Refusal) -> Evidence:
    return Evidence(
        "object",
        "the API server's answer",
        ref(refusal.holder),
        refusal.field,
        shown(refusal.message),
        refusal.time,
        True,
    )


def _shortfall(scope: Scope) -> str:
    have, ready = len(scope.new_pods), len(scope.ready_pods)
    if scope.old_pods:
        return (
            f"The new version has {have} of {count_of(scope.desired, 'pod')}; the old one still serves "
            f"with {len(scope.old_pods)}, so the change does not arrive."
        )
    return (
        f"{scope.service} has {have} of {count_of(scope.desired, 'pod')}, {ready} ready."
        if scope.workload is not None
        else ""
    )


def _words(
    scope: Scope, cause: str, words: dict[str, str], refusal: Refusal
) -> tuple[str, list[Evidence], list[Remedy]]:
    which = words.get("name", "")
    if cause == "quota-exceeded":
        return _quota(scope, words)
    if cause == "quota-requires-limits":
        title = (
            f"The quota {which} refuses pods without requests and limits: must "
            f"specify {shown(words.get('fields', ''), 160)}"
        )
        return title, [], [_fill_in(scope, words.get("fields", ""))]
    if cause == "limitrange-violation":
        return _limit_range(scope, words, refusal)
    if cause == "pod-security-violation":
        policy = f"Pod Security level {words['level']}" if "level" in words else f"The policy {which}"
        title = f"{policy} refuses the pod: {shown(words.get('fields', ''), 220)}"
        return title, _enforced(scope), [remedies.say(CONTEXT_REMEDY)]
    if cause == "admission-webhook-unavailable":
        title = f"The admission webhook {which} cannot be called, so nothing it guards can be created"
        return title, _webhook(scope, which), [remedies.ask_platform(f"repair the webhook {which} or its service")]
    if cause == "service-account-missing":
        where = scope.namespace
        title = f"The service account {which} does not exist in {where}, so no pod can be created"
        found = [
            field_fact(scope.workload, "spec.template.spec.serviceAccountName", which, "the service account asked for")
        ]
        return title, found, [remedies.say(f"Create ServiceAccount {which} in {where}, or use one that exists")]
    if cause == "node-port-conflict":
        return _node_port(scope, words)
    if cause == "ingress-host-conflict":
        title = (
            f"The host {words.get('host')} with path {words.get('path')} is already "
            f"claimed by Ingress {words.get('other')}"
        )
        return title, [], [remedies.say(f"Use another host, or remove it from Ingress {words.get('other')}")]
    return (
        f"The namespace {scope.namespace} is being deleted; nothing can be created in it",
        [],
        [remedies.ask_platform("finish or stop the deletion")],
    )


def _quota(scope: Scope, words: dict[str, str]) -> tuple[str, list[Evidence], list[Remedy]]:
    which = words.get("name", "")
    used, limited = _pairs(words.get("used", "")), _pairs(words.get("limited", ""))
    said = listed([f"{resource} {used.get(resource, '?')} of {limited[resource]} used" for resource in limited])
    asked = f"; {words['requested']} more is asked for" if words.get("requested") else ""
    title = f"The quota {which} in {scope.namespace} is used up: {said or 'see the message'}{asked}"
    quota = scope.snapshot.get("ResourceQuota", scope.namespace, which)
    found = [
        field_fact(
            quota,
            f"status.used[{resource}]",
            f"{dig(quota, 'status', 'used', resource)} of {dig(quota, 'status', 'hard', resource)}",
            "used of hard",
        )
        for resource in limited
        if quota is not None
    ]
    options = [
        remedies.see_usage(scope),
        remedies.say("Ask for less, or scale another service down"),
        remedies.ask_platform(f"raise the quota {which}"),
    ]
    return title, found, options


def _pairs(text: str) -> dict[str, str]:
    return {key.strip(): value.strip() for key, _, value in (part.partition("=") for part in text.split(",")) if value}


def _limit_range(scope: Scope, words: dict[str, str], refusal: Refusal) -> tuple[str, list[Evidence], list[Remedy]]:
    start = refusal.message.find(words.get("ratio") or words.get("what", "")) if words else 0
    said = (
        refusal.message[refusal.message.find("forbidden: ") + 11 :]
        if "forbidden: " in refusal.message
        else refusal.message[max(0, start) :]
    )
    ranges = scope.snapshot.all("LimitRange", scope.namespace)
    which = listed([name(obj) for obj in ranges])
    title = f"The limit range {which} refuses the pod: {shown(said.strip('[] '), 200)}"
    found = [
        field_fact(obj, "spec.limits", mapping({"limits": items(obj, "spec", "limits")}), "the limits it sets")
        for obj in ranges
    ]
    return title, found, [remedies.say("Set requests and limits inside the range")]


def _enforced(scope: Scope) -> list[Evidence]:
    space = scope.snapshot.get("Namespace", "", scope.namespace)
    level = mapping(space, "metadata", "labels").get("pod-security.kubernetes.io/enforce")
    return (
        [field_fact(space, "metadata.labels[pod-security.kubernetes.io/enforce]", level, "the level enforced")]
        if level
        else []
    )


def _webhook(scope: Scope, which: str) -> list[Evidence]:
    found: list[Evidence] = []
    for kind_ in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
        for obj in scope.snapshot.all(kind_):
            for hook in items(obj, "webhooks"):
                if hook.get("name") == which:
                    service = mapping(hook, "clientConfig", "service")
                    said = (
                        f"failurePolicy {hook.get('failurePolicy')}, service "
                        f"{service.get('namespace')}/{service.get('name')}"
                    )
                    found.append(field_fact(obj, f"webhooks[{which}]", said, "what it calls"))
    return found


def _node_port(scope: Scope, words: dict[str, str]) -> tuple[str, list[Evidence], list[Remedy]]:
    port, address = words.get("port", ""), words.get("ip", "")
    holders = [
        obj for obj in scope.snapshot.all("Service")
        if (port and any(str(entry.get("nodePort")) == port for entry in items(obj, "spec", "ports")))
        or (address and text_at(obj, "spec", "clusterIP") == address)
    ]  # fmt: skip
    who = listed([f"{text_at(obj, 'metadata', 'namespace')}/{name(obj)}" for obj in holders]) or "another Service"
    what = f"node port {port}" if port else f"cluster IP {address}".strip()
    title = f"The Service cannot be created: the {what} is already allocated to {who}"
    found = [
        field_fact(obj, "spec.ports[].nodePort" if port else "spec.clusterIP", port or address, "holds it")
        for obj in holders
    ]
    return title, found, [remedies.say("Leave the node port out, or choose a free one")]


def check_namespace(scope: Scope) -> Iterator[Finding]:
    """The namespace hangs in deletion."""
    space = scope.snapshot.get("Namespace", "", scope.namespace)
    since = when(dig(space, "metadata", "deletionTimestamp"))
    if space is None or (text_at(space, "status", "phase") != "Terminating" and since is None):
        return
    waits = age(scope.now, since)
    told = [entry for entry in items(space, "status", "conditions") if entry.get("status") == "True"]
    finalizers = [*(dig(space, "spec", "finalizers") or []), *(dig(space, "metadata", "finalizers") or [])]
    reasons = (
        listed([text_at(entry, "message") for entry in told])
        or f"finalizers {listed([str(entry) for entry in finalizers])}"
    )
    title = f"The namespace {scope.namespace} has been in deletion since {stamp(since)} and does not go away"
    evidence = [field_fact(space, "status.phase", "Terminating", "being deleted", since)]
    evidence += [
        Evidence(
            "object",
            text_at(entry, "reason"),
            ref(space),
            f"status.conditions[{text_at(entry, 'type')}].message",
            shown(text_at(entry, "message")),
            None,
            True,
        )
        for entry in told
    ]
    severity = Severity.PROBLEM if waits is None or waits > SETTLED else Severity.NOTICE
    options = [remedies.ask_platform("remove what the finalizers wait for, or restore the unavailable API")]
    yield finding(
        "namespace-terminating",
        title,
        f"Nothing can be created in it meanwhile. It waits: {shown(reasons)}",
        evidence,
        options,
        severity=severity,
    )


def check_quota_nearly_full(scope: Scope) -> Iterator[Finding]:
    """80% or more of a resource, while nothing is refused."""
    if any(admission_cause(refusal.message)[0] == "quota-exceeded" for refusal in refusals(scope)):
        return
    for quota in scope.snapshot.all("ResourceQuota", scope.namespace):
        hard, used = mapping(quota, "status", "hard"), mapping(quota, "status", "used")
        full = {key: quantity(used.get(key)) / quantity(limit) for key, limit in hard.items() if quantity(limit)}
        near = [key for key, share in full.items() if share >= NEARLY]
        if near:
            said = listed([f"{key} {used.get(key)} of {hard[key]} ({full[key]:.0%})" for key in near])
            evidence = [
                field_fact(quota, f"status.used[{key}]", f"{used.get(key)} of {hard[key]}", "used of hard")
                for key in near
            ]
            title = f"The quota {name(quota)} is nearly full: {said}"
            yield finding(
                "quota-nearly-full",
                title,
                "Nothing is refused yet; a rollout needs room for one more pod.",
                evidence,
                [remedies.see_usage(scope)],
                key=name(quota),
            )


USUAL = {"requests.cpu": "100m", "limits.cpu": "500m", "requests.memory": "128Mi", "limits.memory": "256Mi"}
AMOUNTS = Pattern(r"\b(requests|limits)\.(cpu|memory)\b")


def _fill_in(scope: Scope, fields: str) -> Remedy:
    """The requests and limits that the quota asks for ("limits.cpu for: web; ..."), with usual amounts."""
    asked = {".".join(words) for words in AMOUNTS.findall(fields)}
    missing = [key for key in USUAL if key in asked] or list(USUAL)
    given = {
        f"{word}_{part.rstrip('s')}": USUAL[f"{part}.{word}"] for part, word in (key.split(".") for key in missing)
    }
    return remedies.scale(scope, f"Set {listed(missing)}", **given)
