"""A Deployment with all that belongs to it, healthy until a test says otherwise, and its diagnosis at NOW."""

import copy
from datetime import datetime, timedelta
from typing import Any

from diagnosis.rules import Diagnosis, Snapshot, Source, Target, diagnose_snapshot
from diagnosis.rules.engine import BROKEN
from tests.diagnosis.offers import assert_offers
from tests.diagnosis.parts import (
    ARGO,
    NOW,
    NS,
    Obj,
    ago,
    config_map,
    container,
    crashing,
    ended,
    endpoints,
    event,
    http_probe,
    ingress,
    ingress_class,
    namespace,
    node,
    nodes,
    obj,
    owned,
    pod_conditions,
    policy,
    running,
    secret,
    terminated,
    waiting,
)

__all__ = [
    "App",
    "ago",
    "application",
    "causes",
    "config_map",
    "container",
    "crashing",
    "diagnose",
    "ended",
    "endpoints",
    "event",
    "http_probe",
    "ingress",
    "ingress_class",
    "namespace",
    "node",
    "nodes",
    "notices",
    "obj",
    "owned",
    "pod_conditions",
    "policy",
    "running",
    "said",
    "secret",
    "terminated",
    "waiting",
]


REPOSITORY = "https://git.example.dev/acme/gitops.git"


class App:
    """A Deployment with its ReplicaSet, pods and Service, healthy until a test says otherwise."""

    def __init__(
        self,
        name: str = "api",
        *,
        replicas: int = 1,
        containers: list[Obj] | None = None,
        kind: str = "Deployment",
        labels: Obj | None = None,
        made: str = "",
        namespace: str = NS,
        **pod_spec: Any,
    ) -> None:
        self.name, self.namespace, self.made = name, namespace, made or ago(days=12)
        self.labels = labels or {"app": name}
        spec = {
            "containers": containers or [container(name, readinessProbe=http_probe())],
            "serviceAccountName": "default",
            "restartPolicy": "Always",
            **pod_spec,
        }
        template = {"metadata": {"labels": dict(self.labels)}, "spec": spec}
        self.workload = obj(
            "apps/v1",
            kind,
            name,
            namespace,
            made=self.made,
            spec={"replicas": replicas, "selector": {"matchLabels": dict(self.labels)}, "template": template},
            status={},
        )
        self.workload["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "1"}
        self.spec = spec
        self.replica_sets = [self._replica_set("5d9c", "1", replicas)] if kind == "Deployment" else []
        self.pods = [
            self._pod(number, self.replica_sets[0] if self.replica_sets else self.workload)
            for number in range(replicas)
        ]
        self.extra: list[Obj] = []
        self.logs: dict[tuple[str, str, bool], str] = {}
        self.settle()

    def _replica_set(self, suffix: str, revision: str, replicas: int) -> Obj:
        body = {"replicas": replicas, "template": copy.deepcopy(self.workload["spec"]["template"])}
        found = obj(
            "apps/v1",
            "ReplicaSet",
            f"{self.name}-{suffix}",
            self.namespace,
            made=self.made,
            spec=body,
            status={"replicas": replicas},
        )
        found["metadata"].update(
            ownerReferences=owned(self.workload), annotations={"deployment.kubernetes.io/revision": revision}
        )
        return found

    def _pod(self, number: int, owner: Obj) -> Obj:
        found = obj(
            "v1",
            "Pod",
            f"{owner['metadata']['name']}-{'abcdefghij'[number % 10]}{number}",
            self.namespace,
            made=self.made,
        )
        found["metadata"].update(labels={**self.labels, "pod-template-hash": "5d9c"}, ownerReferences=owned(owner))
        found["spec"] = {**copy.deepcopy(self.spec), "nodeName": f"worker-{number % 3 + 1}"}
        found["status"] = {
            "phase": "Running",
            "podIP": f"10.42.0.{10 + number}",
            "startTime": self.made,
            "conditions": pod_conditions("True"),
            "containerStatuses": [running(entry, self.made) for entry in self.spec["containers"]],
        }
        if self.spec.get("initContainers"):
            found["status"]["initContainerStatuses"] = [
                ended(entry, 0, "Completed", restarts=0) for entry in self.spec["initContainers"]
            ]
        return found

    @property
    def pod(self) -> Obj:
        return self.pods[0]

    @property
    def pod_name(self) -> str:
        return str(self.pod["metadata"]["name"])

    def state(self, status: Obj, *, name: str = "", pods: int | None = None, ready: bool = False) -> "App":
        """Gives the (first or named) container this status in all (or the first few) pods."""
        for pod in self.pods[: pods if pods is not None else len(self.pods)]:
            for key in ("containerStatuses", "initContainerStatuses"):
                for entry in pod["status"].get(key, []):
                    if entry["name"] == (name or self.spec["containers"][0]["name"]):
                        entry.clear()
                        entry.update(copy.deepcopy(status))
            if not ready:
                pod["status"]["conditions"] = pod_conditions("False")
        return self.settle()

    def pending(
        self, message: str, *, pods: int | None = None, reason: str = "Unschedulable", minutes: float = 20
    ) -> "App":
        """The pods wait for a node."""
        for pod in self.pods[: pods if pods is not None else len(self.pods)]:
            pod["metadata"]["creationTimestamp"] = ago(minutes=minutes)
            pod["spec"].pop("nodeName", None)
            pod["status"] = {
                "phase": "Pending",
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": reason,
                        "message": message,
                        "lastTransitionTime": ago(minutes=minutes),
                    }
                ],
            }
        return self.settle()

    def creating(self, *, minutes: float = 20) -> "App":
        """The pods are on a node, but their containers are not made yet."""
        for pod in self.pods:
            pod["metadata"]["creationTimestamp"] = ago(minutes=minutes)
            pod["status"] = {
                "phase": "Pending",
                "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "False"}],
                "containerStatuses": [
                    waiting(entry, "ContainerCreating", "", restarts=0) for entry in self.spec["containers"]
                ],
            }
        return self.settle()

    def no_pods(self, message: str = "", *, reason: str = "FailedCreate") -> "App":
        """The ReplicaSet (or StatefulSet, Job) could not create its pods; the message says why."""
        self.pods = []
        owner = self.replica_sets[0] if self.replica_sets else self.workload
        owner["status"] = {"replicas": 0}
        if message and self.replica_sets:
            failure = {
                "type": "ReplicaFailure",
                "status": "True",
                "reason": reason,
                "message": message,
                "lastTransitionTime": ago(minutes=5),
            }
            owner["status"]["conditions"] = [failure]
        if message:
            self.extra.append(event(owner, reason, f"Error creating: {message}", kind="Warning", count=9))
        return self.settle()

    def settle(self) -> "App":
        """Status of the workload as its controller would write it."""
        ready = sum(
            1
            for pod in self.pods
            for entry in pod["status"]["conditions"]
            if entry["type"] == "Ready" and entry["status"] == "True"
        )
        wanted = self.workload["spec"].get("replicas", 1)
        enough = ready >= wanted
        young = NOW - datetime.fromisoformat(self.made) < timedelta(minutes=10)
        stalled = "ReplicaSetUpdated" if young else "ProgressDeadlineExceeded"
        self.workload["status"] = {
            "replicas": len(self.pods),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "updatedReplicas": len(self.pods),
            "conditions": [
                {
                    "type": "Available",
                    "status": "True" if enough else "False",
                    "reason": "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
                    "lastTransitionTime": ago(minutes=20),
                },
                {
                    "type": "Progressing",
                    "status": "True" if enough or young else "False",
                    "reason": "NewReplicaSetAvailable" if enough else stalled,
                    "lastTransitionTime": ago(minutes=10),
                },
            ],
        }
        return self

    def log(self, text: str, *, previous: str | None = None, name: str = "") -> "App":
        for pod in self.pods:
            key = str(pod["metadata"]["name"]), name or self.spec["containers"][0]["name"]
            self.logs[*key, False] = text
            self.logs[*key, True] = previous if previous is not None else text
        return self

    def service(
        self, *, selector: Obj | None = None, port: int = 80, target: Any = "http", name: str = "", **spec: Any
    ) -> Obj:
        body = {
            "selector": selector or dict(self.labels),
            "ports": [{"name": "http", "port": port, "targetPort": target}],
            "clusterIP": "10.43.0.7",
            "type": "ClusterIP",
            **spec,
        }
        return obj("v1", "Service", name or self.name, self.namespace, spec=body)

    @property
    def objects(self) -> list[Obj]:
        return [self.workload, *self.replica_sets, *self.pods, *self.extra]


def application(
    app: App,
    *,
    sync: str = "Synced",
    health: str = "Healthy",
    automated: Obj | bool | None = True,
    wanted: str = "aaa1",
    synced: str = "aaa1",
    phase: str = "Succeeded",
    message: str = "successfully synced (all tasks run)",
    **more: Any,
) -> Obj:
    """The app's Application. `more`: conditions, resources, results, started, finished, compared, destination, made."""
    automatic = {"prune": True, "selfHeal": True} if automated is True else automated
    result = {"revision": synced if phase == "Succeeded" else wanted, "resources": more.get("results", [])}
    operation = {
        "phase": phase,
        "message": message,
        "startedAt": more.get("started") or ago(days=5),
        "syncResult": result,
    }
    if phase != "Running":
        operation["finishedAt"] = more.get("finished") or ago(days=5)
    own = {"group": "apps", "kind": app.workload["kind"], "name": app.name, "namespace": app.namespace}
    own |= {"status": "OutOfSync" if sync == "OutOfSync" else "Synced", "health": {"status": health}}
    status = {
        "sync": {"status": sync, "revision": wanted},
        "health": {"status": health},
        "operationState": operation,
        "reconciledAt": more.get("compared") or ago(minutes=1),
        "resources": more.get("resources") or [own],
        "history": [{"revision": synced, "deployedAt": ago(days=5)}] if synced else [],
        "conditions": more.get("conditions") or [],
    }
    spec = {
        "destination": {
            "namespace": more.get("destination", app.namespace),
            "server": "https://kubernetes.default.svc",
        },
        "source": {"repoURL": REPOSITORY, "path": f"services/{app.namespace}/{app.name}"},
        "syncPolicy": {"automated": automatic} if automatic else {},
    }
    called = f"{app.namespace}-{app.name}"
    return obj("argoproj.io/v1alpha1", "Application", called, ARGO, made=more.get("made", ""), spec=spec, status=status)


def diagnose(app: App, *others: Obj, kind: str = "", name: str = "", sources: list[Source] | None = None) -> Diagnosis:
    """The diagnosis of the app at NOW; a check that breaks, or a remedy that cannot be had, fails the test."""
    snapshot = Snapshot([namespace(app.namespace), *app.objects, *others], app.logs, sources or [])
    found = diagnose_snapshot(snapshot, Target(kind or app.workload["kind"], app.namespace, name or app.name), NOW)
    broken = [entry.reason for entry in found.checked if entry.symptom == BROKEN]
    assert not broken, broken
    assert_offers(found)
    return found


def causes(found: Diagnosis) -> list[str]:
    """Causes of what is reported as problem or warning, in order."""
    return [entry.cause for entry in found.findings if entry.severity != "notice"]


def notices(found: Diagnosis) -> list[str]:
    return [entry.cause for entry in found.findings if entry.severity == "notice"]


def said(found: Diagnosis) -> str:
    """Everything the first finding says, as a reader sees it."""
    first = found.findings[0]
    facts = " ".join(f"{entry.fact} {entry.field} {entry.value}" for entry in first.evidence)
    return f"{first.title} {first.detail} {facts}"
