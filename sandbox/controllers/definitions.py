"""The CustomResourceDefinitions the controllers work on, installed where the cluster has none of that name."""

import asyncio

from sandbox.controllers.client import ApiError, Client
from sandbox.controllers.kinds import DEFINITION
from sandbox.controllers.workloads.common import condition_of
from sandbox.kubeapi.crds import read_own_definitions

LOOK_EVERY_S = 0.2


async def install_definitions(client: Client) -> None:
    """Returns when every kind is served. A definition of a released operator stays as it is."""
    for definition in read_own_definitions():
        name = definition["metadata"]["name"]
        if await client.find(DEFINITION, "", name) is None:
            try:
                await client.create(DEFINITION, definition)
            except ApiError as error:
                if error.status != 409:
                    raise
        while not await _is_served(client, name):
            await asyncio.sleep(LOOK_EVERY_S)


async def _is_served(client: Client, name: str) -> bool:
    established = condition_of(await client.get(DEFINITION, "", name), "Established")
    return established is not None and established["status"] == "True"
