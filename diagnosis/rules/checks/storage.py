"""Volumes: a claim that does not exist or is not bound, a class that does not exist, a volume held or full."""

from collections.abc import Iterator

from diagnosis.choices import Severity
from diagnosis.rules.facts.containers import Container, containers_of, described
from diagnosis.rules.facts.log_readings import readings
from diagnosis.rules.facts.objects import Obj, annotations, dig, items, mapping, name, text_at
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Evidence, Finding, field_fact, finding, quoted, ref
from diagnosis.rules.report.log_evidence import log_fact
from diagnosis.rules.wording import listed, shown

UNBOUND = frozenset({"FailedBinding", "ProvisioningFailed"})
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def claims_of(scope: Scope) -> dict[str, Obj]:
    """Claim name -> a pod of the target that mounts it; also the target itself when it is a claim."""
    found: dict[str, Obj] = {}
    for pod in scope.pods:
        for volume in items(pod, "spec", "volumes"):
            claim = text_at(volume, "persistentVolumeClaim", "claimName")
            if mapping(volume, "ephemeral"):
                claim = f"{name(pod)}-{text_at(volume, 'name')}"
            if claim:
                found.setdefault(claim, pod)
    if scope.target.kind == "PersistentVolumeClaim" and scope.target_object is not None:
        found.setdefault(scope.target.name, scope.target_object)
    return found


def check_claims(scope: Scope) -> Iterator[Finding]:
    for claim, pod in claims_of(scope).items():
        obj = scope.snapshot.get("PersistentVolumeClaim", scope.namespace, claim)
        if obj is None:
            if scope.snapshot.readable("PersistentVolumeClaim") and text_at(pod, "status", "phase") == "Pending":
                yield _missing(scope, claim, pod)
        elif text_at(obj, "status", "phase") == "Pending":
            yield from _unbound(scope, obj, pod)


def _missing(scope: Scope, claim: str, pod: Obj) -> Finding:
    title = f"The volume claim {claim} that the pod mounts does not exist in {scope.namespace}"
    others = [name(obj) for obj in scope.snapshot.all("PersistentVolumeClaim", scope.namespace)]
    message = next((event.message for event in reversed(scope.events_of(pod)) if claim in event.message), "")
    evidence = [field_fact(pod, "spec.volumes[].persistentVolumeClaim.claimName", claim, "the claim it mounts")]
    if message:
        evidence.append(
            Evidence("event", "the scheduler's words", ref(pod), "events[].message", shown(message), None, True)
        )
    detail = f"Claims there: {listed(others)}." if others else "There is no claim in the namespace."
    return finding(
        "pvc-missing",
        title,
        detail,
        evidence,
        [remedies.say(f"Create the claim {claim}, or correct its name"), remedies.roll_back(scope)],
        key=claim,
    )


def _unbound(scope: Scope, claim: Obj, pod: Obj) -> Iterator[Finding]:
    wanted = dig(claim, "spec", "storageClassName")
    told = [event for event in scope.events_of(claim) if event.type == "Warning" or event.reason in UNBOUND]
    said = told[-1].message if told else ""
    evidence = [
        field_fact(claim, "status.phase", "Pending", "not bound"),
        field_fact(claim, "spec.storageClassName", wanted or "none", "the class it names"),
    ]
    if told:
        evidence.append(quoted(claim, "events[].message", said, told[-1].reason, told[-1].last))
    if _lacks_class(scope, wanted, said):
        yield _class_missing(scope, claim, wanted, evidence)
    elif told or not _waits_for_pod(scope, claim):
        title = f"The volume claim {name(claim)} is not bound: {shown(said, 200) or 'nothing says why'}"
        options = [remedies.ask_platform("look at the storage provisioner")]
        yield finding("pvc-unbound", title, "The pod cannot start before it is.", evidence, options, key=name(claim))


def _lacks_class(scope: Scope, wanted: str | None, said: str) -> bool:
    """The provisioner says so, or no class (and no volume made by hand) carries the name."""
    if "storageclass" in said.lower() and "not found" in said.lower():
        return True
    by_hand = [text_at(obj, "spec", "storageClassName") for obj in scope.snapshot.all("PersistentVolume")]
    if not scope.snapshot.readable("StorageClass") or (wanted or "") in by_hand:
        return False
    classes = scope.snapshot.all("StorageClass")
    return wanted not in {name(obj) for obj in classes} if wanted else wanted is None and not default_class(classes)


def default_class(classes: list[Obj]) -> str:
    return next((name(obj) for obj in classes if annotations(obj).get(DEFAULT_CLASS) == "true"), "")


def _class_missing(scope: Scope, claim: Obj, wanted: str | None, evidence: list[Evidence]) -> Finding:
    classes = scope.snapshot.all("StorageClass")
    known = sorted(name(obj) for obj in classes)
    lack = "names no storage class and there is no default one"
    what = f"names the storage class {wanted}, which does not exist" if wanted else lack
    title = f"The volume claim {name(claim)} {what}"
    detail = f"So no volume is made and the pod cannot start. Classes: {listed(known) or 'none'}."
    such = f", such as {default_class(classes) or known[0]}" if known else ""
    options = [remedies.say(f"Use a class that exists{such}; a claim's class cannot be changed, so make it anew")]
    return finding("storage-class-missing", title, detail, evidence, options, key=name(claim))


def _waits_for_pod(scope: Scope, claim: Obj) -> bool:
    chosen = scope.snapshot.get("StorageClass", "", text_at(claim, "spec", "storageClassName"))
    return text_at(chosen, "volumeBindingMode") == "WaitForFirstConsumer"


def check_multi_attach(scope: Scope) -> Iterator[Finding]:
    for pod in scope.pods:
        if text_at(pod, "status", "phase") != "Pending" or any(entry.running_since for entry in containers_of(pod)):
            continue
        told = [
            event
            for event in scope.events_of(pod)
            if event.reason == "FailedAttachVolume" and "Multi-Attach" in event.message
        ]
        if told:
            yield _held(scope, pod, told[-1].message)
            return


def _held(scope: Scope, pod: Obj, message: str) -> Finding:
    claims = {text_at(volume, "persistentVolumeClaim", "claimName") for volume in items(pod, "spec", "volumes")} - {""}
    volumes = {
        claim: text_at(scope.snapshot.get("PersistentVolumeClaim", scope.namespace, claim), "spec", "volumeName")
        for claim in claims
    }
    held = [claim for claim, volume in volumes.items() if volume and volume in message] or sorted(claims)
    holders = [
        other for other in scope.snapshot.all("Pod", scope.namespace)
        if other is not pod and text_at(other, "spec", "nodeName") not in {"", text_at(pod, "spec", "nodeName")}
        and any(claim in held for claim in mounted(other))
    ]  # fmt: skip
    who = listed([f"{name(other)} on {text_at(other, 'spec', 'nodeName')}" for other in holders]) or "another node"
    title = (
        f"The volume of claim {listed(held)} is still attached for {who}, and can be on one node only (ReadWriteOnce)"
    )
    evidence = [
        Evidence(
            "event",
            "the attach controller's words",
            ref(pod),
            "events[FailedAttachVolume].message",
            shown(message),
            None,
            True,
        )
    ]
    evidence += [
        field_fact(other, "spec.nodeName", text_at(other, "spec", "nodeName"), "holds the volume")
        for other in holders[:3]
    ]
    evidence.append(field_fact(pod, "spec.nodeName", text_at(pod, "spec", "nodeName"), "where the new pod is"))
    for claim in held:
        obj = scope.snapshot.get("PersistentVolumeClaim", scope.namespace, claim)
        if obj is not None:
            evidence.append(
                field_fact(
                    obj,
                    "spec.accessModes",
                    listed([str(mode) for mode in dig(obj, "spec", "accessModes") or []]),
                    "access",
                )
            )
    options = [
        remedies.say("Use the Recreate strategy (or a StatefulSet) for a service with such a volume"),
        remedies.say("End the pod that holds the volume"),
    ]
    return finding("volume-multi-attach", title, "The new pod waits until the volume is let go.", evidence, options)


def check_volume_full(scope: Scope) -> Iterator[Finding]:
    told: set[str] = set()
    for reading in readings(scope):
        if reading.match and reading.match.cause == "volume-full" and reading.container.name not in told:
            told.add(reading.container.name)
            yield _full(scope, reading.container, reading.match.line, is_quiet=reading.is_quiet)


def _full(scope: Scope, container: Container, line: str, *, is_quiet: bool) -> Finding:
    mounts = {text_at(entry, "name"): text_at(entry, "mountPath") for entry in items(container.spec, "volumeMounts")}
    claims = {
        text_at(volume, "persistentVolumeClaim", "claimName"): mounts.get(text_at(volume, "name"), "")
        for volume in items(container.pod, "spec", "volumes") if text_at(volume, "persistentVolumeClaim", "claimName")
    }  # fmt: skip
    named = {claim: path for claim, path in claims.items() if path and path in line} or claims
    claim = next(iter(named), "")
    obj = scope.snapshot.get("PersistentVolumeClaim", scope.namespace, claim)
    size = text_at(obj, "status", "capacity", "storage") or text_at(obj, "spec", "resources", "requests", "storage")
    what = (
        f"The volume of claim {claim} ({size or 'size unknown'}, at {named[claim]})"
        if claim
        else "The disk the container writes to"
    )
    evidence = [log_fact(container, line, "the log's telling line")]
    if obj is not None:
        evidence.append(field_fact(obj, "status.capacity.storage", size, "its size"))
    title = f"{what} has no space left, so the {described(container)} cannot write"
    options = [
        remedies.say(f"Enlarge the claim {claim} or delete data on it" if claim else "Free space or give it a volume"),
        remedies.read_logs(scope),
    ]
    return finding(
        "volume-full",
        title,
        "",
        evidence,
        options,
        severity=Severity.WARNING if is_quiet else Severity.PROBLEM,
        key=container.name,
    )


def mounted(pod: Obj) -> list[str]:
    return [text_at(entry, "persistentVolumeClaim", "claimName") for entry in items(pod, "spec", "volumes")]
