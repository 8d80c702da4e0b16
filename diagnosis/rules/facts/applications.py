"""Which Argo CD Application holds an object: by tracking annotation, by its resource list, then by convention."""

from core.diagnosis import Target
from core.resource_names import application_name
from diagnosis.rules.facts.objects import Obj, annotations, items, kind, labels, name, namespace, text_at
from diagnosis.rules.facts.snapshot import Snapshot

TRACKING = "argocd.argoproj.io/tracking-id"
INSTANCE = "argocd.argoproj.io/instance"
WORKLOAD_KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout", "CronJob"})


def application_of(snapshot: Snapshot, target: Target, obj: Obj | None) -> Obj | None:
    """The Application that holds the target, or None."""
    if target.kind == "Application":
        return obj or next((app for app in snapshot.all("Application") if name(app) == target.name), None)
    apps = snapshot.all("Application")
    if obj is not None:
        tracked = annotations(obj).get(TRACKING, "").partition(":")[0] or labels(obj).get(INSTANCE, "")
        named = [app for app in apps if tracked and name(app) == tracked.rpartition("_")[2]]
        holding = named or [app for app in apps if holds(app, obj)]
        if holding:
            return holding[0]
    return _by_convention(apps, target)


def _by_convention(apps: list[Obj], target: Target) -> Obj | None:
    """The Application of an object that does not exist (yet): named {tenant}-{service}, or fed from its folder."""
    folder = f"/{target.namespace}/{target.name}"
    for app in apps:
        if name(app) == application_name(target.namespace, target.name) or _lists(app, target):
            return app
    for app in apps:
        here = text_at(app, "spec", "destination", "namespace") == target.namespace
        if text_at(app, "spec", "source", "path").endswith(folder) or (here and name(app) == target.name):
            return app
    return None


def _lists(app: Obj, target: Target) -> bool:
    return any(
        (entry.get("kind"), entry.get("namespace"), entry.get("name")) == (target.kind, target.namespace, target.name)
        for entry in (
            *items(app, "status", "resources"),
            *items(app, "status", "operationState", "syncResult", "resources"),
        )
    )


def holds(app: Obj | None, obj: Obj) -> bool:
    """Whether the Application lists the object among its resources."""
    return app is not None and any(
        entry.get("kind") == kind(obj)
        and entry.get("name") == name(obj)
        and entry.get("namespace", namespace(obj)) == namespace(obj)
        for entry in (
            *items(app, "status", "resources"),
            *items(app, "status", "operationState", "syncResult", "resources"),
        )
    )


def has_one_workload(app: Obj | None) -> bool:
    """True also for an Application that lists no workload: then nothing of it can be a neighbour's."""
    found = {
        (text_at(entry, "kind"), text_at(entry, "name"))
        for entry in items(app, "status", "resources")
        if text_at(entry, "kind") in WORKLOAD_KINDS
    }
    return app is not None and len(found) <= 1
