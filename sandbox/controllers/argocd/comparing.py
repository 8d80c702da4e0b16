"""Target against live: which objects are in sync, which differ, which are missing and which are to be pruned.

An object is in sync when applying it would change nothing, which the API server is asked by a dry run (Argo CD's
server-side diff). The answer is kept until the target or the live object, its status apart, is another.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.controllers.argocd.health import MISSING, health_of
from sandbox.controllers.argocd.live import LiveState, UnknownKind
from sandbox.controllers.argocd.rendering import stamped
from sandbox.controllers.cache import version_of
from sandbox.controllers.client import ApiError, Client, Thing
from sandbox.controllers.kinds import Kind, split_api_version

REMEMBERED = 8192
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
BOOKKEEPING = {"resourceVersion", "generation", "managedFields", "uid", "creationTimestamp", "selfLink"}


@dataclass
class Resource:
    """One object of an Application. `target` is None for what is only live; `live` for what is only wanted."""

    api_version: str
    kind_name: str
    namespace: str
    name: str
    kind: Kind | None
    target: Thing | None
    live: Thing | None
    synced: bool = False
    problem: str = ""

    @property
    def needs_pruning(self) -> bool:
        return self.target is None

    @property
    def may_be_pruned(self) -> bool:
        options = ((self.live or {}).get("metadata", {}).get("annotations") or {}).get(SYNC_OPTIONS, "")
        return "Prune=false" not in options

    def health(self) -> tuple[str, str] | None:
        if self.live is None:
            return None if self.target is None else (MISSING, "")
        return None if self.needs_pruning else health_of(self.live)

    def as_status(self) -> dict[str, Any]:
        """The entry of `status.resources`. Argo CD 3 keeps health out of it unless told otherwise."""
        group, version = split_api_version(self.api_version)
        found = {
            "group": group,
            "version": version,
            "kind": self.kind_name,
            "namespace": self.namespace,
            "name": self.name,
            "status": "Synced" if self.synced else "OutOfSync",
        }
        entry = {key: value for key, value in found.items() if value}
        return {**entry, "requiresPruning": True} if self.needs_pruning else entry


class Comparer:
    def __init__(self, client: Client, live: LiveState) -> None:
        self.client, self.live = client, live
        self._verdicts: OrderedDict[str, bool] = OrderedDict()

    async def compare(self, application: Thing, objects: tuple[Thing, ...]) -> list[Resource]:
        """Targets first, in the order given, then live objects that nobody wants any more."""
        resources = [await self._target(application, thing) for thing in objects]
        wanted = {(one.kind, one.namespace, one.name) for one in resources}
        await self._watch_known(application)
        for kind, thing in self.live.tracked_by(application["metadata"]["name"]):
            place = (kind, thing["metadata"].get("namespace", ""), thing["metadata"]["name"])
            if place not in wanted:
                resources.append(Resource(kind.api_version, kind.kind, place[1], place[2], kind, None, thing))
        return resources

    async def _target(self, application: Thing, thing: Thing) -> Resource:
        try:
            kind = await self.live.kind_of(thing["apiVersion"], thing["kind"])
        except UnknownKind as error:
            meta = thing["metadata"]
            space = meta.get("namespace") or application["spec"]["destination"].get("namespace", "")
            target = stamped(application, thing, namespaced=True)
            return Resource(
                thing["apiVersion"], thing["kind"], space, meta["name"], None, target, None, problem=str(error)
            )
        await self.live.watch(kind)
        target = stamped(application, thing, namespaced=kind.namespaced)
        meta = target["metadata"]
        live = self.live.get(kind, meta.get("namespace", ""), meta["name"])
        resource = Resource(kind.api_version, kind.kind, meta.get("namespace", ""), meta["name"], kind, target, live)
        resource.synced = live is not None and await self._same(kind, target, live)
        return resource

    async def _watch_known(self, application: Thing) -> None:
        """Kinds of an earlier revision must be watched too, or what it left behind would not be seen."""
        for one in (application.get("status") or {}).get("resources") or []:
            group = one.get("group", "")
            api_version = f"{group}/{one['version']}" if group else one["version"]
            try:
                await self.live.watch(await self.live.kind_of(api_version, one["kind"]))
            except UnknownKind:
                continue

    async def _same(self, kind: Kind, target: Thing, live: Thing) -> bool:
        key = hashlib.sha256(orjson.dumps([target, _essence(live), live["metadata"]["uid"]])).hexdigest()
        if key in self._verdicts:
            return self._verdicts[key]
        try:
            outcome = await self.client.apply(kind, target, dry_run=True)
        except ApiError as error:
            if error.status >= 500:
                raise
            return False
        same = _essence(outcome) == _essence(live)
        if not same and version_of(outcome) != version_of(live):
            # The server answered about a newer object than the one we hold; its change is not a difference.
            return await self._same_as_newest(kind, target)
        self._verdicts[key] = same
        if len(self._verdicts) > REMEMBERED:
            self._verdicts.popitem(last=False)
        return same

    async def _same_as_newest(self, kind: Kind, target: Thing) -> bool:
        meta = target["metadata"]
        newest = await self.client.find(kind, meta.get("namespace", ""), meta["name"])
        if newest is None:
            return False
        self.live.observe(kind, newest)
        return await self._same(kind, target, newest)


def _essence(thing: Thing) -> Thing:
    """The object without its status and the server's own bookkeeping."""
    meta = {name: value for name, value in thing["metadata"].items() if name not in BOOKKEEPING}
    return {**{name: value for name, value in thing.items() if name not in ("status", "metadata")}, "metadata": meta}
