"""The status of an Application in Argo CD 3's shape. Pure: facts in, dictionaries out."""

from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.controllers.argocd.comparing import Resource
from sandbox.controllers.argocd.health import worst
from sandbox.controllers.argocd.rendering import Rendered, is_multi, sources_of
from sandbox.controllers.argocd.syncing import Attempt
from sandbox.controllers.client import Thing

HISTORY = 10
CONTROLLER_NAMESPACE = "argocd"


def revision_fields(application: Thing, revisions: Sequence[str]) -> dict[str, Any]:
    """`{"revisions": [...]}` for several sources, `{"revision": ...}` for one."""
    if is_multi(application):
        return {"revisions": list(revisions)}
    return {"revision": revisions[0] if revisions else ""}


def source_fields(application: Thing) -> dict[str, Any]:
    sources = sources_of(application)
    return {"sources": sources} if is_multi(application) else {"source": sources[0] if sources else {}}


def revisions_in(application: Thing, fields: dict[str, Any]) -> tuple[str, ...]:
    """The commits named in a sync status, a sync result or an operation."""
    return tuple(fields.get("revisions") or ([fields["revision"]] if fields.get("revision") else []))


def sync_fields(application: Thing, status: str, revisions: Sequence[str]) -> dict[str, Any]:
    spec = application["spec"]
    compared = {"destination": spec["destination"], **source_fields(application)}
    if spec.get("ignoreDifferences"):
        compared["ignoreDifferences"] = spec["ignoreDifferences"]
    return {"status": status, "comparedTo": compared, **revision_fields(application, revisions)}


def health_fields(application: Thing, resources: Iterable[Resource], now: str) -> dict[str, Any]:
    """The worst health of the resources; the time is that of the last change of status."""
    found = [one.health() for one in resources]
    status = worst([health[0] for health in found if health])
    known = (application.get("status") or {}).get("health") or {}
    since = known.get("lastTransitionTime") if known.get("status") == status else now
    return {"status": status, "lastTransitionTime": since or now}


def comparison_fields(
    application: Thing, rendered: Rendered, resources: Sequence[Resource], *, now: str
) -> dict[str, Any]:
    """Everything a finished comparison reports."""
    synced = all(one.synced for one in resources)
    types = {"sourceTypes": list(rendered.types)} if is_multi(application) else {"sourceType": rendered.types[0]}
    return {
        "sync": sync_fields(application, "Synced" if synced else "OutOfSync", rendered.revisions),
        "health": health_fields(application, resources, now),
        "resources": [one.as_status() for one in resources],
        "summary": summary(resources),
        "resourceHealthSource": "appTree",
        "controllerNamespace": CONTROLLER_NAMESPACE,
        **types,
    }


def summary(resources: Iterable[Resource]) -> dict[str, Any]:
    images: set[str] = set()
    urls: set[str] = set()
    for one in resources:
        if one.live is not None:
            images |= _images(one.live)
            urls |= _urls(one.live)
    found = {"images": sorted(images), "externalURLs": sorted(urls)}
    return {name: value for name, value in found.items() if value}


def conditions(application: Thing, said: Sequence[tuple[str, str]], now: str) -> list[dict[str, str]]:
    """`said`: pairs of type and message. One that was there before keeps its time."""
    known = {
        (one["type"], one["message"]): one.get("lastTransitionTime", now)
        for one in (application.get("status") or {}).get("conditions") or []
    }
    return [
        {"type": kind, "message": message, "lastTransitionTime": known.get((kind, message), now)}
        for kind, message in said
    ]


def automated_operation(application: Thing, revisions: Sequence[str]) -> dict[str, Any]:
    """The operation the controller starts by itself when automation is on."""
    policy = application["spec"].get("syncPolicy") or {}
    automated = policy.get("automated") or {}
    sync: dict[str, Any] = revision_fields(application, revisions)
    if automated.get("prune"):
        sync["prune"] = True
    if policy.get("syncOptions"):
        sync["syncOptions"] = policy["syncOptions"]
    return {"initiatedBy": {"automated": True}, "retry": policy.get("retry") or {"limit": 5}, "sync": sync}


def operation_state(
    application: Thing,
    operation: Thing,
    *,
    phase: str,
    message: str,
    started: str,
    finished: str = "",
    retries: int = 0,
    attempt: Attempt | None = None,
    revisions: Sequence[str] = (),
) -> dict[str, Any]:
    state: dict[str, Any] = {"operation": operation, "phase": phase, "message": message, "startedAt": started}
    if finished:
        state["finishedAt"] = finished
    if retries:
        state["retryCount"] = retries
    if attempt is not None:
        result = {**revision_fields(application, revisions), **source_fields(application)}
        result.setdefault("revision", "")
        state["syncResult"] = {**result, "resources": attempt.results}
    return state


def with_history(
    application: Thing, operation: Thing, revisions: Sequence[str], *, started: str, finished: str
) -> list[dict[str, Any]]:
    """The history with one more deployment; the oldest go when there are too many."""
    history = list((application.get("status") or {}).get("history") or [])
    entry = {
        "id": history[-1]["id"] + 1 if history else 0,
        "deployStartedAt": started,
        "deployedAt": finished,
        "initiatedBy": operation.get("initiatedBy") or {},
        **revision_fields(application, revisions),
        **source_fields(application),
    }
    limit = application["spec"].get("revisionHistoryLimit", HISTORY)
    return [*history, entry][-limit:] if limit else []


def _images(thing: Thing) -> set[str]:
    spec = ((thing.get("spec") or {}).get("template") or {}).get("spec") or {}
    every = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    return {one["image"] for one in every if one.get("image")}


def _urls(thing: Thing) -> set[str]:
    if thing["kind"] != "Ingress" or not ((thing.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
        return set()
    secure = {host for one in thing["spec"].get("tls") or [] for host in one.get("hosts") or []}
    found = set()
    for rule in thing["spec"].get("rules") or []:
        if host := rule.get("host"):
            paths = (rule.get("http") or {}).get("paths") or [{}]
            path = str(paths[0].get("path", "")).removesuffix("/")
            found.add(f"{'https' if host in secure else 'http'}://{host}{path}/")
    return found
