"""The live side: caches for every kind an Application touches, and which Application a changed object belongs to."""

import time
from collections.abc import Callable

from sandbox.controllers.argocd.rendering import owner_of
from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.kinds import Kind, split_api_version

# A kind nobody knows is asked for again after this long: its definition may have been installed meanwhile.
FORGET_ABSENT_S = 5.0


class UnknownKind(Exception):
    """The server has no such kind; the text is Argo CD's."""


class LiveState:
    def __init__(self, cluster: Cluster, touched: Callable[[str], None]) -> None:
        self.cluster, self._touched = cluster, touched
        self._kinds: dict[tuple[str, str], Kind] = {}
        self._asked: dict[str, float] = {}
        self._watched: set[Kind] = set()

    async def kind_of(self, api_version: str, name: str) -> Kind:
        """Looked up by discovery. Raises UnknownKind."""
        known = self._kinds.get((api_version, name))
        if known is None and time.monotonic() - self._asked.get(api_version, -FORGET_ABSENT_S) >= FORGET_ABSENT_S:
            self._asked[api_version] = time.monotonic()
            await self._discover(api_version)
            known = self._kinds.get((api_version, name))
        if known is None:
            group, version = split_api_version(api_version)
            raise UnknownKind(
                f"The Kubernetes API could not find {group}/{name} for requested resource. Make sure the "
                f'"{name}" CRD is installed on the destination cluster. (version {version})'
            )
        return known

    async def watch(self, kind: Kind) -> None:
        """From now on changes of this kind are told; returns when its first list is there."""
        cache = self.cluster.cache(kind)
        await cache.ready.wait()
        if kind not in self._watched:
            self._watched.add(kind)
            cache.subscribe(self._changed)

    def get(self, kind: Kind, namespace: str, name: str) -> Thing | None:
        return self.cluster.cache(kind).get(namespace if kind.namespaced else "", name)

    def tracked_by(self, application: str) -> list[tuple[Kind, Thing]]:
        """Every live object of the watched kinds that carries this Application's tracking id."""
        return [
            (kind, thing)
            for kind in self._watched
            for thing in self.cluster.cache(kind).all()
            if owner_of(thing) == application
        ]

    def observe(self, kind: Kind, thing: Thing) -> None:
        self.cluster.cache(kind).observe(thing)

    def forget(self, kind: Kind, thing: Thing) -> None:
        self.cluster.cache(kind).forget(thing)

    def _changed(self, old: Thing | None, new: Thing | None) -> None:
        for thing in (old, new):
            if thing is not None and (owner := owner_of(thing)):
                self._touched(owner)
                return

    async def _discover(self, api_version: str) -> None:
        group, version = split_api_version(api_version)
        try:
            resources = await self.cluster.client.resources(group, version)
        except ApiError as error:
            if error.status != 404:
                raise
            return
        for one in resources:
            if "/" not in one["name"]:
                kind = Kind(group, version, one["name"], one["kind"], bool(one["namespaced"]))
                self._kinds[api_version, one["kind"]] = kind
