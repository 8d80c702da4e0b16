"""Plain objects of a cluster: nodes, containers and their states, Services, events. The clock stands at NOW."""

from datetime import UTC, datetime, timedelta
from typing import Any

Obj = dict[str, Any]
NOW = datetime(2026, 8, 20, 9, 30, tzinfo=UTC)
NS = "labs"
ARGO = "argocd"


def ago(**parts: float) -> str:
    """A time before NOW as the API server writes it: ago(minutes=5)."""
    return (NOW - timedelta(**parts)).strftime("%Y-%m-%dT%H:%M:%SZ")


def obj(api: str, kind: str, name: str, namespace: str | None = NS, *, made: str = "", **body: Any) -> Obj:
    metadata: Obj = {"name": name, "creationTimestamp": made or ago(days=30), "uid": f"{kind}-{namespace}-{name}"}
    if namespace:
        metadata["namespace"] = namespace
    metadata.update(body.pop("metadata", {}))
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **body}


def owned(by: Obj) -> list[Obj]:
    return [
        {
            "apiVersion": by["apiVersion"],
            "kind": by["kind"],
            "name": by["metadata"]["name"],
            "uid": by["metadata"]["uid"],
            "controller": True,
        }
    ]


def node(
    name: str = "worker-1",
    *,
    labels: Obj | None = None,
    taints: list[Obj] | None = None,
    ready: str = "True",
    **body: Any,
) -> Obj:
    conditions = [
        {
            "type": "Ready",
            "status": ready,
            "reason": "KubeletReady" if ready == "True" else "NodeStatusUnknown",
            "message": "kubelet is posting ready status" if ready == "True" else "Kubelet stopped posting node status.",
            "lastTransitionTime": ago(minutes=20),
        },
        *[
            {"type": entry, "status": "False", "lastTransitionTime": ago(days=9)}
            for entry in ("MemoryPressure", "DiskPressure", "PIDPressure")
            if entry not in body.get("pressure", ())
        ],
        *[
            {"type": entry, "status": "True", "message": f"kubelet has {entry}", "lastTransitionTime": ago(minutes=8)}
            for entry in body.get("pressure", ())
        ],
    ]
    spec: Obj = {"taints": taints} if taints else {}
    spec.update(body.get("spec", {}))
    allocatable = {"cpu": "2", "memory": "3934Mi", "pods": "110", **body.get("allocatable", {})}
    marks = {"kubernetes.io/hostname": name, "kubernetes.io/arch": "amd64", **(labels or {})}
    return obj(
        "v1",
        "Node",
        name,
        None,
        metadata={"labels": marks},
        spec=spec,
        status={"conditions": conditions, "allocatable": allocatable},
    )


def nodes(count: int = 3) -> list[Obj]:
    return [node(f"worker-{number}") for number in range(1, count + 1)]


def container(name: str = "api", image: str = "ghcr.io/acme/api:1.4.0", **spec: Any) -> Obj:
    ports = spec.pop("ports", [{"name": "http", "containerPort": 8080, "protocol": "TCP"}])
    resources = spec.pop(
        "resources", {"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}}
    )
    return {"name": name, "image": image, "ports": ports, "resources": resources, **spec}


def http_probe(path: str = "/readyz", port: Any = "http", **more: int) -> Obj:
    return {
        "httpGet": {"path": path, "port": port, "scheme": "HTTP"},
        "periodSeconds": 10,
        "failureThreshold": 3,
        "timeoutSeconds": 1,
        **more,
    }


def pod_conditions(ready: str) -> list[Obj]:
    return [
        {"type": entry, "status": status}
        for entry, status in (
            ("PodScheduled", "True"),
            ("Initialized", "True"),
            ("ContainersReady", ready),
            ("Ready", ready),
        )
    ]


def running(spec: Obj, since: str = "", *, ready: bool = True, restarts: int = 0, last: Obj | None = None) -> Obj:
    return {
        "name": spec["name"],
        "image": spec["image"],
        "imageID": f"{spec['image']}@sha256:77",
        "ready": ready,
        "started": ready,
        "restartCount": restarts,
        "state": {"running": {"startedAt": since or ago(days=12)}},
        "lastState": {"terminated": last} if last else {},
    }


def waiting(spec: Obj, reason: str, message: str = "", *, restarts: int = 0, last: Obj | None = None) -> Obj:
    return {
        "name": spec["name"],
        "image": spec["image"],
        "ready": False,
        "started": False,
        "restartCount": restarts,
        "state": {"waiting": {"reason": reason, "message": message}},
        "lastState": {"terminated": last} if last else {},
    }


def ended(spec: Obj, code: int, reason: str = "Error", *, restarts: int = 6, **more: Any) -> Obj:
    return {
        "name": spec["name"],
        "image": spec["image"],
        "ready": False,
        "restartCount": restarts,
        "state": {"terminated": terminated(code, reason, **more)},
        "lastState": {},
    }


def terminated(code: int, reason: str = "Error", *, minutes: float = 2, lived_s: float = 3, **more: Any) -> Obj:
    return {
        "exitCode": code,
        "reason": reason,
        "startedAt": ago(minutes=minutes, seconds=lived_s),
        "finishedAt": ago(minutes=minutes),
        **more,
    }


def crashing(spec: Obj, code: int = 1, reason: str = "Error", *, restarts: int = 8, **more: Any) -> Obj:
    """CrashLoopBackOff after this exit."""
    return waiting(
        spec,
        "CrashLoopBackOff",
        "back-off 5m0s restarting failed container",
        restarts=restarts,
        last=terminated(code, reason, **more),
    )


def event(
    about: Obj,
    reason: str,
    message: str,
    *,
    minutes: float = 1,
    count: int = 5,
    container: str = "",
    kind: str = "Warning",
) -> Obj:
    where = {"kind": about["kind"], "namespace": about["metadata"].get("namespace"), "name": about["metadata"]["name"]}
    if container:
        where["fieldPath"] = f"spec.containers{{{container}}}"
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{where['name']}.{abs(hash((reason, message))):x}", "namespace": where["namespace"]},
        "involvedObject": where,
        "type": kind,
        "reason": reason,
        "message": message,
        "firstTimestamp": ago(minutes=minutes + 15),
        "lastTimestamp": ago(minutes=minutes),
        "count": count,
    }


def secret(name: str, *keys: str, namespace: str = NS, made: str = "") -> Obj:
    return obj("v1", "Secret", name, namespace, made=made, data=dict.fromkeys(keys, "cmVkYWN0ZWQ="))


def config_map(name: str, namespace: str = NS, **data: str) -> Obj:
    return obj("v1", "ConfigMap", name, namespace, data=data)


def endpoints(service: Obj, *pods: Obj, ready: bool = True) -> Obj:
    found = obj(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        f"{service['metadata']['name']}-x1",
        service["metadata"]["namespace"],
        ports=service["spec"]["ports"],
    )
    found["metadata"]["labels"] = {"kubernetes.io/service-name": service["metadata"]["name"]}
    found["endpoints"] = [
        {"addresses": [pod["status"].get("podIP", "10.42.9.9")], "conditions": {"ready": ready}} for pod in pods
    ]
    return found


def ingress(
    name: str,
    service: str,
    host: str = "api.example.dev",
    *,
    namespace: str = NS,
    port: Any = None,
    class_name: str | None = "traefik",
    tls: list[Obj] | None = None,
    made: str = "",
    **metadata: Any,
) -> Obj:
    backend = {"service": {"name": service, "port": port or {"number": 80}}}
    spec: Obj = {
        "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]
    }
    if class_name:
        spec["ingressClassName"] = class_name
    if tls:
        spec["tls"] = tls
    return obj(
        "networking.k8s.io/v1",
        "Ingress",
        name,
        namespace,
        made=made,
        spec=spec,
        status={"loadBalancer": {"ingress": [{"ip": "10.0.0.11"}]}},
        metadata=metadata,
    )


def ingress_class(name: str = "traefik", *, default: bool = True) -> Obj:
    return obj(
        "networking.k8s.io/v1",
        "IngressClass",
        name,
        None,
        metadata={"annotations": {"ingressclass.kubernetes.io/is-default-class": str(default).lower()}},
        spec={"controller": "traefik.io/ingress-controller"},
    )


def namespace(name: str = NS, **labels: str) -> Obj:
    return obj(
        "v1",
        "Namespace",
        name,
        None,
        metadata={"labels": {"kubernetes.io/metadata.name": name, **labels}},
        status={"phase": "Active"},
    )


def policy(
    name: str, selector: Obj, *, namespace: str = NS, types: tuple[str, ...] = ("Ingress",), **rules: Any
) -> Obj:
    return obj(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        name,
        namespace,
        spec={"podSelector": selector, "policyTypes": list(types), **rules},
    )
