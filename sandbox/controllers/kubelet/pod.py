"""One pod on its node: volumes, init containers in turn, containers side by side, and a decent end."""

import asyncio
import logging
from typing import TYPE_CHECKING

import aiohttp

from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.clock import stamp
from sandbox.controllers.kinds import POD
from sandbox.controllers.kubelet import config
from sandbox.controllers.kubelet.container import STOP_S, ContainerRunner
from sandbox.controllers.kubelet.node import Node
from sandbox.controllers.kubelet.status import Standing, pod_status

if TYPE_CHECKING:
    from sandbox.controllers.kubelet.kubelet import Kubelet

log = logging.getLogger(__name__)
SANDBOX_S = 0.3
MOUNT_RETRY_S = 20.0


class PodWorker:
    def __init__(self, kubelet: "Kubelet", node: Node, pod: Thing) -> None:
        self.kubelet, self.node, self.pod = kubelet, node, pod
        self.clock, self.events = kubelet.clock, node.events
        status = pod.get("status") or {}
        started = status.get("startTime") or stamp(self.clock.now())
        self.standing = Standing(status.get("podIP", ""), node.address, started)
        known = {
            one["name"]: one
            for field in ("initContainerStatuses", "containerStatuses")
            for one in status.get(field) or []
        }
        spec = pod["spec"]
        self.inits = [
            ContainerRunner(self, one, known.get(one["name"]), init=True) for one in spec.get("initContainers") or []
        ]
        self.containers = [ContainerRunner(self, one, known.get(one["name"]), init=False) for one in spec["containers"]]
        self.ending = False
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._work = self.kubelet.cluster.start(self._run(), name=f"pod {self.pod['metadata']['name']}")

    def changed(self) -> None:
        self.kubelet.report(self)

    def reconsider(self) -> None:
        for runner in self.containers:
            runner.reconsider()

    def cancel(self) -> None:
        if self._work is not None:
            self._work.cancel()

    def runner(self, name: str) -> ContainerRunner | None:
        return next((one for one in [*self.inits, *self.containers] if one.spec["name"] == name), None)

    def terminate(self) -> None:
        """Once, when the pod is marked for deletion and its kubelet can learn of it."""
        if not self.ending and not self.node.lost:
            self.ending = True
            self.cancel()
            self.kubelet.cluster.start(self._end(), name=f"end of pod {self.pod['metadata']['name']}")

    def said_goodbye(self) -> None:
        """The object vanished without grace: what ran is killed all the same."""
        if not self.ending:
            self._tell_killing()
        self.cancel()

    def status(self) -> Thing:
        return pod_status(
            self.pod,
            self.standing,
            [one.status for one in self.containers],
            [one.status for one in self.inits],
            now=stamp(self.clock.now()),
        )

    async def _run(self) -> None:
        try:
            if not self.standing.pod_ip:
                self.changed()
                await self._mount()
                await self.clock.sleep(SANDBOX_S)
                self.standing.pod_ip = self.kubelet.addresses.take(self.node)
            for init in self.inits:
                await self._run_init(init)
            self.standing.initialized = True
            self.changed()
            async with asyncio.TaskGroup() as containers:
                for one in self.containers:
                    containers.create_task(one.run())
        except Exception as error:
            # The API going away, or what nobody foresaw in one pod, must not take the others with it: this one is
            # begun anew from what is recorded of it.
            log.warning("pod_work_failed pod=%s", self.pod["metadata"]["name"], exc_info=error)
            await asyncio.sleep(1)
            self.kubelet.restart(self)

    async def _run_init(self, init: ContainerRunner) -> None:
        if init.status.terminated and init.status.terminated["exitCode"] == 0:
            return
        for one in self.containers:
            if one.status.waiting == "ContainerCreating":
                one.status.state = {"waiting": {"reason": "PodInitializing"}}
        await init.run()

    async def _mount(self) -> None:
        while (missing := await config.missing_volume(self.kubelet.client, self.pod)) is not None:
            volume, complaint = missing
            words = f'MountVolume.SetUp failed for volume "{volume}" : {complaint}'
            self.events.warning(self.pod, "FailedMount", words)
            await self.clock.sleep(MOUNT_RETRY_S)

    def _tell_killing(self) -> None:
        for runner in self.containers:
            if runner.current is not None:
                name = runner.spec["name"]
                self.events.normal(self.pod, "Killing", f"Stopping container {name}", field_path=runner.path)

    async def _end(self) -> None:
        meta = self.pod["metadata"]
        self._tell_killing()
        running = any(runner.current is not None for runner in self.containers)
        grace_s = meta.get("deletionGracePeriodSeconds", self.pod["spec"].get("terminationGracePeriodSeconds", 30))
        await self.clock.sleep(min(STOP_S, grace_s) if running else 0)
        for runner in self.containers:
            runner.stop()
        try:
            await self.kubelet.client.delete(
                POD, meta["namespace"], meta["name"], gracePeriodSeconds=0, preconditions={"uid": meta["uid"]}
            )
        except (ApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            if not isinstance(error, ApiError) or error.status not in (404, 409):
                log.warning("pod_deletion_failed pod=%s %s", meta["name"], error)
                await asyncio.sleep(1)
                self.ending = False
                self.terminate()
