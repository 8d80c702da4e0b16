"""Objects of one kind, kept in memory by list and watch, as a controller's informer does."""

import asyncio
import contextlib
import logging
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator

import aiohttp

from sandbox.controllers.client import ApiError, Client, Thing
from sandbox.controllers.kinds import Kind

log = logging.getLogger(__name__)
Key = tuple[str, str]
Listener = Callable[[Thing | None, Thing | None], None]
LONGEST_PAUSE_S = 10.0
REMEMBERED_DELETIONS = 4096


class ClusterReplaced(Exception):
    """The cluster at this address is another one now: only a new start, with its kubeconfig, can help."""


def key_of(thing: Thing) -> Key:
    return thing["metadata"].get("namespace", ""), thing["metadata"]["name"]


def version_of(thing: Thing) -> int:
    text = thing["metadata"].get("resourceVersion", "")
    return int(text) if text.isdigit() else 0


class Cache:
    """Reads are synchronous. `observe` and `forget` let a writer see its own write before the watch brings it."""

    def __init__(self, client: Client, kind: Kind, **selectors: str) -> None:
        self.client, self.kind, self.selectors = client, kind, selectors
        self.ready = asyncio.Event()
        self._things: dict[Key, Thing] = {}
        self._owned: defaultdict[str, set[Key]] = defaultdict(set)
        self._spaces: defaultdict[str, set[Key]] = defaultdict(set)
        self._gone: OrderedDict[str, None] = OrderedDict()
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        """`listener(old, new)` is called for every change; what is here already is told at once."""
        self._listeners.append(listener)
        for thing in list(self._things.values()):
            listener(None, thing)

    def get(self, namespace: str, name: str) -> Thing | None:
        return self._things.get((namespace, name))

    def all(self) -> list[Thing]:
        return list(self._things.values())

    def inside(self, namespace: str) -> list[Thing]:
        return [self._things[key] for key in self._spaces.get(namespace, ())]

    def owned_by(self, uid: str) -> list[Thing]:
        return [self._things[key] for key in self._owned.get(uid, ())]

    def observe(self, thing: Thing) -> Thing:
        """Takes a state of an object unless a newer one is known. Returns it."""
        key, known = key_of(thing), self._things.get(key_of(thing))
        if thing["metadata"].get("uid") in self._gone or (known and version_of(known) >= version_of(thing)):
            return thing
        thing["metadata"].pop("managedFields", None)
        self._things[key] = thing
        self._spaces[key[0]].add(key)
        for owner in _owners(thing):
            self._owned[owner].add(key)
        self._tell(known, thing)
        return thing

    def forget(self, thing: Thing) -> None:
        """The object is gone; a late state of it in the stream is ignored."""
        key, uid = key_of(thing), thing["metadata"].get("uid", "")
        self._gone[uid] = None
        if len(self._gone) > REMEMBERED_DELETIONS:
            self._gone.popitem(last=False)
        known = self._things.get(key)
        if known is None or known["metadata"].get("uid", "") != uid:
            return
        del self._things[key]
        _discard(self._spaces, key[0], key)
        for owner in _owners(known):
            _discard(self._owned, owner, key)
        self._tell(known, None)

    async def run(self) -> None:
        """Lists, then watches for ever; lists again when the server no longer knows our version."""
        pause = 0.2
        version = ""
        while True:
            try:
                version = version or await self._list()
                pause = 0.2
                version = await self._follow(version)
            except ApiError as error:
                if error.status == 401:
                    raise ClusterReplaced("the API server does not know us any more") from error
                version = "" if error.status in (410, 500) else version
                if error.status != 410:
                    log.warning("watch_refused kind=%s status=%s %s", self.kind.plural, error.status, error.message)
            except aiohttp.ClientConnectorCertificateError as error:
                raise ClusterReplaced("the API server has another certificate authority") from error
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                log.warning("watch_broken kind=%s %s", self.kind.plural, error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _list(self) -> str:
        things, version = await self.client.list_all(self.kind, **self.selectors)
        seen = set()
        for thing in things:
            thing.setdefault("apiVersion", self.kind.api_version)
            thing.setdefault("kind", self.kind.kind)
            seen.add(thing["metadata"].get("uid"))
            self.observe(thing)
        for known in self.all():
            # Written by us after the list was taken: the watch will tell about it.
            if known["metadata"].get("uid") not in seen and version_of(known) <= int(version or 0):
                self.forget(known)
        self.ready.set()
        return version

    async def _follow(self, version: str) -> str:
        with contextlib.suppress(TimeoutError):
            async for event, thing in self.client.watch(self.kind, version, **self.selectors):
                version = thing["metadata"]["resourceVersion"]
                if event == "DELETED":
                    self.forget(thing)
                elif event != "BOOKMARK":
                    self.observe(thing)
        return version

    def _tell(self, old: Thing | None, new: Thing | None) -> None:
        for listener in self._listeners:
            listener(old, new)


def _owners(thing: Thing) -> Iterator[str]:
    for reference in thing["metadata"].get("ownerReferences") or []:
        yield reference["uid"]


def _discard(index: defaultdict[str, set[Key]], entry: str, key: Key) -> None:
    index[entry].discard(key)
    if not index[entry]:
        del index[entry]
