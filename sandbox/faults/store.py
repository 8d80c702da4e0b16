"""The faults that are on: one ConfigMap in the cluster, which any client may write and the controllers watch."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from sandbox.controllers.client import ApiError, Client, Thing, connect
from sandbox.controllers.kinds import CONFIG_MAP, DEPLOYMENT, NAMESPACE
from sandbox.faults.catalogue import CATALOGUE
from sandbox.faults.kinds import ActiveFault, Container, Fault, FaultError, Settings

NAMESPACE_NAME = "sandbox-system"
CONFIG_NAME = "sandbox-faults"
Answer = TypeVar("Answer")


def read(thing: Thing | None) -> list[ActiveFault]:
    """The faults in the ConfigMap; an entry nobody understands is left out, as it may be half typed."""
    found = []
    for key, text in sorted(((thing or {}).get("data") or {}).items()):
        parts = key.split(".")
        if len(parts) != 3 or parts[2] not in CATALOGUE:
            continue
        try:
            settings = yaml.safe_load(text) or {}
        except yaml.YAMLError:
            continue
        if isinstance(settings, dict):
            found.append(ActiveFault(parts[0], parts[1], CATALOGUE[parts[2]], settings))
    return found


def list_faults(kubeconfig: Path) -> list[ActiveFault]:
    return _run(kubeconfig, _list)


def add(kubeconfig: Path, name: str, tenant: str, service: str, **settings: Any) -> ActiveFault:
    """Switches a fault on. What is not set is read from the live Deployment. Raises FaultError."""
    fault = _known(name, settings)

    async def work(client: Client) -> ActiveFault:
        container = await _container(client, tenant, service)
        active = ActiveFault(tenant, service, fault, {**_fitting_defaults(fault, container, settings), **settings})
        text = yaml.safe_dump(dict(active.settings), sort_keys=False)
        await _write(client, {active.key: text})
        return active

    return _run(kubeconfig, work)


def remove(kubeconfig: Path, name: str, tenant: str, service: str) -> bool:
    """Switches a fault off; False where it was not on."""
    fault = _known(name, {})

    async def work(client: Client) -> bool:
        key = f"{tenant}.{service}.{fault.name}"
        if key not in {active.key for active in await _list(client)}:
            return False
        await _write(client, {key: None})
        return True

    return _run(kubeconfig, work)


def _known(name: str, settings: Settings) -> Fault:
    if name not in CATALOGUE:
        raise FaultError(f"There is no fault {name!r}. There are: {', '.join(CATALOGUE)}.")
    unknown = set(settings) - set(CATALOGUE[name].settings)
    if unknown:
        allowed = ", ".join(CATALOGUE[name].settings)
        raise FaultError(f"{name} has no setting {sorted(unknown)[0]!r}. It has: {allowed}.")
    return CATALOGUE[name]


def _fitting_defaults(fault: Fault, container: Container | None, settings: Settings) -> dict[str, Any]:
    """A fault mended by a variable is not bound to a version, or a deploy of that variable's release would hide it."""
    if container is None:
        return {}
    defaults = fault.defaults(container)
    if settings.get("needs_env") or settings.get("serves_path"):
        defaults.pop("image_tag", None)
    return defaults


async def _container(client: Client, tenant: str, service: str) -> Container | None:
    deployment = await client.find(DEPLOYMENT, tenant, f"{tenant}-{service}-base-service")
    if deployment is None:
        return None
    containers: list[dict[str, Any]] = deployment["spec"]["template"]["spec"]["containers"]
    return containers[0]


async def _list(client: Client) -> list[ActiveFault]:
    return read(await client.find(CONFIG_MAP, NAMESPACE_NAME, CONFIG_NAME))


async def _write(client: Client, entries: Mapping[str, str | None]) -> None:
    try:
        await client.patch(CONFIG_MAP, NAMESPACE_NAME, CONFIG_NAME, {"data": dict(entries)})
    except ApiError as error:
        if error.status != 404:
            raise
        await _make_place(client)
        meta = {"name": CONFIG_NAME, "namespace": NAMESPACE_NAME}
        data = {key: text for key, text in entries.items() if text is not None}
        await client.create(CONFIG_MAP, {"metadata": meta, "data": data})


async def _make_place(client: Client) -> None:
    try:
        await client.create(NAMESPACE, {"metadata": {"name": NAMESPACE_NAME}})
    except ApiError as error:
        if error.status != 409:
            raise


def _run(kubeconfig: Path, work: Callable[[Client], Awaitable[Answer]]) -> Answer:
    """Not to be called from inside a running event loop; views run it in a thread."""

    async def connected() -> Answer:
        client = connect(kubeconfig).acting_as("faults")
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(connected())
