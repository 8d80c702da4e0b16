"""Events as the real components record them: repeated ones are counted, floods are cut, look-alikes are combined."""

import asyncio
import logging
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from sandbox.controllers.client import ApiError, Client, Thing
from sandbox.controllers.clock import Clock, micro_stamp, stamp
from sandbox.controllers.kinds import EVENT

log = logging.getLogger(__name__)
REMEMBERED = 4096
# client-go's numbers: a burst of 25 per object, one more every five minutes, and more than ten different messages
# of one reason within ten minutes are combined.
BURST, REFILL_S = 25, 300.0
LOOKALIKES, LOOKALIKE_WINDOW_S = 10, 600.0


@dataclass
class _Bucket:
    tokens: float
    at: float


@dataclass
class _Series:
    name: str = ""
    count: int = 0


@dataclass
class _Group:
    messages: set[str] = field(default_factory=set)
    at: float = 0.0


class Recorder:
    """Writes events about objects in order, behind the caller's back; a lost event never stops a controller."""

    def __init__(self, client: Client, clock: Clock, component: str, *, host: str = "") -> None:
        self.client, self.clock, self.component, self.host = client.acting_as(component), clock, component, host
        self._series: OrderedDict[tuple[str, ...], _Series] = OrderedDict()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._groups: OrderedDict[tuple[str, ...], _Group] = OrderedDict()
        self._waiting: asyncio.Queue[tuple[Thing, str, str, str, str]] = asyncio.Queue()

    def normal(self, about: Thing, reason: str, message: str, *, field_path: str = "") -> None:
        self._waiting.put_nowait((about, "Normal", reason, message, field_path))

    def warning(self, about: Thing, reason: str, message: str, *, field_path: str = "") -> None:
        self._waiting.put_nowait((about, "Warning", reason, message, field_path))

    async def run(self) -> None:
        while True:
            about, kind, reason, message, path = await self._waiting.get()
            try:
                await self._record(about, kind, reason, message, path)
            except (ApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
                # A namespace on its way out refuses events; the real recorders drop them too.
                log.debug("event_lost reason=%s %s", reason, error)

    async def _record(self, about: Thing, kind: str, reason: str, message: str, path: str) -> None:
        uid = about["metadata"].get("uid", "")
        if not self._allowed(uid):
            return
        message, combined = self._combined((uid, path, kind, reason), message)
        key = (uid, path, kind, reason, "" if combined else message)
        series = self._series.setdefault(key, _Series())
        self._series.move_to_end(key)
        _trim(self._series)
        if series.name and await self._count(about, series, message):
            return
        series.name, series.count = f"{about['metadata']['name']}.{secrets.token_hex(8)}", 1
        await self.client.create(EVENT, self._event(about, series.name, kind, reason, message, path))

    async def _count(self, about: Thing, series: _Series, message: str) -> bool:
        change = {"count": series.count + 1, "lastTimestamp": stamp(self.clock.now()), "message": message}
        try:
            await self.client.patch(EVENT, _space(about), series.name, change)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        series.count += 1
        return True

    def _event(self, about: Thing, name: str, kind: str, reason: str, message: str, path: str) -> Thing:
        now = stamp(self.clock.now())
        source = {"component": self.component, **({"host": self.host} if self.host else {})}
        return {
            "metadata": {"name": name, "namespace": _space(about)},
            "involvedObject": reference(about, path),
            "reason": reason,
            "message": message[:1024],
            "type": kind,
            "source": source,
            "reportingComponent": self.component,
            "reportingInstance": self.host,
            "eventTime": None,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }

    def _allowed(self, uid: str) -> bool:
        moment = asyncio.get_running_loop().time()
        bucket = self._buckets.setdefault(uid, _Bucket(BURST, moment))
        _trim(self._buckets)
        bucket.tokens = min(BURST, bucket.tokens + (moment - bucket.at) * self.clock.speed / REFILL_S)
        bucket.at = moment
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def _combined(self, key: tuple[str, ...], message: str) -> tuple[str, bool]:
        moment = asyncio.get_running_loop().time()
        group = self._groups.setdefault(key, _Group())
        _trim(self._groups)
        if (moment - group.at) * self.clock.speed > LOOKALIKE_WINDOW_S:
            group.messages.clear()
        group.at = moment
        group.messages.add(message)
        if len(group.messages) < LOOKALIKES:
            return message, False
        return f"(combined from similar events): {message}", True


def scheduler_event(about: Thing, clock: Clock, *, kind: str, reason: str, action: str, message: str) -> Thing:
    """An event as the scheduler writes it: no first and last time, but `eventTime` and later a `series`."""
    return {
        "metadata": {"name": f"{about['metadata']['name']}.{secrets.token_hex(8)}", "namespace": _space(about)},
        "involvedObject": reference(about),
        "reason": reason,
        "action": action,
        "message": message[:1024],
        "type": kind,
        "source": {},
        "reportingComponent": "default-scheduler",
        "reportingInstance": "default-scheduler-control-plane-0",
        "eventTime": micro_stamp(clock.now()),
        "firstTimestamp": None,
        "lastTimestamp": None,
    }


def reference(about: Thing, field_path: str = "") -> dict[str, Any]:
    meta = about["metadata"]
    found = {
        "apiVersion": about.get("apiVersion", ""),
        "kind": about.get("kind", ""),
        "name": meta["name"],
        "namespace": meta.get("namespace", ""),
        "uid": meta.get("uid", ""),
        "resourceVersion": meta.get("resourceVersion", ""),
        "fieldPath": field_path,
    }
    return {name: value for name, value in found.items() if value}


def _space(about: Thing) -> str:
    return about["metadata"].get("namespace") or "default"


def _trim(memory: OrderedDict[Any, Any]) -> None:
    while len(memory) > REMEMBERED:
        memory.popitem(last=False)
