"""Probing a run: startup, liveness and readiness, with the kubelet's thresholds and wording."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

from sandbox.controllers.clock import Clock
from sandbox.controllers.kubelet.behaviour import answer
from sandbox.controllers.kubelet.logs import Run

Probe = dict[str, Any]
Told = Callable[[str], None]


def failure(probe: Probe, run: Run, *, age_s: float, pod_ip: str) -> str:
    """Why the probe fails at this age; empty when it succeeds. Programs in containers do not fail exec probes."""
    if request := probe.get("httpGet"):
        port = port_number(request["port"], run.container)
        path = request.get("path", "/")
        status = answer(run.program, run.env, age_s=age_s, port=port, path=path)
        if status is None:
            url = f"{request.get('scheme', 'HTTP').lower()}://{pod_ip}:{port}{path}"
            return f'Get "{url}": dial tcp {pod_ip}:{port}: connect: connection refused'
        return "" if 200 <= status < 400 else f"HTTP probe failed with statuscode: {status}"
    if connection := probe.get("tcpSocket"):
        port = port_number(connection["port"], run.container)
        if answer(run.program, run.env, age_s=age_s, port=port, path="/") is None:
            return f"dial tcp {pod_ip}:{port}: connect: connection refused"
    return ""


def port_number(port: int | str, container: dict[str, Any]) -> int:
    """A named port is looked up in the container; 0 where it has no such name."""
    if isinstance(port, int) or str(port).isdigit():
        return int(port)
    return next((int(one["containerPort"]) for one in container.get("ports") or [] if one.get("name") == port), 0)


class Prober:
    """The probes of one run. `watch` returns only when the container must be killed, saying which probe failed."""

    def __init__(
        self,
        run: Run,
        clock: Clock,
        *,
        pod_ip: str,
        unhealthy: Told,
        ready: Callable[[bool], None],
        started: Callable[[], None],
    ) -> None:
        self.run, self.clock, self.pod_ip = run, clock, pod_ip
        self.unhealthy, self.ready, self.started = unhealthy, ready, started

    async def watch(self) -> str:
        container = self.run.container
        if probe := container.get("startupProbe"):
            if not await self._until_started(probe):
                return "startup"
            self.started()
        loops = []
        if probe := container.get("livenessProbe"):
            loops.append(asyncio.create_task(self._liveness(probe)))
        if probe := container.get("readinessProbe"):
            loops.append(asyncio.create_task(self._readiness(probe)))
        else:
            self.ready(True)
        if not loops:
            await asyncio.Event().wait()
        try:
            await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
            return "liveness"
        finally:
            for loop in loops:
                loop.cancel()

    async def _until_started(self, probe: Probe) -> bool:
        failures = 0
        await self._first(probe)
        while True:
            problem = self._ask("Startup", probe)
            if not problem:
                return True
            failures += 1
            if failures >= probe.get("failureThreshold", 3):
                return False
            await self.clock.sleep(probe.get("periodSeconds", 10))

    async def _liveness(self, probe: Probe) -> None:
        failures = 0
        await self._first(probe)
        while True:
            failures = failures + 1 if self._ask("Liveness", probe) else 0
            if failures >= probe.get("failureThreshold", 3):
                return
            await self.clock.sleep(probe.get("periodSeconds", 10))

    async def _readiness(self, probe: Probe) -> None:
        failures = successes = 0
        await self._first(probe)
        while True:
            if self._ask("Readiness", probe):
                failures, successes = failures + 1, 0
                if failures >= probe.get("failureThreshold", 3):
                    self.ready(False)
            else:
                failures, successes = 0, successes + 1
                if successes >= probe.get("successThreshold", 1):
                    self.ready(True)
            await self.clock.sleep(probe.get("periodSeconds", 10))

    async def _first(self, probe: Probe) -> None:
        """The kubelet's own ticking adds up to a second before a first probe."""
        await self.clock.sleep(probe.get("initialDelaySeconds", 0) + random.random())

    def _ask(self, name: str, probe: Probe) -> str:
        age_s = self.run.age_s(self.clock.now())
        problem = failure(probe, self.run, age_s=age_s, pod_ip=self.pod_ip)
        if problem:
            self.unhealthy(f"{name} probe failed: {problem}")
        return problem
