"""One attempt to make the cluster what git says: objects applied kind by kind, what nobody wants pruned."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.controllers.argocd.comparing import Resource
from sandbox.controllers.argocd.live import LiveState
from sandbox.controllers.client import ApiError, Client, Thing
from sandbox.controllers.kinds import NAMESPACE, split_api_version

# Argo CD's order: what others need comes first; kinds that are not listed come after these.
ORDER = (
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "Ingress",
)


@dataclass
class Attempt:
    """`results` are the entries of `syncResult.resources`; `failures` the messages of what could not be done."""

    results: list[dict[str, Any]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def message(self) -> str:
        if self.failures:
            return f"one or more objects failed to apply, reason: {', '.join(self.failures)}"
        return "successfully synced (all tasks run)"


class Syncer:
    def __init__(self, client: Client, live: LiveState) -> None:
        self.client, self.live = client, live

    async def attempt(
        self, application: Thing, resources: Sequence[Resource], operation: Thing, *, project: Thing | None
    ) -> Attempt:
        sync, attempt = operation.get("sync") or {}, Attempt()
        options = set(sync.get("syncOptions") or (application["spec"].get("syncPolicy") or {}).get("syncOptions") or [])
        await self._ensure_namespace(application, options)
        chosen = [one for one in resources if _selected(one, sync.get("resources"))]
        if "ApplyOutOfSyncOnly=true" in options:
            chosen = [one for one in chosen if not one.synced]
        for resource in sorted((one for one in chosen if not one.needs_pruning), key=_position):
            await self._apply(resource, attempt, project)
        if sync.get("prune"):
            for resource in sorted((one for one in chosen if one.needs_pruning), key=_position, reverse=True):
                await self._prune(resource, attempt)
        return attempt

    async def _ensure_namespace(self, application: Thing, options: set[str]) -> None:
        name = application["spec"]["destination"].get("namespace", "")
        if "CreateNamespace=true" in options and name and await self.client.find(NAMESPACE, "", name) is None:
            try:
                await self.client.create(NAMESPACE, {"metadata": {"name": name}})
            except ApiError as error:
                if error.status != 409:
                    raise

    async def _apply(self, resource: Resource, attempt: Attempt, project: Thing | None) -> None:
        problem = resource.problem or _not_permitted(resource, project)
        if not problem and resource.kind is not None and resource.target is not None:
            try:
                applied = await self.client.apply(resource.kind, resource.target)
            except ApiError as error:
                problem = error.message
            else:
                self.live.observe(resource.kind, applied)
                resource.live, resource.synced = applied, True
        if problem:
            attempt.failures.append(problem)
        group, _ = split_api_version(resource.api_version)
        qualified = f"{resource.kind_name.lower()}.{group}" if group else resource.kind_name.lower()
        said = problem or f"{qualified}/{resource.name} serverside-applied"
        attempt.results.append(_result(resource, "SyncFailed" if problem else "Synced", said, failed=bool(problem)))

    async def _prune(self, resource: Resource, attempt: Attempt) -> None:
        if not resource.may_be_pruned or resource.kind is None or resource.live is None:
            attempt.results.append(_result(resource, "PruneSkipped", "ignored (no prune)", failed=False))
            return
        problem = ""
        try:
            await self.client.delete(resource.kind, resource.namespace, resource.name, propagationPolicy="Foreground")
        except ApiError as error:
            problem = "" if error.status == 404 else error.message
        if problem:
            attempt.failures.append(problem)
        status, said = ("SyncFailed", problem) if problem else ("Pruned", "pruned")
        attempt.results.append(_result(resource, status, said, failed=bool(problem)))


def _position(resource: Resource) -> tuple[int, str]:
    known = ORDER.index(resource.kind_name) if resource.kind_name in ORDER else len(ORDER)
    return known, resource.name


def _selected(resource: Resource, wanted: list[dict[str, Any]] | None) -> bool:
    """A partial sync names its resources; without names it is all of them."""
    if not wanted:
        return True
    group, _ = split_api_version(resource.api_version)
    return any(
        (one.get("group", ""), one["kind"], one["name"]) == (group, resource.kind_name, resource.name) for one in wanted
    )


def _not_permitted(resource: Resource, project: Thing | None) -> str:
    """The message where the AppProject does not allow the kind. A project that is absent allows all, as `default`."""
    if project is None or resource.kind is None:
        return ""
    field_name = "namespaceResourceWhitelist" if resource.kind.namespaced else "clusterResourceWhitelist"
    allowed = project["spec"].get(field_name)
    if allowed is None:
        allowed = [{"group": "*", "kind": "*"}] if resource.kind.namespaced else []
    group = resource.kind.group
    if any(one["group"] in ("*", group) and one["kind"] in ("*", resource.kind_name) for one in allowed):
        return ""
    return f"resource {group}:{resource.kind_name} is not permitted in project {project['metadata']['name']}"


def _result(resource: Resource, status: str, message: str, *, failed: bool) -> dict[str, Any]:
    group, version = split_api_version(resource.api_version)
    pruned = status == "Pruned"
    return {
        "group": group,
        "version": version,
        "kind": resource.kind_name,
        "namespace": resource.namespace,
        "name": resource.name,
        "status": status,
        "message": message,
        "hookPhase": "Failed" if failed else ("Succeeded" if pruned else "Running"),
        "syncPhase": "Sync",
    }
