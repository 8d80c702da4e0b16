"""What every effect works with: the client of the faults, and writes that mind neither twice nor gone."""

from typing import Protocol

from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.kinds import Kind
from sandbox.faults import ActiveFault

MARK = "sandbox.mctl/fault"


class Effect(Protocol):
    """Makes the cluster show the faults called `name`: exactly those of `active`, whatever it showed before."""

    name: str

    async def bring(self, active: list[ActiveFault]) -> None: ...


class Hands:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.clock = cluster, cluster.clock
        self.client = cluster.client.acting_as("faults")

    async def create(self, kind: Kind, thing: Thing) -> None:
        try:
            await self.client.create(kind, thing)
        except ApiError as error:
            if error.status != 409:
                raise

    async def delete(self, kind: Kind, thing: Thing, **options: str) -> None:
        meta = thing["metadata"]
        try:
            await self.client.delete(kind, meta.get("namespace", ""), meta["name"], **options)
        except ApiError as error:
            if error.status != 404:
                raise


def is_marked(thing: Thing, name: str) -> bool:
    return bool((thing["metadata"].get("labels") or {}).get(MARK) == name)
