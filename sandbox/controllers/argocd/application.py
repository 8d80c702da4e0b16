"""Applications: compared with git every three minutes and with the cluster at every change, synced as they ask."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.controllers.argocd import reporting
from sandbox.controllers.argocd.applicationset import FINALIZER, REFRESH
from sandbox.controllers.argocd.comparing import Comparer, Resource
from sandbox.controllers.argocd.live import LiveState
from sandbox.controllers.argocd.policy import decide, project_problem, seconds_to_retry
from sandbox.controllers.argocd.rendering import Rendered, Renderer, RenderFailed
from sandbox.controllers.argocd.repository import Repositories
from sandbox.controllers.argocd.syncing import Syncer
from sandbox.controllers.cache import Key, key_of
from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.clock import stamp
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.kinds import APP_PROJECT, APPLICATION
from sandbox.controllers.patching import merge_patch
from sandbox.controllers.workqueue import WorkQueue

POLL_S = 180.0
# Argo CD gathers changes of live objects for a moment before it compares again.
SETTLE_S = 0.15
SYNC_STEP_S = 0.5
# Applications that poll at the same time read one fetch; real seconds.
FETCH_SHARED_S = 0.5


@dataclass
class Memory:
    """What is kept of an Application between two rounds and may be lost."""

    rendered: Rendered | None = None
    spec: dict[str, Any] | None = None
    checked: datetime | None = None
    error: str = ""
    retry_at: datetime | None = None
    retries: int = 0
    told: list[tuple[str, str]] = field(default_factory=list)


class Applications:
    def __init__(self, cluster: Cluster, repositories: Repositories) -> None:
        self.cluster, self.clock = cluster, cluster.clock
        # The name real Argo CD applies with, after our prefix.
        self.client = cluster.client.acting_as("argocd-controller")
        self.events = cluster.recorder("argocd-application-controller")
        self.applications, self.projects = cluster.cache(APPLICATION), cluster.cache(APP_PROJECT)
        self.renderer = Renderer(repositories)
        self.live = LiveState(cluster, self._live_changed)
        self.comparer, self.syncer = Comparer(self.client, self.live), Syncer(self.client, self.live)
        self.queue: WorkQueue[Key] = WorkQueue("applications", self.reconcile, workers=8)
        self._memories: dict[str, Memory] = {}
        self._names: dict[str, Key] = {}

    def start(self) -> None:
        self.applications.subscribe(self._changed)
        self.projects.subscribe(lambda old, new: self._all_again())
        self.cluster.start(self.renderer.run(), name="renderer")
        self.cluster.start(self.queue.run(), name="applications")

    def _changed(self, old: Thing | None, new: Thing | None) -> None:
        thing = new or old or {}
        self._names[thing["metadata"]["name"]] = key_of(thing)
        if new is None:
            self._names.pop(thing["metadata"]["name"], None)
            self._memories.pop(thing["metadata"]["uid"], None)
        elif old is None or _wish(old) != _wish(new):
            self.queue.add(key_of(new))

    def _live_changed(self, application: str) -> None:
        if key := self._names.get(application):
            self.queue.add_after(key, SETTLE_S)

    def _all_again(self) -> None:
        for key in self._names.values():
            self.queue.add(key)

    async def reconcile(self, key: Key) -> None:
        application = self.applications.get(*key)
        if application is None:
            return
        if application["metadata"].get("deletionTimestamp"):
            await self._delete_resources(application)
            return
        memory = self._memories.setdefault(application["metadata"]["uid"], Memory())
        problem = project_problem(application, self.projects)
        if problem:
            await self._report_invalid(application, problem)
            return
        refreshed = await self._refresh(application, memory)
        if memory.rendered is None:
            await self._report_error(application, memory)
        else:
            await self._bring_about(application, memory, memory.rendered, refreshed=refreshed)
        waited = self.clock.elapsed(memory.checked) if memory.checked else 0.0
        self.queue.add_after(key, self.clock.real(POLL_S - waited) + 0.05)

    async def _refresh(self, application: Thing, memory: Memory) -> bool:
        """Reads git again when asked to, when the spec changed or when it is time."""
        asked = _asks(application)
        due = memory.checked is None or self.clock.elapsed(memory.checked) >= POLL_S
        if not asked and not due and memory.spec == application["spec"]:
            return False
        memory.checked, memory.spec = self.clock.now(), application["spec"]
        try:
            max_age_s = 0.0 if asked else FETCH_SHARED_S
            memory.rendered = await self.renderer.rendered(application, max_age_s=max_age_s, hard=asked == "hard")
            memory.error = ""
        except RenderFailed as error:
            memory.rendered, memory.error = None, str(error)
        return True

    async def _bring_about(self, application: Thing, memory: Memory, rendered: Rendered, *, refreshed: bool) -> None:
        resources = await self.comparer.compare(application, rendered.objects)
        fields = reporting.comparison_fields(application, rendered, resources, now=self._now())
        decision = decide(application, fields["sync"], resources, self.clock)
        memory.told = decision.conditions
        application = await self._write(application, memory, fields, refreshed=refreshed)
        operation = application.get("operation")
        if operation is None and decision.start:
            operation = reporting.automated_operation(application, rendered.revisions)
            application = await self._patch(application, {"operation": operation})
        if operation is not None:
            await self._operate(application, memory, operation, rendered)
        elif decision.again_in_s is not None:
            self.queue.add_after(key_of(application), self.clock.real(decision.again_in_s) + 0.05)

    async def _operate(self, application: Thing, memory: Memory, operation: Thing, rendered: Rendered) -> None:
        """One attempt of the operation in the `operation` field, unless it is waiting for its next attempt."""
        if memory.retry_at is not None and self.clock.now() < memory.retry_at:
            self.queue.add_after(key_of(application), (memory.retry_at - self.clock.now()).total_seconds())
            return
        known = (application.get("status") or {}).get("operationState") or {}
        going_on = known.get("phase") == "Running" and known.get("operation") == operation
        started = known["startedAt"] if going_on else self._now()
        memory.retries = known.get("retryCount", 0) if going_on else 0
        state = reporting.operation_state(
            application,
            operation,
            phase="Running",
            message="one or more tasks are running",
            started=started,
            retries=memory.retries,
        )
        application = await self._patch_status(application, {"operationState": state})
        await self.clock.sleep(SYNC_STEP_S)
        try:
            wanted = await self._wanted(application, operation, rendered)
        except RenderFailed as error:
            await self._finish(application, memory, operation, started, "Error", str(error), rendered.revisions)
            return
        resources = await self.comparer.compare(application, wanted.objects)
        attempt = await self.syncer.attempt(application, resources, operation, project=self._project(application))
        if attempt.failures and await self._retry_later(application, memory, operation, started, attempt, wanted):
            return
        message = attempt.message
        if attempt.failures and memory.retries:
            message = f"{message} (retried {memory.retries} times)."
        await self._finish(
            application,
            memory,
            operation,
            started,
            "Failed" if attempt.failures else "Succeeded",
            message,
            wanted.revisions,
            attempt,
        )

    async def _wanted(self, application: Thing, operation: Thing, rendered: Rendered) -> Rendered:
        asked = reporting.revisions_in(application, operation.get("sync") or {})
        if not asked or asked == rendered.revisions:
            return rendered
        return await self.renderer.rendered(application, revisions=asked)

    async def _retry_later(
        self, application: Thing, memory: Memory, operation: Thing, started: str, attempt: Any, wanted: Rendered
    ) -> bool:
        wait_s = seconds_to_retry(operation, memory.retries)
        if wait_s is None:
            return False
        memory.retries += 1
        memory.retry_at = self.clock.now() + timedelta(seconds=self.clock.real(wait_s))
        when = f"{memory.retry_at:%I:%M%p}".lstrip("0")
        message = f"{attempt.message}. Retrying attempt #{memory.retries} at {when}."
        state = reporting.operation_state(
            application,
            operation,
            phase="Running",
            message=message,
            started=started,
            retries=memory.retries,
            attempt=attempt,
            revisions=wanted.revisions,
        )
        await self._patch_status(application, {"operationState": state})
        self.queue.add_after(key_of(application), self.clock.real(wait_s))
        return True

    async def _finish(
        self,
        application: Thing,
        memory: Memory,
        operation: Thing,
        started: str,
        phase: str,
        message: str,
        revisions: tuple[str, ...],
        attempt: Any = None,
    ) -> None:
        now = self._now()
        state = reporting.operation_state(
            application,
            operation,
            phase=phase,
            message=message,
            started=started,
            finished=now,
            retries=memory.retries,
            attempt=attempt,
            revisions=revisions,
        )
        fields: dict[str, Any] = {"operationState": state}
        if phase == "Succeeded" and not (operation.get("sync") or {}).get("resources"):
            fields["history"] = reporting.with_history(application, operation, revisions, started=started, finished=now)
        memory.retry_at, memory.retries = None, 0
        status = {**(application.get("status") or {}), **fields}
        await self._patch(
            application, {"operation": None, "status": merge_patch(application.get("status") or {}, status)}
        )
        tell = self.events.normal if phase == "Succeeded" else self.events.warning
        tell(
            application,
            "OperationCompleted",
            f"Sync operation to {' '.join(revisions)} "
            + ("succeeded" if phase == "Succeeded" else f"failed: {message}"),
        )
        self.queue.add(key_of(application))

    def _project(self, application: Thing) -> Thing | None:
        name = application["spec"].get("project", "default")
        return self.projects.get(application["metadata"]["namespace"], name)

    async def _write(self, application: Thing, memory: Memory, fields: dict[str, Any], *, refreshed: bool) -> Thing:
        known = application.get("status") or {}
        said = reporting.conditions(application, memory.told, self._now())
        status = {**known, **fields, "conditions": said}
        if not said:
            del status["conditions"]
        if not known.get("reconciledAt") or refreshed:
            status["reconciledAt"] = self._now()
        # In the same write, so that whoever waits for the request to be taken sees its outcome as well.
        acknowledged = {"annotations": {REFRESH: None}} if refreshed and _asks(application) else {}
        return await self._patch_status(application, status, acknowledged)

    async def _report_error(self, application: Thing, memory: Memory) -> None:
        """Git could not be read or rendered: what is compared is unknown, what lives still has a health."""
        live = [
            Resource(kind.api_version, kind.kind, "", thing["metadata"]["name"], kind, thing, thing)
            for kind, thing in self.live.tracked_by(application["metadata"]["name"])
        ]
        known = (application.get("status") or {}).get("sync") or {}
        revisions = reporting.revisions_in(application, known)
        memory.told = [("ComparisonError", memory.error)]
        fields = {
            "sync": reporting.sync_fields(application, "Unknown", revisions),
            "health": reporting.health_fields(application, live, self._now()),
            "controllerNamespace": reporting.CONTROLLER_NAMESPACE,
        }
        await self._write(application, memory, fields, refreshed=True)

    async def _report_invalid(self, application: Thing, problem: str) -> None:
        memory = Memory(told=[("InvalidSpecError", problem)])
        health = {"status": "Unknown", "lastTransitionTime": self._now()}
        known = (application.get("status") or {}).get("health") or {}
        fields = {
            "sync": reporting.sync_fields(application, "Unknown", ()),
            "health": known if known.get("status") == "Unknown" else health,
        }
        await self._write(application, memory, fields, refreshed=bool(_asks(application)))

    async def _delete_resources(self, application: Thing) -> None:
        """The finalizer: everything tracked goes first."""
        meta = application["metadata"]
        finalizers = meta.get("finalizers") or []
        if not any(one.startswith(FINALIZER) for one in finalizers):
            return
        await self.comparer.compare(application, ())
        left = self.live.tracked_by(meta["name"])
        for kind, thing in left:
            if not thing["metadata"].get("deletionTimestamp"):
                await self._delete(kind, thing)
        if any(
            self.live.get(kind, thing["metadata"].get("namespace", ""), thing["metadata"]["name"])
            for kind, thing in left
        ):
            self.queue.add_after(key_of(application), 0.5)
            return
        rest = [one for one in finalizers if not one.startswith(FINALIZER)]
        await self._patch(application, {"metadata": {"finalizers": rest or None}})

    async def _delete(self, kind: Any, thing: Thing) -> None:
        meta = thing["metadata"]
        try:
            answer = await self.client.delete(
                kind, meta.get("namespace", ""), meta["name"], propagationPolicy="Foreground"
            )
        except ApiError as error:
            if error.status != 404:
                raise
            self.live.forget(kind, thing)
            return
        if answer.get("kind") == "Status":
            self.live.forget(kind, thing)

    async def _patch_status(
        self, application: Thing, changed: dict[str, Any], metadata: dict[str, Any] | None = None
    ) -> Thing:
        known = application.get("status") or {}
        patch = merge_patch(known, {**known, **changed})
        for name in known:
            # A whole status may lack what was there before; a part of one takes nothing away.
            if name not in changed and "sync" in changed:
                patch[name] = None
        change = {**({"status": patch} if patch else {}), **({"metadata": metadata} if metadata else {})}
        return await self._patch(application, change) if change else application

    async def _patch(self, application: Thing, change: dict[str, Any]) -> Thing:
        meta = application["metadata"]
        try:
            return self.applications.observe(
                await self.client.patch(APPLICATION, meta["namespace"], meta["name"], change)
            )
        except ApiError as error:
            if error.status == 404:
                return application
            raise

    def _now(self) -> str:
        return stamp(self.clock.now())


def _asks(application: Thing) -> str:
    """`normal`, `hard` or nothing."""
    return str((application["metadata"].get("annotations") or {}).get(REFRESH, ""))


def _wish(thing: Thing) -> tuple[Any, ...]:
    """What other people change; our own status writes must not wake us."""
    meta = thing["metadata"]
    return (thing.get("spec"), thing.get("operation"), meta.get("annotations"), meta.get("deletionTimestamp"))
