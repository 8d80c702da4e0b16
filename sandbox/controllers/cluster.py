"""What every controller is given: the client, the clock, caches shared between them and event recorders."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from sandbox.controllers.cache import Cache
from sandbox.controllers.client import Client
from sandbox.controllers.clock import Clock
from sandbox.controllers.events import Recorder
from sandbox.controllers.kinds import Kind


class Cluster:
    """Caches start when first asked for; `settled` waits until all of them have their first list."""

    def __init__(self, client: Client, clock: Clock, directory: Path, tasks: asyncio.TaskGroup) -> None:
        self.client, self.clock, self.directory, self.tasks = client, clock, directory, tasks
        self._caches: dict[tuple[Kind, tuple[tuple[str, str], ...]], Cache] = {}

    def cache(self, kind: Kind, **selectors: str) -> Cache:
        key = (kind, tuple(sorted(selectors.items())))
        if key not in self._caches:
            cache = self._caches[key] = Cache(self.client, kind, **selectors)
            self.start(cache.run(), name=f"cache {kind.plural}")
        return self._caches[key]

    def recorder(self, component: str, *, host: str = "") -> Recorder:
        recorder = Recorder(self.client, self.clock, component, host=host)
        self.start(recorder.run(), name=f"events of {component}")
        return recorder

    def start(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        return self.tasks.create_task(work, name=name)

    async def settled(self) -> None:
        for cache in list(self._caches.values()):
            await cache.ready.wait()
