"""What a new cluster is given once: projects and ApplicationSets of the GitOps repository, and its first troubles."""

import logging

import aiohttp
import yaml

from sandbox import faults
from sandbox.controllers.argocd.repository import Repositories, RepositoryError
from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.kinds import APP_PROJECT, APPLICATION_SET, CONFIG_MAP, NAMESPACE, Kind

log = logging.getLogger(__name__)
PAUSE_S = 2.0
KINDS: dict[str, Kind] = {one.kind: one for one in (APP_PROJECT, APPLICATION_SET)}


async def bootstrap(cluster: Cluster, repositories: Repositories) -> None:
    """Waits until the repository can be read, then applies; the repository's address is the one we read it from."""
    client = cluster.client.acting_as("bootstrap")
    repository = repositories.at(repositories.gitops.url)
    while True:
        try:
            await repository.refresh()
            commit = repository.resolve("HEAD")
            found = [
                one
                for folder in ("projects", "applicationsets")
                for path in repository.directories(commit, f"*/{folder}")
                for one in _documents(repository.files(commit, path))
            ]
            await _first_faults(cluster)
            await _ensure_namespace(cluster, "argocd")
            for thing in found:
                await client.apply(KINDS[thing["kind"]], _readdressed(thing, repositories))
            return
        except (RepositoryError, ApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("bootstrap_waits %s", error)
            await cluster.clock.sleep(PAUSE_S)


def _documents(files: dict[str, bytes]) -> list[Thing]:
    every = [
        one
        for path, text in sorted(files.items())
        if path.endswith((".yaml", ".yml"))
        for one in yaml.safe_load_all(text)
    ]
    return [one for one in every if isinstance(one, dict) and one.get("kind") in KINDS]


def _readdressed(thing: Thing, repositories: Repositories) -> Thing:
    """An address of an earlier start of the sandbox becomes today's."""

    def walk(value: object) -> object:
        if isinstance(value, dict):
            return {name: walk(one) for name, one in value.items()}
        if isinstance(value, list):
            return [walk(one) for one in value]
        if isinstance(value, str) and value.startswith("http") and repositories.gitops.serves(value):
            return repositories.gitops.url
        return value

    readdressed = walk(thing)
    assert isinstance(readdressed, dict)
    return readdressed


async def _first_faults(cluster: Cluster) -> None:
    """Only where no fault was ever set: what somebody mended stays mended."""
    client = cluster.client.acting_as("bootstrap")
    if await client.find(CONFIG_MAP, faults.NAMESPACE_NAME, faults.CONFIG_NAME) is not None:
        return
    await _ensure_namespace(cluster, faults.NAMESPACE_NAME)
    data = {key: yaml.safe_dump(dict(settings)) for key, settings in faults.AT_FIRST.items()}
    meta = {"name": faults.CONFIG_NAME, "namespace": faults.NAMESPACE_NAME}
    await client.create(CONFIG_MAP, {"metadata": meta, "data": data})


async def _ensure_namespace(cluster: Cluster, name: str) -> None:
    try:
        await cluster.client.acting_as("bootstrap").create(NAMESPACE, {"metadata": {"name": name}})
    except ApiError as error:
        if error.status != 409:
            raise
