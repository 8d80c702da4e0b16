"""What a target is: by its kind, which object is meant, and which workload that object is or stands for."""

from collections.abc import Callable, Mapping

from core.diagnosis import Target
from core.resource_names import application_name, workload_name
from diagnosis.rules.facts.objects import Obj, items, kind, labels, mapping, matches_labels, name, text_at
from diagnosis.rules.facts.snapshot import Snapshot

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicaSet", "Rollout", "Pod")
INSTANCE = "app.kubernetes.io/instance"

FindsObject = Callable[[Snapshot, Target], Obj | None]
FindsWorkload = Callable[[Snapshot, str, Obj], Obj | None]


def target_object(snapshot: Snapshot, target: Target) -> Obj | None:
    """The object asked about, by its kind and name, else by the platform's naming for that kind."""
    found = snapshot.get(target.kind, target.namespace, target.name) or snapshot.get(target.kind, "", target.name)
    by_convention = OBJECT_BY_CONVENTION.get(target.kind)
    return found or (by_convention(snapshot, target) if by_convention else None)


def workload_of(snapshot: Snapshot, where: str, obj: Obj | None) -> Obj | None:
    """The workload in namespace `where` that the object is or stands for; None for a kind that stands for none."""
    finds = WORKLOAD_OF.get(kind(obj)) if obj is not None else None
    return finds(snapshot, where, obj) if finds and obj is not None else None


def _service(snapshot: Snapshot, target: Target) -> Obj | None:
    """The workload of a service, whatever kind its chart made of it."""
    instance = application_name(target.namespace, target.name)
    names = {target.name, workload_name(target.namespace, target.name)}
    for kind_ in ("Deployment", "StatefulSet", "DaemonSet", "Rollout", "CronJob", "Job"):
        for obj in snapshot.all(kind_, target.namespace):
            if name(obj) in names or labels(obj).get(INSTANCE) == instance:
                return obj
    return None


def _itself(snapshot: Snapshot, where: str, obj: Obj) -> Obj | None:
    return obj


def _of_application(snapshot: Snapshot, where: str, application: Obj) -> Obj | None:
    for kind_ in WORKLOADS[:5]:
        for entry in items(application, "status", "resources"):
            found = snapshot.get(kind_, text_at(entry, "namespace"), text_at(entry, "name"))
            if entry.get("kind") == kind_ and found:
                return found
    return None


def _of_autoscaler(snapshot: Snapshot, where: str, autoscaler: Obj) -> Obj | None:
    wanted = mapping(autoscaler, "spec", "scaleTargetRef")
    return snapshot.get(text_at(wanted, "kind"), where, text_at(wanted, "name"))


def _of_service(snapshot: Snapshot, where: str, service: Obj) -> Obj | None:
    return _selected(snapshot, where, [service])


def _of_ingress(snapshot: Snapshot, where: str, ingress: Obj) -> Obj | None:
    paths = [path for rule in items(ingress, "spec", "rules") for path in items(rule, "http", "paths")]
    names = {text_at(path, "backend", "service", "name") for path in paths}
    return _selected(snapshot, where, [obj for obj in snapshot.all("Service", where) if name(obj) in names])


def _selected(snapshot: Snapshot, where: str, services: list[Obj]) -> Obj | None:
    """The first workload whose pods one of the Services selects."""
    selectors = [mapping(service, "spec", "selector") for service in services]
    for kind_ in WORKLOADS[:3]:
        for obj in snapshot.all(kind_, where):
            have = mapping(obj, "spec", "template", "metadata", "labels")
            if any(wanted and matches_labels(wanted, have) for wanted in selectors):
                return obj
    return None


OBJECT_BY_CONVENTION: Mapping[str, FindsObject] = {"Deployment": _service}
WORKLOAD_OF: Mapping[str, FindsWorkload] = {
    **dict.fromkeys(WORKLOADS, _itself),
    "Application": _of_application,
    "HorizontalPodAutoscaler": _of_autoscaler,
    "Service": _of_service,
    "Ingress": _of_ingress,
}
