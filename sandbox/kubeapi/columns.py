"""Columns of `kubectl get` for the built-in kinds; a wide one is shown by `-o wide` only."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.kubeapi.clock import seconds_since
from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.pod_columns import pod_ready, pod_restarts, pod_status

Cell = Callable[[Object], Any]
NONE = "<none>"


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    cell: Cell
    type: str = "string"
    wide: bool = False


def human_duration(seconds: float | None) -> str:
    """As kubectl shows ages: 45s, 12m, 3h10m, 5d."""
    if seconds is None:
        return "<unknown>"
    whole = max(0, int(seconds))
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if whole < 120:
        return f"{whole}s"
    if minutes < 10:
        return f"{minutes}m{whole % 60}s" if whole % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    return f"{days}d" if days < 730 else f"{days // 365}y"


def age(obj: Object) -> str:
    return human_duration(seconds_since(obj["metadata"].get("creationTimestamp", "")))


def since(text: str | None) -> str:
    return human_duration(seconds_since(text)) if text else NONE


def _spec(obj: Object, name: str, default: Any = 0) -> Any:
    return (obj.get("spec") or {}).get(name, default)


def _status(obj: Object, name: str, default: Any = 0) -> Any:
    return (obj.get("status") or {}).get(name, default)


def _containers(obj: Object) -> list[Object]:
    return ((_spec(obj, "template", {}) or {}).get("spec") or {}).get("containers") or []


def _selector(obj: Object) -> str:
    selector = _spec(obj, "selector", {}) or {}
    labels = (
        selector.get("matchLabels", {}) if "matchLabels" in selector or "matchExpressions" in selector else selector
    )
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) or NONE


def _ready_of(ready: str, total: Cell) -> Cell:
    return lambda obj: f"{_status(obj, ready)}/{total(obj)}"


def _service_ports(obj: Object) -> str:
    shown = [
        f"{port['port']}:{port['nodePort']}/{port.get('protocol', 'TCP')}"
        if port.get("nodePort")
        else f"{port['port']}/{port.get('protocol', 'TCP')}"
        for port in _spec(obj, "ports", []) or ()
    ]
    return ",".join(shown) or NONE


def _external_ip(obj: Object) -> str:
    if _spec(obj, "type", "") == "ExternalName":
        return _spec(obj, "externalName", NONE)
    given = (_status(obj, "loadBalancer", {}) or {}).get("ingress") or []
    listed = [one.get("ip") or one.get("hostname", "") for one in given] + (_spec(obj, "externalIPs", []) or [])
    return ",".join(listed) or ("<pending>" if _spec(obj, "type", "") == "LoadBalancer" else NONE)


def _node_status(obj: Object) -> str:
    ready = next((one for one in _status(obj, "conditions", []) or () if one["type"] == "Ready"), None)
    words = ["Ready" if ready and ready["status"] == "True" else "NotReady" if ready else "Unknown"]
    return ",".join(words + (["SchedulingDisabled"] if _spec(obj, "unschedulable", False) else []))


def _node_roles(obj: Object) -> str:
    mark = "node-role.kubernetes.io/"
    roles = [key.removeprefix(mark) for key in obj["metadata"].get("labels") or {} if key.startswith(mark)]
    return ",".join(sorted(roles)) or NONE


def _node_address(kind: str) -> Cell:
    return lambda obj: next(
        (one["address"] for one in _status(obj, "addresses", []) or () if one["type"] == kind), NONE
    )


def _node_info(name: str) -> Cell:
    return lambda obj: (_status(obj, "nodeInfo", {}) or {}).get(name, "<unknown>")


def _ingress_hosts(obj: Object) -> str:
    return ",".join(rule.get("host", "*") for rule in _spec(obj, "rules", []) or ()) or "*"


def _ingress_address(obj: Object) -> str:
    given = (_status(obj, "loadBalancer", {}) or {}).get("ingress") or []
    return ",".join(one.get("ip") or one.get("hostname", "") for one in given)


def _event_object(obj: Object) -> str:
    involved = obj.get("involvedObject") or {}
    return f"{involved.get('kind', '').lower()}/{involved.get('name', '')}"


def _event_last_seen(obj: Object) -> str:
    series = obj.get("series") or {}
    seen = series.get("lastObservedTime") or obj.get("lastTimestamp") or obj.get("eventTime")
    return since(seen or obj["metadata"].get("creationTimestamp"))


def _job_status(obj: Object) -> str:
    for kind, word in (("Complete", "Complete"), ("Failed", "Failed"), ("Suspended", "Suspended")):
        if any(one["type"] == kind and one["status"] == "True" for one in _status(obj, "conditions", []) or ()):
            return word
    return "Running"


def _job_duration(obj: Object) -> str:
    started, ended = _status(obj, "startTime", None), _status(obj, "completionTime", None)
    if not started:
        return ""
    total = seconds_since(started)
    return human_duration((total or 0) - (seconds_since(ended) or 0) if ended else total)


def _used_of_hard(names: Callable[[str], bool]) -> Cell:
    def cell(obj: Object) -> str:
        hard, used = _status(obj, "hard", {}) or {}, _status(obj, "used", {}) or {}
        return ", ".join(f"{key}: {used.get(key, '0')}/{value}" for key, value in sorted(hard.items()) if names(key))

    return cell


def _claim_capacity(obj: Object) -> str:
    return (_status(obj, "capacity", {}) or {}).get("storage", "")


def _modes(names: list[str]) -> str:
    short = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
    return ",".join(short.get(name, name) for name in names or ())


def _endpoints(obj: Object) -> str:
    shown = [
        f"{address['ip']}:{port['port']}"
        for subset in obj.get("subsets") or ()
        for address in subset.get("addresses") or ()
        for port in subset.get("ports") or ()
    ]
    return ",".join(shown[:3]) + (f" + {len(shown) - 3} more..." if len(shown) > 3 else "") or NONE


def _scaled(obj: Object) -> str:
    target = _spec(obj, "scaleTargetRef", {})
    return f"{target.get('kind')}/{target.get('name')}"


NAME = Column("Name", lambda obj: obj["metadata"]["name"])
AGE = Column("Age", age)
_IMAGES = Column("Images", lambda obj: ",".join(one.get("image", "") for one in _containers(obj)), wide=True)
_NAMES = Column("Containers", lambda obj: ",".join(one.get("name", "") for one in _containers(obj)), wide=True)
_SELECTOR = Column("Selector", _selector, wide=True)

_WORKLOAD_END = [AGE, _NAMES, _IMAGES]
BUILTIN: dict[str, list[Column]] = {
    "pods": [
        Column("Ready", pod_ready),
        Column("Status", pod_status),
        Column("Restarts", pod_restarts),
        AGE,
        Column("IP", lambda obj: _status(obj, "podIP", "") or NONE, wide=True),
        Column("Node", lambda obj: _spec(obj, "nodeName", "") or NONE, wide=True),
        Column("Nominated Node", lambda obj: _status(obj, "nominatedNodeName", "") or NONE, wide=True),
        Column("Readiness Gates", lambda obj: NONE, wide=True),
    ],
    "deployments": [
        Column("Ready", _ready_of("readyReplicas", lambda obj: _spec(obj, "replicas"))),
        Column("Up-to-date", lambda obj: _status(obj, "updatedReplicas"), "integer"),
        Column("Available", lambda obj: _status(obj, "availableReplicas"), "integer"),
        *_WORKLOAD_END,
        _SELECTOR,
    ],
    "replicasets": [
        Column("Desired", lambda obj: _spec(obj, "replicas"), "integer"),
        Column("Current", lambda obj: _status(obj, "replicas"), "integer"),
        Column("Ready", lambda obj: _status(obj, "readyReplicas"), "integer"),
        *_WORKLOAD_END,
        _SELECTOR,
    ],
    "statefulsets": [Column("Ready", _ready_of("readyReplicas", lambda obj: _spec(obj, "replicas"))), *_WORKLOAD_END],
    "daemonsets": [
        Column("Desired", lambda obj: _status(obj, "desiredNumberScheduled"), "integer"),
        Column("Current", lambda obj: _status(obj, "currentNumberScheduled"), "integer"),
        Column("Ready", lambda obj: _status(obj, "numberReady"), "integer"),
        Column("Up-to-date", lambda obj: _status(obj, "updatedNumberScheduled"), "integer"),
        Column("Available", lambda obj: _status(obj, "numberAvailable"), "integer"),
        *_WORKLOAD_END,
        _SELECTOR,
    ],
    "services": [
        Column("Type", lambda obj: _spec(obj, "type", "")),
        Column("Cluster-IP", lambda obj: _spec(obj, "clusterIP", NONE)),
        Column("External-IP", _external_ip),
        Column("Port(s)", _service_ports),
        AGE,
        _SELECTOR,
    ],
    "nodes": [
        Column("Status", _node_status),
        Column("Roles", _node_roles),
        AGE,
        Column("Version", _node_info("kubeletVersion")),
        Column("Internal-IP", _node_address("InternalIP"), wide=True),
        Column("External-IP", _node_address("ExternalIP"), wide=True),
        Column("OS-Image", _node_info("osImage"), wide=True),
        Column("Kernel-Version", _node_info("kernelVersion"), wide=True),
        Column("Container-Runtime", _node_info("containerRuntimeVersion"), wide=True),
    ],
    "namespaces": [Column("Status", lambda obj: _status(obj, "phase", "")), AGE],
    "configmaps": [
        Column("Data", lambda obj: len(obj.get("data") or {}) + len(obj.get("binaryData") or {}), "integer"),
        AGE,
    ],
    "secrets": [
        Column("Type", lambda obj: obj.get("type", "")),
        Column("Data", lambda obj: len(obj.get("data") or {}), "integer"),
        AGE,
    ],
    "serviceaccounts": [Column("Secrets", lambda obj: len(obj.get("secrets") or ()), "integer"), AGE],
    "ingresses": [
        Column("Class", lambda obj: _spec(obj, "ingressClassName", "") or NONE),
        Column("Hosts", _ingress_hosts),
        Column("Address", _ingress_address),
        Column("Ports", lambda obj: "80, 443" if _spec(obj, "tls", None) else "80"),
        AGE,
    ],
    "jobs": [
        Column("Status", _job_status),
        Column("Completions", lambda obj: f"{_status(obj, 'succeeded')}/{_spec(obj, 'completions', 1)}"),
        Column("Duration", _job_duration),
        *_WORKLOAD_END,
    ],
    "cronjobs": [
        Column("Schedule", lambda obj: _spec(obj, "schedule", "")),
        Column("Timezone", lambda obj: _spec(obj, "timeZone", NONE)),
        Column("Suspend", lambda obj: str(_spec(obj, "suspend", False))),
        Column("Active", lambda obj: len(_status(obj, "active", []) or ()), "integer"),
        Column("Last Schedule", lambda obj: since(_status(obj, "lastScheduleTime", None))),
        AGE,
    ],
    "persistentvolumeclaims": [
        Column("Status", lambda obj: _status(obj, "phase", "")),
        Column("Volume", lambda obj: _spec(obj, "volumeName", "")),
        Column("Capacity", _claim_capacity),
        Column("Access Modes", lambda obj: _modes(_status(obj, "accessModes", []))),
        Column("StorageClass", lambda obj: _spec(obj, "storageClassName", "")),
        AGE,
    ],
    "resourcequotas": [
        Column("Request", _used_of_hard(lambda name: not name.startswith("limits."))),
        Column("Limit", _used_of_hard(lambda name: name.startswith("limits."))),
        AGE,
    ],
    "horizontalpodautoscalers": [
        Column("Reference", _scaled),
        Column("MinPods", lambda obj: str(_spec(obj, "minReplicas", 1))),
        Column("MaxPods", lambda obj: _spec(obj, "maxReplicas"), "integer"),
        Column("Replicas", lambda obj: _status(obj, "currentReplicas"), "integer"),
        AGE,
    ],
    "poddisruptionbudgets": [
        Column("Min Available", lambda obj: str(_spec(obj, "minAvailable", "N/A"))),
        Column("Max Unavailable", lambda obj: str(_spec(obj, "maxUnavailable", "N/A"))),
        Column("Allowed Disruptions", lambda obj: _status(obj, "disruptionsAllowed"), "integer"),
        AGE,
    ],
    "endpoints": [Column("Endpoints", _endpoints), AGE],
    "storageclasses": [Column("Provisioner", lambda obj: obj.get("provisioner", "")), AGE],
    "networkpolicies": [
        Column("Pod-Selector", lambda obj: _selector({"spec": {"selector": _spec(obj, "podSelector", {})}})),
        AGE,
    ],
    "customresourcedefinitions": [Column("Created At", lambda obj: obj["metadata"]["creationTimestamp"])],
}
# Events come without their names, and begin with when they were last seen.
EVENT_COLUMNS = [
    Column("Last Seen", _event_last_seen),
    Column("Type", lambda obj: obj.get("type", "")),
    Column("Reason", lambda obj: obj.get("reason", "")),
    Column("Object", _event_object),
    Column("Subobject", lambda obj: (obj.get("involvedObject") or {}).get("fieldPath", ""), wide=True),
    Column("Source", lambda obj: (obj.get("source") or {}).get("component", ""), wide=True),
    Column("Message", lambda obj: obj.get("message", "").strip()),
    Column("First Seen", lambda obj: since(obj.get("firstTimestamp")), wide=True),
    Column("Count", lambda obj: obj.get("count", 1), "integer", wide=True),
    Column("Name", lambda obj: obj["metadata"]["name"], wide=True),
]
