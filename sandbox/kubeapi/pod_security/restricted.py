"""The checks of the restricted level: what a hardened pod says of itself."""

from sandbox.kubeapi.pod_security import baseline
from sandbox.kubeapi.pod_security.pods import Finding, Pod, context_of, count_and_quote, quote, setters

_VOLUMES = ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected",
            "secret")  # fmt: skip


def privilege_escalation(pod: Pod) -> Finding | None:
    named = [one["name"] for one in pod.containers if context_of(one).get("allowPrivilegeEscalation") is not False]
    told = f"{count_and_quote('container', named)} must set securityContext.allowPrivilegeEscalation=false"
    return Finding("allowPrivilegeEscalation != false", told) if named else None


def capabilities(pod: Pod) -> Finding | None:
    keeping, adding = [], []
    for container in pod.containers:
        if "ALL" not in ((context_of(container).get("capabilities") or {}).get("drop") or ()):
            keeping.append(container["name"])
        if baseline.added_capabilities(container, {"NET_BIND_SERVICE"}):
            adding.append(container["name"])
    told = []
    if keeping:
        told.append(f'{count_and_quote("container", keeping)} must set securityContext.capabilities.drop=["ALL"]')
    if adding:
        added = {name for one in pod.containers for name in baseline.added_capabilities(one, {"NET_BIND_SERVICE"})}
        listed = quote(sorted(added))
        told.append(
            f"{count_and_quote('container', adding)} must not include {listed} in securityContext.capabilities.add"
        )
    return Finding("unrestricted capabilities", "; ".join(told)) if told else None


def volumes(pod: Pod) -> Finding | None:
    wrong = [one for one in pod.spec.get("volumes") or () if not any(one.get(kind) is not None for kind in _VOLUMES)]
    if not wrong:
        return None
    kinds = sorted({next((key for key in one if key != "name"), "unknown") for one in wrong})
    verb = "uses" if len(wrong) == 1 else "use"
    named = count_and_quote("volume", [one["name"] for one in wrong])
    return Finding("restricted volume types", f"{named} {verb} {count_and_quote('restricted volume type', kinds)}")


def run_as_non_root(pod: Pod) -> Finding | None:
    told = pod.context.get("runAsNonRoot")
    asked = {one["name"]: context_of(one).get("runAsNonRoot") for one in pod.containers}
    rooted = [name for name, value in asked.items() if value is False]
    if told is False or rooted:
        who = setters(told is False, rooted)
        return Finding("runAsNonRoot != true", f"{who} must not set securityContext.runAsNonRoot=false")
    silent = [name for name, value in asked.items() if value is None and not told]
    if not silent:
        return None
    return Finding(
        "runAsNonRoot != true",
        f"pod or {count_and_quote('container', silent)} must set securityContext.runAsNonRoot=true",
    )


def run_as_non_root_relaxed(pod: Pod) -> Finding | None:
    return None if pod.has_own_users else run_as_non_root(pod)


def run_as_user(pod: Pod) -> Finding | None:
    named = [one["name"] for one in pod.containers if context_of(one).get("runAsUser") == 0]
    pod_sets = pod.context.get("runAsUser") == 0
    return Finding("runAsUser=0", f"{setters(pod_sets, named)} must not set runAsUser=0") if named or pod_sets else None


def run_as_user_relaxed(pod: Pod) -> Finding | None:
    return None if pod.has_own_users else run_as_user(pod)


def seccomp(pod: Pod) -> Finding | None:
    if wrong := baseline.seccomp(pod):
        return wrong
    if pod.context.get("seccompProfile"):
        return None
    silent = [one["name"] for one in pod.containers if not context_of(one).get("seccompProfile")]
    if not silent:
        return None
    told = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return Finding("seccompProfile", f"pod or {count_and_quote('container', silent)} {told}")
