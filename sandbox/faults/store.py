"""The faults that are on: one ConfigMap in the cluster, which any client may write and the controllers watch."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from core.resource_names import application_name, workload_name
from integrations.gitops import Gitops
from sandbox.controllers.client import ApiError, Client, Thing, connect
from sandbox.controllers.kinds import APPLICATION, CERTIFICATE, CONFIG_MAP, DEPLOYMENT, INGRESS, NAMESPACE
from sandbox.faults import mistakes
from sandbox.faults.catalogue import CATALOGUE
from sandbox.faults.kinds import ActiveFault, Container, Fault, FaultError, Settings

NAMESPACE_NAME = "sandbox-system"
CONFIG_NAME = "sandbox-faults"
ARGOCD = "argocd"
REFRESH = "argocd.argoproj.io/refresh"
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


def add(
    kubeconfig: Path, name: str, tenant: str, service: str, *, git: Gitops | None = None, **settings: Any
) -> ActiveFault:
    """Switches a fault on. What is not set is read from the live Deployment. A mistake is committed through `git`.

    Raises FaultError for a fault or setting that does not exist and for a service that cannot show the fault.
    """
    fault = _known(name, settings)

    async def work(client: Client) -> ActiveFault:
        container = await _container(client, tenant, service)
        if problem := fault.unfit(container) or await _lacking(client, fault, tenant, service):
            raise FaultError(f"{name} would change nothing for {tenant}/{service}. {problem}")
        chosen = {**_fitting_defaults(fault, container, settings), **settings}
        if fault.edits:
            chosen |= await asyncio.to_thread(mistakes.commit, _needed(git, name), fault, tenant, service)
        active = ActiveFault(tenant, service, fault, chosen)
        await _write(client, {active.key: yaml.safe_dump(dict(active.settings), sort_keys=False)})
        await _look_at_git(client, active)
        return active

    return _run(kubeconfig, work)


def remove(kubeconfig: Path, name: str, tenant: str, service: str, *, git: Gitops | None = None) -> bool:
    """Switches a fault off; False where it was not on. A mistake is taken back through `git`."""
    fault = _known(name, {})

    async def work(client: Client) -> bool:
        key = f"{tenant}.{service}.{fault.name}"
        active = next((one for one in await _list(client) if one.key == key), None)
        if active is None:
            return False
        if fault.edits:
            await asyncio.to_thread(mistakes.take_back, _needed(git, name), active)
        await _write(client, {key: None})
        await _look_at_git(client, active)
        return True

    return _run(kubeconfig, work)


def _needed(git: Gitops | None, name: str) -> Gitops:
    if git is None:
        raise FaultError(f"{name} is a commit: the GitOps repository is needed for it.")
    return git


async def _look_at_git(client: Client, active: ActiveFault) -> None:
    """What a webhook of the git host does after a push: Argo CD looks at once."""
    if not active.fault.edits:
        return
    change = {"metadata": {"annotations": {REFRESH: "normal"}}}
    try:
        await client.patch(APPLICATION, ARGOCD, application_name(active.tenant, active.service), change)
    except ApiError as error:
        if error.status != 404:
            raise


def _known(name: str, settings: Settings) -> Fault:
    if name not in CATALOGUE:
        raise FaultError(f"There is no fault {name!r}. There are: {', '.join(CATALOGUE)}.")
    unknown = set(settings) - set(CATALOGUE[name].settings)
    if unknown:
        allowed = ", ".join(CATALOGUE[name].settings)
        raise FaultError(f"{name} has no setting {sorted(unknown)[0]!r}. It has: {allowed}.")
    return CATALOGUE[name]


def _fitting_defaults(fault: Fault, container: Container, settings: Settings) -> dict[str, Any]:
    """A fault mended by a variable is not bound to a version, or a deploy of that variable's release would hide it."""
    defaults = fault.defaults(container)
    if settings.get("needs_env") or settings.get("serves_path"):
        defaults.pop("image_tag", None)
    return defaults


async def _lacking(client: Client, fault: Fault, tenant: str, service: str) -> str:
    """Certificates carry no label of the service but are owned by an Ingress of it."""
    if fault.needs is None:
        return ""
    chosen = f"app.kubernetes.io/instance={application_name(tenant, service)}"
    if fault.needs == CERTIFICATE:
        ingresses, _ = await client.list_all(INGRESS, namespace=tenant, labelSelector=chosen)
        own = {one["metadata"]["uid"] for one in ingresses}
        every, _ = await client.list_all(CERTIFICATE, namespace=tenant)
        found = [one for one in every if own & {owner["uid"] for owner in one["metadata"].get("ownerReferences") or []}]
    else:
        found, _ = await client.list_all(fault.needs, namespace=tenant, labelSelector=chosen)
    return "" if found else f"It has no {fault.needs.kind}."


async def _container(client: Client, tenant: str, service: str) -> Container:
    deployment = await client.find(DEPLOYMENT, tenant, workload_name(tenant, service))
    if deployment is None:
        raise FaultError(f"There is no service {tenant}/{service} in the cluster.")
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
        try:
            await client.create(CONFIG_MAP, {"metadata": meta, "data": data})
        except ApiError as late:
            if late.status != 409:
                raise
            await _write(client, entries)


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
