"""The Ready, Status and Restarts cells of pods, as `kubectl get pods` words them."""

from typing import Any

from sandbox.kubeapi.clock import seconds_since

Object = dict[str, Any]


def _statuses(pod: Object, name: str = "containerStatuses") -> list[Object]:
    return (pod.get("status") or {}).get(name) or []


def pod_ready(pod: Object) -> str:
    total = len((pod.get("spec") or {}).get("containers") or ())
    return f"{sum(bool(one.get('ready')) for one in _statuses(pod))}/{total}"


def pod_restarts(pod: Object) -> str:
    from sandbox.kubeapi.columns import human_duration

    count = sum(one.get("restartCount", 0) for one in _statuses(pod))
    ends = [
        ended
        for one in _statuses(pod)
        if (ended := ((one.get("lastState") or {}).get("terminated") or {}).get("finishedAt"))
    ]
    if not count or not ends:
        return str(count)
    return f"{count} ({human_duration(seconds_since(max(ends)))} ago)"


def pod_status(pod: Object) -> str:
    status = pod.get("status") or {}
    told = _initialising(pod) or _of_containers(pod) or status.get("reason") or status.get("phase") or "Unknown"
    if "deletionTimestamp" in pod["metadata"]:
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    return told


def _word(state: Object, prefix: str = "") -> str:
    waiting, ended = state.get("waiting") or {}, state.get("terminated")
    if waiting.get("reason"):
        return prefix + waiting["reason"]
    if ended is None:
        return ""
    if ended.get("reason"):
        return prefix + ended["reason"]
    if ended.get("signal"):
        return f"{prefix}Signal:{ended['signal']}"
    return f"{prefix}ExitCode:{ended.get('exitCode', 0)}"


def _initialising(pod: Object) -> str:
    statuses = _statuses(pod, "initContainerStatuses")
    total = len((pod.get("spec") or {}).get("initContainers") or ())
    for index, one in enumerate(statuses):
        state = one.get("state") or {}
        ended = state.get("terminated")
        if ended is not None and not ended.get("exitCode"):
            continue
        if one.get("started") and "running" in state:
            continue
        word = _word(state, "Init:")
        return word if word and word != "Init:PodInitializing" else f"Init:{index}/{total}"
    return ""


def _of_containers(pod: Object) -> str:
    told, running = "", False
    for one in reversed(_statuses(pod)):
        state = one.get("state") or {}
        told = _word(state) or told
        running = running or (bool(one.get("ready")) and "running" in state)
    if told == "Completed" and running:
        return "Running"
    return told
