"""Small valid objects, and the few requests that tests make as a user of the cluster would."""

from contextlib import suppress
from typing import Any

from integrations.errors import Contended
from integrations.kubernetes import Cluster, kinds
from integrations.kubernetes.client import MERGE_PATCH
from integrations.kubernetes.kinds import Kind

# A namespace has a ConfigMap of its own from the start; ours are told apart by this label.
OURS = {"made-by": "tests"}
STARTED = "2026-11-22T08:00:00Z"


def create(cluster: Cluster, kind: Kind, namespace: str | None, body: dict[str, Any]) -> dict[str, Any]:
    whole = {"apiVersion": kind.api_version, "kind": kind.kind, **body}
    return cluster.transport.json("POST", kind.path(namespace), asked=f"create a {kind.kind}", body=whole)


def delete(cluster: Cluster, kind: Kind, namespace: str | None, name: str) -> None:
    query = {"gracePeriodSeconds": "0"}
    cluster.transport.json("DELETE", kind.path(namespace, name), asked=f"delete a {kind.kind}", query=query)


def set_status(cluster: Cluster, kind: Kind, namespace: str, name: str, status: dict[str, Any]) -> None:
    path = f"{kind.path(namespace, name)}/status"
    body = {"status": status}
    cluster.transport.json("PATCH", path, asked="set a status", body=body, content_type=MERGE_PATCH)


def make_namespace(cluster: Cluster, name: str) -> str:
    with suppress(Contended):
        create(cluster, kinds.NAMESPACES, None, {"metadata": {"name": name}})
    return name


def config_map(name: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {**OURS, **(labels or {})}}, "data": {"size": "small"}}


def service_labels(tenant: str, service: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": "base-service", "app.kubernetes.io/instance": f"{tenant}-{service}"}


def pod(tenant: str, service: str, name: str, tag: str = "1.4.2") -> dict[str, Any]:
    container = {"name": "base-service", "image": f"ghcr.io/acme/{service}:{tag}"}
    return {
        "metadata": {"name": name, "labels": service_labels(tenant, service)},
        "spec": {"containers": [container], "nodeName": "worker-1"},
    }


def pod_status(*, ready: bool = True, restarts: int = 0, waiting: str = "", phase: str = "Running") -> dict[str, Any]:
    """The status of a pod with one container; `waiting` is the reason it waits for."""
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {"startedAt": STARTED}}
    container = {
        "name": "base-service",
        "image": "x",
        "imageID": "x",
        "ready": ready and not waiting,
        "restartCount": restarts,
        "state": state,
    }
    return {"phase": phase, "startTime": STARTED, "containerStatuses": [container]}


def deployment(tenant: str, service: str, replicas: int = 1, tag: str = "1.4.2") -> dict[str, Any]:
    labels = service_labels(tenant, service)
    return {
        "metadata": {"name": f"{tenant}-{service}-base-service", "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod(tenant, service, "x", tag)["spec"]},
        },
    }


def application(
    tenant: str, service: str, *, health: str = "Healthy", sync: str = "Synced", revision: str = ""
) -> dict[str, Any]:
    source = {"repoURL": "https://git.example.dev/gitops.git", "path": "chart", "targetRevision": "main"}
    destination = {"server": "https://kubernetes.default.svc", "namespace": tenant}
    return {
        "metadata": {"name": f"{tenant}-{service}", "labels": {"team": tenant, "env": "apps"}},
        "spec": {"project": "apps", "destination": destination, "source": source},
        "status": {"health": {"status": health}, "sync": {"status": sync, "revision": revision}},
    }


def replica_set(of: dict[str, Any], name: str) -> dict[str, Any]:
    """The one a Deployment would make."""
    spec = {part: of["spec"][part] for part in ("replicas", "selector", "template")}
    labels = of["metadata"]["labels"]
    return {"metadata": {"name": name, "labels": labels, "ownerReferences": [owner(of)]}, "spec": spec}


def owner(of: dict[str, Any]) -> dict[str, Any]:
    metadata = of["metadata"]
    reference = {"apiVersion": of["apiVersion"], "kind": of["kind"], "name": metadata["name"], "uid": metadata["uid"]}
    return {**reference, "controller": True, "blockOwnerDeletion": True}
