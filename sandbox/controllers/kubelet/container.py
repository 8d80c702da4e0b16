"""One container's life: image, configuration, run, probes, end, back-off, and from the start again."""

import asyncio
import secrets
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox import registry
from sandbox.controllers.clock import parse, stamp
from sandbox.controllers.kubelet import behaviour, config
from sandbox.controllers.kubelet.behaviour import TERM_EXIT, Ending
from sandbox.controllers.kubelet.logs import Run
from sandbox.controllers.kubelet.probes import Prober
from sandbox.controllers.kubelet.status import ContainerState

if TYPE_CHECKING:
    from sandbox.controllers.kubelet.pod import PodWorker

FIRST_BACK_OFF_S, LAST_BACK_OFF_S, CALM_S = 10.0, 300.0, 600.0
SYNC_S = 12.0
CREATE_S, START_S = 0.4, 0.4
STOP_S = 1.2


class ContainerRunner:
    """`run` ends with the last ending of a container that is not restarted, else never."""

    def __init__(self, worker: "PodWorker", spec: dict[str, Any], known: dict[str, Any] | None, *, init: bool) -> None:
        self.worker, self.spec, self.init = worker, spec, init
        self.clock, self.events = worker.clock, worker.events
        self.status = _adopted(spec, known)
        self.current: Run | None = None
        self.previous: Run | None = None
        self._changed = asyncio.Event()
        self._back_off_s = 0.0 if not self.status.restarts else _back_off_after(self.status.restarts)
        prefix = "initContainers" if init else "containers"
        self.path = f"spec.{prefix}{{{spec['name']}}}"

    async def run(self) -> Ending:
        resumed = await self._resume()
        while True:
            ending = resumed or await self._once()
            resumed = None
            if not self._restarts(ending):
                return ending
            await self._wait_out(ending)

    def reconsider(self) -> None:
        """Faults changed: a running program learns of it."""
        if self.current is not None and self.current.ended is None:
            program = self._program(self.current.image)
            if program != self.current.program:
                self.current.program = program
                self._changed.set()

    def stop(self, *, exit_code: int = TERM_EXIT) -> None:
        """The pod goes: what runs is terminated, what waited never ran."""
        if self.current is not None and self.current.ended is None:
            ending = Ending(0, exit_code, "Error" if exit_code else "Completed")
            self._ended(self.current, ending)
            self.worker.changed()

    def _program(self, image: registry.Image) -> registry.Program:
        return self.worker.kubelet.faults.applied(self.worker.pod, image.program)

    async def _once(self, *, since: datetime | None = None) -> Ending:
        """One run from pulling to the end. `since` takes over a run that was already going on."""
        image = await self._image(quiet=since is not None)
        env = await self._environment()
        run = await self._start(image, env, since)
        life = asyncio.create_task(self._life(run))
        probes = asyncio.create_task(self._prober(run).watch())
        try:
            await asyncio.wait({life, probes}, return_when=asyncio.FIRST_COMPLETED)
            if life.done():
                ending = life.result()
            else:
                ending = await self._kill(probes.result())
        finally:
            life.cancel()
            probes.cancel()
        self._ended(run, ending)
        self.worker.changed()
        return ending

    async def _image(self, *, quiet: bool) -> registry.Image:
        """Pulls until it succeeds, with the kubelet's back-off between attempts."""
        reference, kubelet = self.spec["image"], self.worker.kubelet
        always = self.spec.get("imagePullPolicy") == "Always"
        if self._present(reference) and not always:
            if not quiet:
                self._normal("Pulled", f'Container image "{reference}" already present on machine')
            return self.worker.node.images[reference]
        wait_s = FIRST_BACK_OFF_S
        while True:
            try:
                authorised, absent = await config.pull_secrets(kubelet.client, self.worker.pod)
                if absent and not quiet:
                    self.events.warning(
                        self.worker.pod,
                        "FailedToRetrieveImagePullSecret",
                        (
                            f"Unable to retrieve some image pull secrets ({', '.join(absent)}); "
                            "attempting to pull the image may not succeed."
                        ),
                    )
                refusal = "" if quiet else kubelet.faults.refusal(self.worker.pod, reference)
                image = registry.pull(reference, authorised=authorised, refusal=refusal)
                if not quiet:
                    await self._pull(image)
                self.worker.node.images[reference] = image
                return image
            except registry.PullRefused as refused:
                await self._refused(refused, wait_s)
                wait_s = min(wait_s * 2, LAST_BACK_OFF_S)

    def _present(self, reference: str) -> bool:
        """What the registry does not give is gone from the nodes too, or only a new node would notice."""
        refused = self.worker.kubelet.faults.refusal(self.worker.pod, reference)
        return reference in self.worker.node.images and not refused

    async def _pull(self, image: registry.Image) -> None:
        self._normal("Pulling", f'Pulling image "{image.reference}"')
        await self.clock.sleep(image.pull_s)
        took = f"{image.pull_s:.3f}s" if image.pull_s >= 1 else f"{image.pull_s * 1000:.0f}ms"
        self._normal(
            "Pulled",
            (
                f'Successfully pulled image "{image.reference}" in {took} ({took} including waiting). '
                f"Image size: {image.size_bytes} bytes."
            ),
        )

    async def _refused(self, refused: registry.PullRefused, wait_s: float) -> None:
        reference = self.spec["image"]
        if refused.reason == "InvalidImageName":
            self._warning("InspectFailed", str(refused))
            self._warning("Failed", f"Error: {refused.reason}")
            self._wait(refused.reason, str(refused))
            await self.clock.sleep(SYNC_S)
            return
        self._normal("Pulling", f'Pulling image "{reference}"')
        await self.clock.sleep(0.8)
        self._warning("Failed", f'Failed to pull image "{reference}": {refused}')
        self._warning("Failed", "Error: ErrImagePull")
        self._wait("ErrImagePull", str(refused))
        await self.clock.sleep(min(2.0, wait_s))
        self._wait("ImagePullBackOff", f'Back-off pulling image "{reference}": ErrImagePull: {refused}')
        left = wait_s
        while left > 0:
            self._normal("BackOff", f'Back-off pulling image "{reference}"')
            self._warning("Failed", "Error: ImagePullBackOff")
            await self.clock.sleep(min(left, SYNC_S))
            left -= SYNC_S

    async def _environment(self) -> dict[str, str]:
        while True:
            try:
                return await config.environment(self.worker.kubelet.client, self.worker.pod, self.spec)
            except config.ConfigMissing as missing:
                self._wait("CreateContainerConfigError", str(missing))
                self._warning("Failed", f"Error: {missing}")
                await self.clock.sleep(SYNC_S)

    async def _start(self, image: registry.Image, env: dict[str, str], since: datetime | None) -> Run:
        if since is None:
            await self.clock.sleep(CREATE_S)
            self._normal("Created", f"Created container: {self.spec['name']}")
            await self.clock.sleep(START_S)
            self._normal("Started", f"Started container {self.spec['name']}")
        container_id = self.status.container_id if since else f"containerd://{secrets.token_hex(32)}"
        run = Run(
            self.worker.pod,
            self.spec,
            image,
            self._program(image),
            env,
            since or self.clock.now(),
            container_id,
            speed=self.clock.speed,
        )
        self.current, self._changed = run, asyncio.Event()
        self.status = replace(
            self.status,
            image_id=image.image_id,
            container_id=container_id,
            state={"running": {"startedAt": stamp(run.started)}},
            started=not self.spec.get("startupProbe") or (since is not None and self.status.started),
            ready=since is not None and self.status.ready,
        )
        self.worker.changed()
        return run

    async def _life(self, run: Run) -> Ending:
        """Until the program ends by itself. A changed program meets its fate as if it had started now."""
        since = run.started
        while True:
            self._changed.clear()
            fate = (
                Ending(1.5, 0, "Completed")
                if self.init
                else behaviour.ending(run.program, run.env, limit_mib=run.limit_mib)
            )
            if fate is None:
                await self._changed.wait()
            else:
                left = self.clock.real(fate.after_s) - (self.clock.now() - since).total_seconds()
                try:
                    await asyncio.wait_for(self._changed.wait(), max(0.0, left))
                except TimeoutError:
                    return fate
            since = self.clock.now()

    def _prober(self, run: Run) -> Prober:
        return Prober(
            run,
            self.clock,
            pod_ip=self.worker.standing.pod_ip,
            ready=self._set_ready,
            started=self._set_started,
            unhealthy=lambda words: self._warning("Unhealthy", words),
        )

    async def _kill(self, probe: str) -> Ending:
        self._normal("Killing", f"Container {self.spec['name']} failed {probe} probe, will be restarted")
        await self.clock.sleep(STOP_S)
        return Ending(0, TERM_EXIT, "Error")

    def _ended(self, run: Run, ending: Ending) -> None:
        run.ended, run.ending = self.clock.now(), ending
        self.previous, self.current = run, None
        terminated = {
            "exitCode": ending.exit_code,
            "reason": ending.reason,
            "startedAt": stamp(run.started),
            "finishedAt": stamp(run.ended),
            "containerID": run.container_id,
        }
        self.status = replace(self.status, state={"terminated": terminated}, ready=False, started=False)
        if self.init and ending.exit_code == 0:
            self.status.ready = True

    def _restarts(self, ending: Ending) -> bool:
        policy = self.worker.pod["spec"].get("restartPolicy", "Always")
        if self.init:
            return ending.exit_code != 0 and policy != "Never"
        return policy == "Always" or (policy == "OnFailure" and ending.exit_code != 0)

    async def _wait_out(self, ending: Ending) -> None:
        """The first restart comes at once; the next after 10 s, 20 s, ... 5 min; ten calm minutes forgive all."""
        run = self.previous
        if run is not None and run.ended is not None and self.clock.elapsed(run.started, run.ended) >= CALM_S:
            self._back_off_s = 0.0
        wait_s = self._back_off_s
        self._back_off_s = min(max(FIRST_BACK_OFF_S, wait_s * 2), LAST_BACK_OFF_S)
        await self.clock.sleep(1.0)
        last = {"terminated": self.status.state["terminated"]} if self.status.terminated else self.status.last
        self.status = replace(self.status, last=last)
        if wait_s:
            await self._sit_out(wait_s)
        self.status = replace(self.status, restarts=self.status.restarts + 1)

    async def _sit_out(self, wait_s: float) -> None:
        name, meta = self.spec["name"], self.worker.pod["metadata"]
        pod = f"{meta['name']}_{meta['namespace']}({meta['uid']})"
        self._wait("CrashLoopBackOff", f"back-off {_go_duration(wait_s)} restarting failed container={name} pod={pod}")
        left = wait_s
        while left > 0:
            self._warning("BackOff", f"Back-off restarting failed container {name} in pod {pod}")
            await self.clock.sleep(min(left, SYNC_S))
            left -= SYNC_S

    async def _resume(self) -> Ending | None:
        """Takes up what the pod's status says was going on before this process started."""
        if running := self.status.state.get("running"):
            return await self._once(since=parse(running["startedAt"]))
        ended = self.status.terminated or (self.status.last.get("terminated") if self.status.restarts else None)
        if ended is not None:
            return Ending(0, ended["exitCode"], ended.get("reason", "Error"))
        return None

    def _wait(self, reason: str, message: str) -> None:
        self.status = replace(self.status, state={"waiting": {"reason": reason, "message": message}}, ready=False)
        self.worker.changed()

    def _set_ready(self, ready: bool) -> None:
        if self.status.ready != ready:
            self.status = replace(self.status, ready=ready)
            self.worker.changed()

    def _set_started(self) -> None:
        self.status = replace(self.status, started=True)
        self.worker.changed()

    def _normal(self, reason: str, message: str) -> None:
        self.events.normal(self.worker.pod, reason, message, field_path=self.path)

    def _warning(self, reason: str, message: str) -> None:
        self.events.warning(self.worker.pod, reason, message, field_path=self.path)


def _adopted(spec: dict[str, Any], known: dict[str, Any] | None) -> ContainerState:
    if not known:
        return ContainerState(spec["name"], spec["image"])
    return ContainerState(
        spec["name"],
        spec["image"],
        known.get("imageID", ""),
        known.get("containerID", ""),
        known.get("restartCount", 0),
        known.get("ready", False),
        known.get("started", False),
        known.get("state") or {},
        known.get("lastState") or {},
    )


def _back_off_after(restarts: int) -> float:
    return min(FIRST_BACK_OFF_S * 2 ** (restarts - 1), LAST_BACK_OFF_S)


def _go_duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
