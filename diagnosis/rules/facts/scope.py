"""What belongs to the target: found through owner references, selectors and references, not through names.

Names decide only where the cluster has no field for it, and then by the platform's own convention.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from core.diagnosis import Target
from diagnosis.rules.facts import applications, finders
from diagnosis.rules.facts.containers import Container, Trouble, containers_of, is_leaving, is_over, is_ready
from diagnosis.rules.facts.events import Event
from diagnosis.rules.facts.finders import INSTANCE, WORKLOADS
from diagnosis.rules.facts.objects import (
    Obj,
    annotations,
    controller,
    created,
    dig,
    is_owned_by,
    items,
    kind,
    labels,
    mapping,
    matches_labels,
    matches_selector,
    name,
    namespace,
    number_at,
    text_at,
)
from diagnosis.rules.facts.snapshot import Snapshot

REVISION = "deployment.kubernetes.io/revision"
JOBS = frozenset({"Job", "CronJob"})
# Where a kind keeps its pod template; a Pod is its own.
TEMPLATE_AT: Mapping[str, tuple[str, ...]] = {"Pod": (), "CronJob": ("spec", "jobTemplate", "spec", "template")}
# Counts in a status that all equal the replicas wanted once a rollout is complete.
OF_ALL_PODS = ("replicas", "updatedReplicas", "readyReplicas")


@dataclass
class Scope:
    """The snapshot seen from one target at one time. Everything here is computed once."""

    snapshot: Snapshot
    target: Target
    now: datetime
    memo: dict[str, Any] = field(default_factory=dict)  # what several checks read out of the same logs

    @property
    def namespace(self) -> str:
        return self.target.name if self.target.kind == "Namespace" else self.target.namespace

    @cached_property
    def target_object(self) -> Obj | None:
        return finders.target_object(self.snapshot, self.target)

    @cached_property
    def workload(self) -> Obj | None:
        """The workload the target is or stands for."""
        return finders.workload_of(self.snapshot, self.namespace, self.target_object)

    def asked_about(self, kind_: str) -> list[Obj]:
        """The target itself, where it is of that kind."""
        return [self.target_object] if self.target.kind == kind_ and self.target_object is not None else []

    @property
    def workload_kind(self) -> str:
        return kind(self.workload) if self.workload is not None else ""

    @cached_property
    def service(self) -> str:
        """The service's name in operations: the instance label without the tenant, else the workload's name."""
        return service_name(self.workload, self.namespace) or self.target.name

    @cached_property
    def template(self) -> Obj:
        """The pod template the workload wants now: {"metadata", "spec"}."""
        return mapping(self.workload, *TEMPLATE_AT.get(self.workload_kind, ("spec", "template")))

    @cached_property
    def template_labels(self) -> dict[str, str]:
        found = mapping(self.template, "metadata", "labels")
        return found or (labels(self.pods[0]) if self.pods else {})

    @cached_property
    def desired(self) -> int:
        """Replicas wanted; 1 where the kind has no such field."""
        if self.workload is None:
            return 0
        if self.workload_kind == "DaemonSet":
            return number_at(self.workload, "status", "desiredNumberScheduled")
        replicas = dig(self.workload, "spec", "replicas")
        return replicas if isinstance(replicas, int) else 1

    @cached_property
    def is_stopped(self) -> bool:
        """Nothing is meant to run: 0 replicas, or a suspended CronJob or Job."""
        if self.workload is None:
            return False
        if self.workload_kind in JOBS:
            return bool(dig(self.workload, "spec", "suspend"))
        return self.workload_kind != "DaemonSet" and self.desired == 0

    @cached_property
    def replica_sets(self) -> list[Obj]:
        """Newest revision first."""
        if self.workload is None:
            return []
        found = self.snapshot.children(self.workload, "ReplicaSet")
        return sorted(found, key=lambda obj: (_revision(obj), str(created(obj))), reverse=True)

    @cached_property
    def jobs(self) -> list[Obj]:
        """The jobs of a CronJob, newest first; the Job itself."""
        if self.workload is None:
            return []
        if self.workload_kind == "Job":
            return [self.workload]
        return sorted(self.snapshot.children(self.workload, "Job"), key=lambda obj: str(created(obj)), reverse=True)

    @cached_property
    def owners(self) -> list[Obj]:
        """The objects that own pods directly: the newest ReplicaSet or job first."""
        if self.workload is None:
            return []
        if self.workload_kind in {"Deployment", "Rollout"}:
            return self.replica_sets
        return self._telling_jobs if self.workload_kind == "CronJob" else [self.workload]

    @cached_property
    def _telling_jobs(self) -> list[Obj]:
        """The newest job of a CronJob, and the one before while the newest has not come to an end."""
        ended = self.jobs and any(
            entry.get("status") == "True" for entry in items(self.jobs[0], "status", "conditions")
        )
        return self.jobs[:1] if ended else self.jobs[:2]

    @cached_property
    def all_pods(self) -> list[Obj]:
        """Every pod of the workload, also the ended and the leaving ones; pods of the newest owner first."""
        if self.workload is not None and self.workload_kind == "Pod":
            return [self.workload]
        found = [pod for owner in self.owners for pod in self.snapshot.children(owner, "Pod")]
        return found or self._pods_without_owner

    @cached_property
    def _pods_without_owner(self) -> list[Obj]:
        """Pods of a Deployment whose ReplicaSets were not read: by its selector, as the ReplicaSets would."""
        if self.workload is None or self.workload_kind != "Deployment" or self.replica_sets:
            return []
        selector, here = mapping(self.workload, "spec", "selector"), namespace(self.workload)
        named = [pod for pod in self.snapshot.all("Pod", here) if matches_selector(selector, labels(pod))]
        return [pod for pod in named if selector and controller(pod).get("kind") in {None, "ReplicaSet"}]

    @cached_property
    def pods(self) -> list[Obj]:
        """Pods that are meant to run now. Ended pods count only for jobs, whose end is their result."""
        if self._is_batch:
            return [pod for pod in self.all_pods if not is_leaving(pod)]
        return [pod for pod in self.all_pods if not is_leaving(pod) and not is_over(pod)]

    @cached_property
    def _is_batch(self) -> bool:
        return self.workload_kind in {*JOBS, "Pod"}

    @cached_property
    def new_pods(self) -> list[Obj]:
        """Pods of the newest revision; all pods where there are no revisions."""
        if not self.replica_sets:
            return self.pods
        return [pod for pod in self.pods if is_owned_by(pod, self.replica_sets[0])]

    @cached_property
    def old_pods(self) -> list[Obj]:
        new = {name(pod) for pod in self.new_pods}
        return [pod for pod in self.pods if name(pod) not in new]

    @cached_property
    def ready_pods(self) -> list[Obj]:
        return [pod for pod in self.pods if is_ready(pod)]

    @cached_property
    def gone_pods(self) -> list[Obj]:
        """Failed pods left over: evicted, preempted, refused by a node."""
        return [pod for pod in self.all_pods if text_at(pod, "status", "phase") == "Failed"]

    @cached_property
    def containers(self) -> list[Container]:
        return [container for pod in self.pods for container in containers_of(pod)]

    @cached_property
    def troubled(self) -> list[Container]:
        """Containers in trouble now. What has succeeded or is stopped has none, whatever its earlier pods did."""
        if self.job_succeeded or self.is_stopped:
            return []
        found = [container for container in self.containers if container.trouble(self.now) != Trouble.NONE]
        return [container for container in found if not is_leaving(container.pod)]

    def in_trouble(self, *troubles: Trouble) -> list[Container]:
        return [container for container in self.troubled if container.trouble(self.now) in troubles]

    @cached_property
    def job_succeeded(self) -> bool:
        job = self.jobs[0] if self.jobs else None
        return job is not None and any(
            entry.get("type") in {"Complete", "SuccessCriteriaMet"} and entry.get("status") == "True"
            for entry in items(job, "status", "conditions")
        )

    @cached_property
    def is_complete(self) -> bool:
        """As many ready pods of the newest revision as wanted."""
        if self.workload is not None and self.workload_kind == "Pod":
            return is_ready(self.workload) or text_at(self.workload, "status", "phase") == "Succeeded"
        if self._is_batch:
            return self.job_succeeded
        ready = [pod for pod in self.new_pods if is_ready(pod)]
        return self.workload is not None and len(ready) >= self.desired and not self.old_pods

    @cached_property
    def is_hidden(self) -> bool:
        """The pods could not be read, and the workload's own counts do not say that all of them are there."""
        if self.workload is None or self.is_stopped or self.job_succeeded or self.snapshot.readable("Pod"):
            return False
        is_current = number_at(self.workload, "status", "observedGeneration") >= number_at(
            self.workload, "metadata", "generation"
        )
        counted = {number_at(self.workload, "status", field) for field in OF_ALL_PODS}
        return not (is_current and counted == {self.desired})

    @cached_property
    def application(self) -> Obj | None:
        return applications.application_of(self.snapshot, self.target, self.target_object)

    def events_of(self, obj: Obj | None) -> list[Event]:
        return self.snapshot.events(kind(obj), namespace(obj), name(obj)) if obj else []

    def pods_matching(self, selector: Obj, where: str) -> list[Obj]:
        """Running pods whose labels match a plain (Service) selector."""
        return [
            pod
            for pod in self.snapshot.all("Pod", where)
            if selector and matches_labels(selector, labels(pod)) and not is_over(pod)
        ]

    def selects_target(self, selector: Obj) -> bool:
        """Whether a LabelSelector matches the target's pods."""
        return bool(self.template_labels) and matches_selector(selector, self.template_labels)

    @cached_property
    def sole_workload(self) -> bool:
        """The Argo CD application has no other workload, so all of it concerns the target."""
        return applications.has_one_workload(self.application)

    def in_application(self, obj: Obj) -> bool:
        """The object is part of the target's application, and the application is the target's alone."""
        return self.sole_workload and applications.holds(self.application, obj)


def service_name(workload: Obj | None, tenant: str) -> str:
    """The platform's name of the service a workload is, "" where it is none of the platform's."""
    instance = labels(workload).get(INSTANCE, "")
    return instance.removeprefix(f"{tenant}-") if instance.startswith(f"{tenant}-") else ""


def services_in(scope: Scope) -> list[str]:
    """Names of the services and other workloads of the target's namespace."""
    found = [obj for kind_ in WORKLOADS[:5] for obj in scope.snapshot.all(kind_, scope.namespace)]
    return list(dict.fromkeys(service_name(obj, scope.namespace) or name(obj) for obj in found))


def _revision(obj: Obj) -> int:
    raw = annotations(obj).get(REVISION, "0")
    return int(raw) if str(raw).isdigit() else 0
