"""Defaults of pod specifications, for pods and for the templates inside workloads."""

from typing import Any

from sandbox.kubeapi import quantities

Spec = dict[str, Any]
_FILE_MODE = 420  # 0644


def fill(holder: Spec, name: str, value: str) -> Any:
    """The member, with a default. An empty text counts as none, since Go knows no difference."""
    if holder.get(name) in (None, ""):
        holder[name] = value
    return holder[name]


def default_pod_spec(spec: Spec) -> None:
    """What the API server fills into any pod specification. Changes it in place."""
    fill(spec, "restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    fill(spec, "dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    fill(spec, "schedulerName", "default-scheduler")
    _mirror_service_account(spec)
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        default_container(container)
    for volume in spec.get("volumes") or ():
        _default_volume(volume)
    for spread in spec.get("topologySpreadConstraints") or ():
        fill(spread, "whenUnsatisfiable", "DoNotSchedule")


def _mirror_service_account(spec: Spec) -> None:
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if name:
        spec["serviceAccountName"] = spec["serviceAccount"] = name


def default_container(container: Spec) -> None:
    container.setdefault("resources", {})
    fill(container, "terminationMessagePath", "/dev/termination-log")
    fill(container, "terminationMessagePolicy", "File")
    fill(container, "imagePullPolicy", _pull_policy(container.get("image", "")))
    for port in container.get("ports") or ():
        fill(port, "protocol", "TCP")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if isinstance(container.get(name), dict):
            _default_probe(container[name])
    for variable in container.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if reference is not None:
            fill(reference, "apiVersion", "v1")
    for hook in (container.get("lifecycle") or {}).values():
        if isinstance(hook, dict) and "httpGet" in hook:
            _default_http(hook["httpGet"])


def _pull_policy(image: str) -> str:
    last = image.rsplit("/", 1)[-1]
    if "@" in last:
        return "IfNotPresent"
    tag = last.partition(":")[2]
    return "Always" if tag in ("", "latest") else "IfNotPresent"


def _default_probe(probe: Spec) -> None:
    probe.setdefault("timeoutSeconds", 1)
    probe.setdefault("periodSeconds", 10)
    probe.setdefault("successThreshold", 1)
    probe.setdefault("failureThreshold", 3)
    if "httpGet" in probe:
        _default_http(probe["httpGet"])
    if "grpc" in probe:
        fill(probe["grpc"], "service", "")


def _default_http(action: Spec) -> None:
    fill(action, "path", "/")
    fill(action, "scheme", "HTTP")


def _default_volume(volume: Spec) -> None:
    if len(volume) == 1:
        volume["emptyDir"] = {}
    for source in ("configMap", "secret", "projected", "downwardAPI"):
        if isinstance(volume.get(source), dict):
            volume[source].setdefault("defaultMode", _FILE_MODE)
    if isinstance(volume.get("hostPath"), dict):
        fill(volume["hostPath"], "type", "")


def default_pod(pod: dict[str, Any]) -> None:
    """A pod of its own, rather than a template: requests follow limits, tolerations and priority are filled in."""
    spec = pod["spec"]
    default_pod_spec(spec)
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("priority", 0)
    fill(spec, "preemptionPolicy", "PreemptLowerPriority")
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        resources = container["resources"]
        for name, limit in (resources.get("limits") or {}).items():
            resources.setdefault("requests", {}).setdefault(name, limit)
    tolerations = spec.setdefault("tolerations", [])
    for taint in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(_tolerates(one, taint) for one in tolerations):
            tolerations.append({"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})


def _tolerates(toleration: Spec, taint: str) -> bool:
    return toleration.get("key") in (None, "", taint) and toleration.get("effect") in (None, "", "NoExecute")


def quality_of_service(spec: Spec) -> str:
    """Guaranteed, Burstable or BestEffort, from the requests and limits of cpu and memory."""
    guaranteed, anything = True, False
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        resources = container.get("resources") or {}
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        for name in ("cpu", "memory"):
            anything = anything or name in limits or name in requests
            limit = limits.get(name)
            if limit is None or quantities.parse(requests.get(name, limit)) != quantities.parse(limit):
                guaranteed = False
    if not anything:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"
