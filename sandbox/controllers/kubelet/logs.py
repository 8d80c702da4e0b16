"""A container's log as a function of its run: nothing is stored, any stretch of it can be written when asked for.

Requests fall into slots of equal length, so the last lines of a run of days cost as much as those of a minute.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.controllers.kubelet import voices
from sandbox.controllers.kubelet.behaviour import Ending, answer, listening_host, listening_port
from sandbox.controllers.quantity import container_limit_mib
from sandbox.registry import Image, Program

SLOT_S = 4.0
# The real kubelet rotates at ten megabytes; older lines are gone.
SLOTS_KEPT = 3000
Line = tuple[datetime, str]


@dataclass
class Run:
    """One run of a container, from its start to its end."""

    pod: dict[str, Any]
    container: dict[str, Any]
    image: Image
    program: Program
    env: dict[str, str]
    started: datetime
    container_id: str
    speed: float = 1.0
    ended: datetime | None = None
    ending: Ending | None = None
    history: list[tuple[datetime, Program]] = field(default_factory=list)

    @property
    def limit_mib(self) -> int | None:
        return container_limit_mib(self.container)

    def age_s(self, moment: datetime) -> float:
        return (moment - self.started).total_seconds() * self.speed

    def at(self, age_s: float) -> datetime:
        return self.started + timedelta(seconds=age_s / self.speed)


def lines(run: Run, *, since: datetime | None = None, until: datetime) -> Iterator[Line]:
    """Lines in order of time, from `since` (exclusive) to `until` (inclusive)."""
    last = min(until, run.ended or until)
    for moment, text in (*_opening(run), *_busy(run, since, last), *_closing(run)):
        if moment <= last and (since is None or moment > since):
            yield moment, text


def _opening(run: Run) -> Iterator[Line]:
    address = f"{listening_host(run.program, run.env)}:{listening_port(run.program, run.env)}"
    listens = run.program.listens_after_s
    for number, age_s in enumerate((0.05, 0.2)):
        moment = run.at(age_s)
        yield moment, voices.started(run.program, address, moment, number)
    for number, words in enumerate(run.program.opening):
        moment = run.at(0.3 + number / 10)
        yield moment, voices.spoken(run.program, moment, "info", words)
    moment = run.at(listens)
    yield moment, voices.started(run.program, address, moment, 2)


def _busy(run: Run, since: datetime | None, last: datetime) -> Iterator[Line]:
    """Requests and probes between the first listening and now."""
    final = int(run.age_s(last) // SLOT_S)
    first = max(int(run.program.listens_after_s // SLOT_S) + 1, final - SLOTS_KEPT)
    if since is not None:
        first = max(first, int(run.age_s(since) // SLOT_S))
    for slot in range(first, final + 1):
        yield from _slot(run, slot)


def _slot(run: Run, slot: int) -> list[Line]:
    found: list[Line] = []
    seed = voices.number_from(run.container_id, slot)
    for index in range(seed % 3 if run.program.traffic else 0):
        part = voices.number_from(run.container_id, slot, index)
        moment = run.at((slot + (part % 1000) / 1000) * SLOT_S)
        what = run.program.traffic[part // 7 % len(run.program.traffic)]
        found.append((moment, voices.served(run.program, moment, what, 201 if what.startswith("POST") else 200, part)))
    found += _probe_requests(run, slot)
    return sorted(found)


def _probe_requests(run: Run, slot: int) -> list[Line]:
    found: list[Line] = []
    port = listening_port(run.program, run.env)
    for name in ("readinessProbe", "livenessProbe"):
        probe = run.container.get(name) or {}
        path = (probe.get("httpGet") or {}).get("path")
        period = probe.get("periodSeconds", 10)
        if not path or slot * SLOT_S % period >= SLOT_S:
            continue
        age_s = slot * SLOT_S + 0.4
        status = answer(run.program, run.env, age_s=age_s, port=port, path=path)
        # Healthy probes are not logged; failing ones are, as access logs are usually set up.
        if status is not None and status >= 400:
            moment = run.at(age_s)
            found.append(
                (moment, voices.served(run.program, moment, f"GET {path}", status, 0, agent="kube-probe/1.36"))
            )
    return found


def _closing(run: Run) -> Iterator[Line]:
    if run.ended is None or run.ending is None:
        return
    if run.ending.exit_code == 143 or run.ending.reason == "Completed":
        yield run.ended, voices.stopped(run.program, run.ended)
    for text in run.ending.lines:
        for one in text.split("\n"):
            yield run.ended, one
