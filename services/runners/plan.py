"""The plan of a change: what would become of git and of the cluster, whether it fits, and what restarts.

Nothing is written. The plan's hash covers the file it was made from, the file it would leave and the chart, so a
change to any of them voids the plan, and a change elsewhere in the repository does not.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any

import yaml
from django.core.cache import cache
from redis.exceptions import RedisError

from core.actor import Actor
from core.errors import Busy, NotFound
from core.quantity import amount, in_words
from core.resource_names import application_name
from integrations.errors import IntegrationError, Missing
from integrations.gitops import edit_yaml, editable_values, gitops, new_service_values, unified_diff
from integrations.helm import RenderJob, chart_at, render_many
from services.runners.changes import edits_for, host_name, host_warnings, subject, summary
from services.runners.chart_refusals import chart_refusal
from services.runners.checks import refuse_limits_below_requests, warnings_for
from services.runners.effects import refuse_without_effect
from services.runners.hosts import refuse_hosts
from services.runners.parameters import DeployServiceParameters, RollbackServiceParameters, ServiceParameters
from services.runners.targets import commit_of_history, target, with_target
from services.runners.workloads import (
    containers_of,
    identity_of,
    quantity,
    replicas_of,
    resources_of,
    workloads_of,
)
from tenants.models import Tenant

RENDERING_KEPT_S = 600
# Objects before, objects after, warnings.
Rendering = tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]
QUOTA_RESOURCES = ("requests.cpu", "limits.cpu", "requests.memory", "limits.memory", "pods")


def plan_change(actor: Actor, asked: ServiceParameters) -> dict[str, Any]:
    """JSON for every door: hash, file diff, object diffs, quota fit, restarts, warnings, whether anything changes.

    `target` is what a rollback that names nothing returns to.
    """
    gitops().fetch()
    aim = target(asked)
    parameters = with_target(asked, aim)
    path, before, after, blob = file_change(parameters)
    refuse_hosts(actor, parameters, before, after)
    seed = json.dumps([parameters.operation, path, blob, after, chart_id()], sort_keys=True)
    plan_hash = hashlib.sha256(seed.encode()).hexdigest()[:16]
    objects_before, objects_after, warnings = rendered_once(parameters, before, after, key=plan_hash)
    refuse_limits_below_requests(parameters, objects_after)
    refuse_without_effect(parameters, objects_after)
    objects = object_changes(objects_before, objects_after)
    quota = quota_fit(parameters.team_name, objects_before, objects_after)
    return {
        "hash": plan_hash,
        "operation": parameters.operation,
        "summary": summary(parameters),
        "subject": subject(parameters),
        "target": aim,
        "path": path,
        "blob": blob,
        "created": before is None,
        "changed": before != after,
        "diff": unified_diff(before or "", after, path),
        "objects": objects,
        "quota": quota,
        "restarts": restarts(objects),
        "warnings": [*warnings_for(parameters, quota), *host_warnings(parameters, before, after), *warnings],
    }


def rendered_once(parameters: ServiceParameters, before: str | None, after: str, *, key: str) -> Rendering:
    """`rendered`, kept for a while: confirming asks for the same plan again a moment later, and rendering it twice
    would make the click wait. A cache that is away only costs that time; a failure to render is never kept."""
    try:
        kept: Rendering | None = cache.get(f"rendering:{key}")
    except RedisError:
        return rendered(parameters, before, after)
    if kept is None:
        kept = rendered(parameters, before, after)
        if not kept[2]:
            with suppress(RedisError):
                cache.set(f"rendering:{key}", kept, RENDERING_KEPT_S)
    return kept


def chart_id() -> str:
    """The id of the chart's content in git; empty for a repository that keeps its chart elsewhere."""
    try:
        return gitops().tree_files(gitops().chart_path("base-service"))[0]
    except Missing:
        return ""


def file_change(parameters: ServiceParameters) -> tuple[str, str | None, str, str]:
    """(path, text before or None, text after, blob id before or "") of the values file."""
    path = gitops().service_path(parameters.team_name, parameters.component_name)
    try:
        file = gitops().file_at(path)
    except Missing:
        file = None
    before = file.text if file else None
    return path, before, change_of(parameters)(before), file.blob_id if file else ""


def change_of(parameters: ServiceParameters) -> Callable[[str | None], str]:
    """What turns the text of the values file into the one the operation leaves; it reads nothing more from git, since
    a push holds the lock of the clone while it calls this.
    """
    if isinstance(parameters, RollbackServiceParameters) and parameters.revision:
        restored = commit_of_history(parameters).text
        return lambda before: restored if before is not None else text_after(parameters, before)
    return partial(text_after, parameters)


def text_after(parameters: ServiceParameters, before: str | None) -> str:
    """The values file as the operation leaves it. Raises Busy or NotFound where its action does not fit the file."""
    name = f"{parameters.team_name}/{parameters.component_name}"
    if isinstance(parameters, DeployServiceParameters) and parameters.action == "onboard":
        if before is not None:
            raise Busy(f"{name} is in git already.", remedy="Deploy a new version of it, or choose another name.")
        return new_file(parameters)
    if before is None:
        raise NotFound(
            f"{name} has no values file in git, so there is nothing to change.",
            remedy="Add it first with the action onboard.",
        )
    path = gitops().service_path(parameters.team_name, parameters.component_name)
    edits = edits_for(parameters, editable_values(path, before))
    return edit_yaml(before, edits, path) if edits else before


def new_file(parameters: DeployServiceParameters) -> str:
    is_worker = parameters.component_type == "worker-service"
    text = new_service_values(
        tenant=parameters.team_name,
        service=parameters.component_name,
        image=parameters.image_repository or "",
        tag=parameters.image_tag or "",
        port=parameters.port or 8080,
        host="" if is_worker else host_name(parameters),
        replicas=1 if parameters.replicas is None else parameters.replicas,
        component_type=parameters.component_type,
    )
    leftover = parameters.model_copy(update={"host": None, "image_tag": None, "port": None, "replicas": None})
    edits = edits_for(leftover, editable_values("values.yaml", text))
    return edit_yaml(text, edits) if edits else text


def rendered(parameters: ServiceParameters, before: str | None, after: str) -> Rendering:
    """Objects before and after as the chart makes them. A chart that refuses the new values refuses the plan; an
    engine that is not there is a warning, since Argo CD renders anyway."""
    tenant = parameters.team_name
    release = application_name(tenant, parameters.component_name)
    try:
        chart = chart_at(gitops(), "base-service")
        jobs = [RenderJob(chart, release, tenant, (text,)) for text in (before, after) if text is not None]
        outcomes = render_many(jobs)
    except IntegrationError as problem:
        return [], [], [f"The manifests could not be rendered here: {problem.sentence}"]
    old = outcomes[0] if before is not None else []
    if isinstance(outcomes[-1], Exception):
        raise chart_refusal(parameters, outcomes[-1])
    return [] if isinstance(old, Exception) else old, outcomes[-1], []


def object_changes(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry per object that differs: `{"kind", "name", "change", "diff"}`."""
    old, new = by_identity(before), by_identity(after)
    changes = []
    for identity in sorted(old.keys() | new.keys()):
        was, becomes = as_yaml(old.get(identity)), as_yaml(new.get(identity))
        if was != becomes:
            change = "created" if identity not in old else "removed" if identity not in new else "changed"
            kind, name = identity
            diff = unified_diff(was, becomes, f"{kind}/{name}")
            changes.append({"kind": kind, "name": name, "change": change, "diff": diff})
    return changes


def by_identity(objects: Sequence[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {identity_of(item): item for item in objects}


def as_yaml(item: dict[str, Any] | None) -> str:
    return yaml.safe_dump(item, sort_keys=True, width=120, allow_unicode=True) if item else ""


def quota_fit(tenant: str, before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Per resource of the quota: used now, after, during the rollout (one pod more), hard, and whether it fits."""
    mirror = Tenant.objects.filter(name=tenant).first()
    if mirror is None or not mirror.quota_hard or not after:
        return []
    old, new, surge = demand(before), demand(after), demand(after, pods=Decimal(1))
    rows = []
    for resource in QUOTA_RESOURCES:
        if resource not in mirror.quota_hard:
            continue
        hard, used = amount(mirror.quota_hard[resource]), amount(mirror.quota_used.get(resource, 0))
        settled = used - old[resource] + new[resource]
        peak = max(settled, used + surge[resource]) if before != after else used
        row = {"resource": resource, "used": used, "after": settled, "peak": peak, "hard": hard}
        words = {key: in_words(resource, value) for key, value in row.items() if isinstance(value, Decimal)}
        rows.append({"resource": resource, **words, "fits": peak <= hard})
    return rows


def demand(objects: Sequence[dict[str, Any]], pods: Decimal | None = None) -> dict[str, Decimal]:
    """What the quota counts for the workloads among the objects; for `pods` pods instead of all where given."""
    total = dict.fromkeys(QUOTA_RESOURCES, Decimal(0))
    for workload in workloads_of(objects):
        replicas = replicas_of(workload)
        number = Decimal(1 if replicas is None else replicas) if pods is None else pods
        total["pods"] += number
        for container in containers_of(workload):
            for kind in ("requests", "limits"):
                for resource in ("cpu", "memory"):
                    size = quantity(resources_of(container, kind).get(resource)) or Decimal(0)
                    total[f"{kind}.{resource}"] += number * size
    return total


def restarts(objects: Sequence[Mapping[str, Any]]) -> str:
    """Of the changed objects, the workload first met decides."""
    workload = next(iter(workloads_of(objects)), None)
    if workload is None:
        return "Nothing restarts."
    if workload["change"] == "created":
        return "Its first pods start."
    if only_scales(workload["diff"]):
        return "Pods are added or removed; the others keep running."
    return "Every pod is replaced, a few at a time; the old version answers until the new one is ready."


def only_scales(diff: str) -> bool:
    changed = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return bool(changed) and all("replicas:" in line for line in changed)
