"""The state of an Argo CD Application in words a check can ask: failed, running, out of sync, since when, in what."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from diagnosis.rules.facts.applications import WORKLOAD_KINDS
from diagnosis.rules.facts.objects import Obj, dig, items, kind, mapping, name, text_at, when
from diagnosis.rules.facts.scope import Scope

FAILING = ("Failed", "Error")
HOOK_FAILURES = frozenset({"Failed", "Error"})


@dataclass(frozen=True)
class Sync:
    app: Obj

    @property
    def status(self) -> str:
        return text_at(self.app, "status", "sync", "status")

    @property
    def repository(self) -> str:
        single = text_at(self.app, "spec", "source", "repoURL")
        return single or text_at(self.app, "spec", "sources", 0, "repoURL")

    @property
    def phase(self) -> str:
        return text_at(self.app, "status", "operationState", "phase")

    @property
    def message(self) -> str:
        return text_at(self.app, "status", "operationState", "message")

    @property
    def wanted(self) -> str:
        """The revision git is at, as Argo CD last compared it."""
        return text_at(self.app, "status", "sync", "revision") or _joined(dig(self.app, "status", "sync", "revisions"))

    @property
    def synced(self) -> str:
        """The revision of the last sync that succeeded."""
        operation = mapping(self.app, "status", "operationState")
        if operation.get("phase") == "Succeeded":
            result = mapping(operation, "syncResult")
            found = text_at(result, "revision") or _joined(result.get("revisions"))
            if found:
                return found
        history = items(self.app, "status", "history")
        return (text_at(history[-1], "revision") or _joined(history[-1].get("revisions"))) if history else ""

    @cached_property
    def synced_at(self) -> datetime | None:
        operation = mapping(self.app, "status", "operationState")
        if operation.get("phase") == "Succeeded" and when(operation.get("finishedAt")):
            return when(operation.get("finishedAt"))
        history = items(self.app, "status", "history")
        return when(history[-1].get("deployedAt")) if history else None

    @property
    def is_overtaken(self) -> bool:
        """The last operation was of another revision than the one that is in sync now, so its end says nothing."""
        result = mapping(self.app, "status", "operationState", "syncResult")
        tried = text_at(result, "revision") or _joined(result.get("revisions"))
        return self.status == "Synced" and bool(tried) and tried != self.wanted

    @property
    def started_at(self) -> datetime | None:
        return when(dig(self.app, "status", "operationState", "startedAt"))

    @property
    def finished_at(self) -> datetime | None:
        return when(dig(self.app, "status", "operationState", "finishedAt"))

    @property
    def compared_at(self) -> datetime | None:
        return when(dig(self.app, "status", "reconciledAt"))

    @property
    def is_automatic(self) -> bool:
        automated = dig(self.app, "spec", "syncPolicy", "automated")
        return isinstance(automated, dict) and automated.get("enabled") is not False

    @property
    def heals(self) -> bool:
        return self.is_automatic and bool(dig(self.app, "spec", "syncPolicy", "automated", "selfHeal"))

    @property
    def prunes(self) -> bool:
        return self.is_automatic and bool(dig(self.app, "spec", "syncPolicy", "automated", "prune"))

    def conditions(self, *types: str) -> list[Obj]:
        return [entry for entry in items(self.app, "status", "conditions") if entry.get("type") in types]

    @property
    def out_of_sync(self) -> list[Obj]:
        return [entry for entry in items(self.app, "status", "resources") if entry.get("status") == "OutOfSync"]

    @property
    def results(self) -> list[Obj]:
        return items(self.app, "status", "operationState", "syncResult", "resources")

    @property
    def failed_results(self) -> list[Obj]:
        return [
            entry for entry in self.results
            if entry.get("status") == "SyncFailed"
            or (entry.get("hookPhase") in HOOK_FAILURES and not entry.get("hookType"))
        ]  # fmt: skip

    @property
    def failed_hooks(self) -> list[Obj]:
        return [entry for entry in self.results if entry.get("hookType") and entry.get("hookPhase") in HOOK_FAILURES]


def _joined(revisions: object) -> str:
    return ",".join(str(entry) for entry in revisions) if isinstance(revisions, list) else ""


def concerns(scope: Scope, entry: Obj) -> bool:
    """A resource of the application that is not another workload's own: neighbours do not count."""
    if scope.sole_workload or entry.get("kind") not in WORKLOAD_KINDS:
        return True
    workload = scope.workload
    wanted = (kind(workload), name(workload)) if workload is not None else (scope.target.kind, scope.target.name)
    return (entry.get("kind"), entry.get("name")) == wanted


def failed_here(scope: Scope, sync: Sync) -> list[Obj]:
    return [entry for entry in sync.failed_results if concerns(scope, entry)]


def failure_words(scope: Scope, sync: Sync) -> str:
    """The words of a failure that concerns the target; "" when there is none."""
    failed = failed_here(scope, sync)
    only_neighbours = bool(sync.failed_results) and not failed and not sync.failed_hooks
    if only_neighbours:
        return ""
    details = "; ".join(said for entry in failed if (said := text_at(entry, "message")) and said not in sync.message)
    if sync.phase in FAILING:
        return f"{sync.message} {details}".strip()
    if sync.phase == "Running":
        retried = "retry" in sync.message.lower() or "failed" in sync.message.lower()
        return f"{sync.message} {details}".strip() if failed or retried else ""
    errors = sync.conditions("SyncError")
    return text_at(errors[0], "message") if errors and sync.status != "Synced" else ""


def sync_of(scope: Scope) -> Sync | None:
    return Sync(scope.application) if scope.application is not None else None


def resource_words(entry: Obj) -> str:
    return f"{entry.get('kind')} {entry.get('name')}"
