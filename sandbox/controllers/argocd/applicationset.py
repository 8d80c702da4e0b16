"""ApplicationSets: one Application for each folder the git generator finds; those of vanished folders are deleted."""

import copy
import fnmatch
from typing import Any

from sandbox.controllers.argocd.repository import Repositories, RepositoryError
from sandbox.controllers.argocd.template import TemplateError, filled, parameters
from sandbox.controllers.cache import Key, key_of
from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.clock import stamp
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.kinds import APPLICATION, APPLICATION_SET
from sandbox.controllers.workloads.common import condition_of, controller_uid, owned_by
from sandbox.controllers.workqueue import WorkQueue

FINALIZER = "resources-finalizer.argocd.argoproj.io"
REFRESH = "argocd.argoproj.io/refresh"
# The ApplicationSet controller's own name for the request; both are honoured.
SET_REFRESH = "argocd.argoproj.io/application-set-refresh"
REQUEUE_S = 180


class ApplicationSets:
    def __init__(self, cluster: Cluster, repositories: Repositories) -> None:
        self.cluster, self.clock, self.repositories = cluster, cluster.clock, repositories
        self.client = cluster.client.acting_as("applicationset-controller")
        self.events = cluster.recorder("applicationset-controller")
        self.sets, self.applications = cluster.cache(APPLICATION_SET), cluster.cache(APPLICATION)
        self.queue: WorkQueue[Key] = WorkQueue("applicationsets", self.reconcile, workers=2)

    def start(self) -> None:
        self.sets.subscribe(self._changed)
        self.applications.subscribe(self._application_changed)
        self.cluster.start(self.queue.run(), name="applicationsets")

    def _changed(self, old: Thing | None, new: Thing | None) -> None:
        if new is not None and (old is None or _wish(old) != _wish(new)):
            self.queue.add(key_of(new))

    def _application_changed(self, old: Thing | None, new: Thing | None) -> None:
        """One that was changed or deleted by hand is put back."""
        thing = new or old or {}
        if old is not None and (new is None or _wish(old) != _wish(new)):
            for one in self.sets.inside(thing["metadata"].get("namespace", "")):
                if one["metadata"]["uid"] == controller_uid(thing):
                    self.queue.add(key_of(one))

    async def reconcile(self, key: Key) -> None:
        appset = self.sets.get(*key)
        if appset is None or appset["metadata"].get("deletionTimestamp"):
            return
        problem = ""
        try:
            wanted = await self._generate(appset)
        except (RepositoryError, TemplateError) as error:
            problem = str(error)
        else:
            await self._bring_about(appset, wanted)
        await self._report(appset, problem)
        await self._acknowledge(appset)
        waits = [
            generator.get("git", {}).get("requeueAfterSeconds", REQUEUE_S)
            for generator in appset["spec"].get("generators") or []
        ]
        self.queue.add_after(key, self.clock.real(min(waits, default=REQUEUE_S)))

    async def _generate(self, appset: Thing) -> dict[str, Thing]:
        """Applications by name. Raises RepositoryError, TemplateError."""
        wanted: dict[str, Thing] = {}
        for generator in appset["spec"].get("generators") or []:
            git = generator.get("git")
            if not git:
                raise TemplateError("the sandbox knows the git generator only")
            repository = self.repositories.at(git["repoURL"])
            await repository.refresh()
            commit = repository.resolve(git.get("revision", "HEAD"))
            for path in _chosen(repository.directories, commit, git.get("directories") or []):
                application = self._application(appset, path)
                wanted[application["metadata"]["name"]] = application
        return wanted

    def _application(self, appset: Thing, path: str) -> Thing:
        template = filled(appset["spec"]["template"], parameters(path), go=bool(appset["spec"].get("goTemplate")))
        meta = template.get("metadata") or {}
        keeps = (appset["spec"].get("syncPolicy") or {}).get("preserveResourcesOnDeletion")
        return {
            "metadata": {
                "name": meta["name"],
                "namespace": appset["metadata"]["namespace"],
                "labels": meta.get("labels") or {},
                "annotations": meta.get("annotations") or {},
                "finalizers": meta.get("finalizers") or ([] if keeps else [FINALIZER]),
                "ownerReferences": owned_by(appset),
            },
            "spec": template["spec"],
        }

    async def _bring_about(self, appset: Thing, wanted: dict[str, Thing]) -> None:
        uid = appset["metadata"]["uid"]
        own = {one["metadata"]["name"]: one for one in self.applications.owned_by(uid)}
        for name, application in wanted.items():
            await self._create_or_change(appset, application, own.get(name))
        for name, application in own.items():
            if name not in wanted and not application["metadata"].get("deletionTimestamp"):
                namespace = application["metadata"]["namespace"]
                await self.client.delete(APPLICATION, namespace, name)
                self.events.normal(appset, "Deleted", f'Deleted Application "{name}"')

    async def _create_or_change(self, appset: Thing, wanted: Thing, known: Thing | None) -> None:
        meta = wanted["metadata"]
        if known is not None:
            wanted = _with_ignored(appset, wanted, known)
        if known is None:
            try:
                self.applications.observe(await self.client.create(APPLICATION, wanted))
            except ApiError as error:
                # Left over from another start: the object is there and is adopted.
                if error.status != 409:
                    raise
                change = {"metadata": {"ownerReferences": meta["ownerReferences"]}, "spec": wanted["spec"]}
                await self.client.patch(APPLICATION, meta["namespace"], meta["name"], change)
            self.events.normal(appset, "Created", f'Created Application "{meta["name"]}"')
            return
        labels, annotations = known["metadata"].get("labels") or {}, known["metadata"].get("annotations") or {}
        same = meta["labels"].items() <= labels.items() and meta["annotations"].items() <= annotations.items()
        if same and _covers(known["spec"], wanted["spec"]):
            return
        spec = {**{name: None for name in known["spec"] if name not in wanted["spec"]}, **wanted["spec"]}
        change = {"metadata": {"labels": meta["labels"], "annotations": meta["annotations"]}, "spec": spec}
        self.applications.observe(await self.client.patch(APPLICATION, meta["namespace"], meta["name"], change))
        self.events.normal(appset, "Updated", f'Updated Application "{meta["name"]}"')

    async def _report(self, appset: Thing, problem: str) -> None:
        good = ("ApplicationSetUpToDate", "All applications have been generated successfully")
        bad = ("ApplicationGenerationFromParamsError", problem)
        said = [
            ("ErrorOccurred", "True" if problem else "False", bad if problem else good),
            (
                "ParametersGenerated",
                "False" if problem else "True",
                ("ErrorOccurred", problem)
                if problem
                else ("ParametersGenerated", "Successfully generated parameters for all Applications"),
            ),
            (
                "ResourcesUpToDate",
                "False" if problem else "True",
                bad if problem else ("ApplicationSetUpToDate", "ApplicationSet up to date"),
            ),
        ]
        conditions = [self._condition(appset, *one) for one in said]
        resources = [_resource(one) for one in self.applications.owned_by(appset["metadata"]["uid"])]
        resources.sort(key=lambda one: str(one["name"]))
        status = {"conditions": conditions, "resources": resources, "resourcesCount": len(resources)}
        if status != appset.get("status"):
            meta = appset["metadata"]
            await self.client.patch(APPLICATION_SET, meta["namespace"], meta["name"], {"status": status}, sub="status")

    def _condition(self, appset: Thing, kind: str, status: str, because: tuple[str, str]) -> dict[str, Any]:
        known = condition_of(appset, kind)
        since = known["lastTransitionTime"] if known and known["status"] == status else stamp(self.clock.now())
        return {
            "type": kind,
            "status": status,
            "reason": because[0],
            "message": because[1],
            "lastTransitionTime": since,
        }

    async def _acknowledge(self, appset: Thing) -> None:
        meta = appset["metadata"]
        asked = {name: None for name in (REFRESH, SET_REFRESH) if name in (meta.get("annotations") or {})}
        if asked:
            change = {"metadata": {"annotations": asked}}
            await self.client.patch(APPLICATION_SET, meta["namespace"], meta["name"], change)


def _chosen(directories: Any, commit: str, wanted: list[dict[str, Any]]) -> list[str]:
    found = {path for one in wanted if not one.get("exclude") for path in directories(commit, one["path"])}
    left_out = [one["path"] for one in wanted if one.get("exclude")]
    return sorted(path for path in found if not any(fnmatch.fnmatchcase(path, pattern) for pattern in left_out))


def _wish(thing: Thing) -> tuple[Any, ...]:
    meta = thing["metadata"]
    return thing.get("spec"), meta.get("labels"), meta.get("annotations"), meta.get("deletionTimestamp")


def _covers(live: Any, wanted: Any) -> bool:
    """Everything wanted is there; what the server added by default does not count as a difference."""
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(key in live and _covers(live[key], one) for key, one in wanted.items())
    if isinstance(wanted, list):
        return isinstance(live, list) and len(live) == len(wanted) and all(map(_covers, live, wanted))
    return bool(live == wanted)


def _resource(application: Thing) -> dict[str, Any]:
    status = application.get("status") or {}
    return {
        "group": APPLICATION.group,
        "version": APPLICATION.version,
        "kind": APPLICATION.kind,
        "name": application["metadata"]["name"],
        "namespace": application["metadata"]["namespace"],
        "status": (status.get("sync") or {}).get("status", "Unknown"),
        "health": {"status": (status.get("health") or {}).get("status", "Unknown")},
    }


def _with_ignored(appset: Thing, wanted: Thing, known: Thing) -> Thing:
    """What `ignoreApplicationDifferences` names is left as it stands in the Application."""
    wanted = copy.deepcopy(wanted)
    for entry in appset["spec"].get("ignoreApplicationDifferences") or []:
        if entry.get("name") not in (None, "", wanted["metadata"]["name"]):
            continue
        for pointer in entry.get("jsonPointers") or []:
            *heads, last = pointer.strip("/").split("/")
            theirs, ours = known, wanted
            for head in heads:
                theirs, ours = theirs.get(head) or {}, ours.setdefault(head, {})
            if last in theirs:
                ours[last] = theirs[last]
    return wanted
