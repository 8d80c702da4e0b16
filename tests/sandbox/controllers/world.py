"""One embedded cluster: API server, git host with its own repository, controllers at high speed."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pygit2
import yaml

from sandbox.controllers.client import ApiError, Client, Thing
from sandbox.controllers.kinds import APPLICATION, DEPLOYMENT, EVENT, NAMESPACE, POD, Kind
from tests.processes import ROOT

SPEED = 40.0
PATIENCE_S = 60.0
PASSWORD = "open-sesame"


@dataclass
class World:
    """The processes of the platform and where they are."""

    directory: Path
    git_port: int
    # A kubeconfig of another cluster than the embedded one.
    other_cluster: Path | None = None
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def kubeconfig(self) -> Path:
        return self.other_cluster or self.directory / "kubernetes" / "kubeconfig"

    @property
    def git_url(self) -> str:
        return f"http://127.0.0.1:{self.git_port}/gitops.git"

    def start(self, name: str, *arguments: str) -> None:
        """Returns when the process has printed `ready`."""
        log = self.directory / f"{name}.log"
        with log.open("wb") as out:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", f"sandbox.{name}", *arguments], cwd=ROOT, stdout=out, stderr=out
            )
        end = time.monotonic() + 40
        while not any(line.startswith("ready") for line in log.read_text().splitlines()):
            assert self.processes[name].poll() is None, log.read_text()
            assert time.monotonic() < end, f"{name} did not become ready: {log.read_text()}"
            time.sleep(0.02)

    def start_git(self) -> None:
        """The server and its repository, seeded."""
        (self.directory / "password").write_text(PASSWORD)
        seed(self.directory / "git" / "gitops.git", self.git_url)
        self.start(
            "git_server",
            "--dir",
            str(self.directory / "git"),
            "--port",
            str(self.git_port),
            "--bare",
            "--password-file",
            str(self.directory / "password"),
        )

    def start_controllers(self, *arguments: str) -> None:
        self.start(
            "controllers",
            "--kubeconfig",
            str(self.kubeconfig),
            "--gitops-url",
            self.git_url,
            "--git-user",
            "mctl",
            "--git-password-file",
            str(self.directory / "password"),
            "--dir",
            str(self.directory / "controllers"),
            "--speed",
            str(SPEED),
            *arguments,
        )

    def log(self, name: str) -> str:
        return (self.directory / f"{name}.log").read_text()

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def seed(path: Path, url: str) -> None:
    """The charts, projects and ApplicationSets every GitOps repository starts from, and no tenant."""
    git = pygit2.init_repository(str(path), bare=True, initial_head="main")
    git.config["http.receivepack"] = True
    start = ROOT / "deploy" / "gitops"
    files = {
        f"platform-gitops/{one.relative_to(start)}": one.read_text().replace("https://git.invalid/gitops.git", url)
        for one in start.rglob("*")
        if one.is_file()
    }
    _commit(git, files, "Start", [])


def _commit(git: pygit2.Repository, files: dict[str, str | None], message: str, parents: list[Any]) -> pygit2.Oid:
    index = pygit2.Index()
    if parents:
        index.read_tree(git[parents[0]].tree)
    for path, text in files.items():
        if text is None:
            index.remove(path)
        else:
            blob = git.create_blob(text.encode())
            index.add(pygit2.IndexEntry(path, blob, pygit2.enums.FileMode.BLOB))
    who = pygit2.Signature("Dev", "dev@example.dev")
    return git.create_commit("refs/heads/main", who, who, message, index.write_tree(git), parents)


class GitOps:
    """Writes to the repository as a person with a clone does."""

    def __init__(self, world: World, directory: Path) -> None:
        self.callbacks = pygit2.RemoteCallbacks(credentials=pygit2.UserPass("mctl", PASSWORD))
        self.git = pygit2.clone_repository(world.git_url, str(directory), bare=True, callbacks=self.callbacks)

    def commit(self, files: dict[str, str | None], message: str = "Change") -> str:
        """Files by path below platform-gitops; None removes one. The new commit's id."""
        self.git.remotes["origin"].fetch(callbacks=self.callbacks)
        head = self.git.references["refs/remotes/origin/main"].target
        self.git.references.create("refs/heads/main", head, force=True)
        new = _commit(self.git, {f"platform-gitops/{path}": text for path, text in files.items()}, message, [head])
        self.git.remotes["origin"].push(["refs/heads/main"], callbacks=self.callbacks)
        return str(new)

    def tenant(self, name: str, **values: Any) -> str:
        text = yaml.safe_dump({"tenant": {"name": name, "preview": {"enabled": False}, **values}})
        return self.commit({f"tenants/{name}/values.yaml": text}, f"Add tenant {name}")

    def service(self, tenant: str, name: str, image: str, **values: Any) -> str:
        repository, _, tag = image.rpartition(":")
        text = yaml.safe_dump({"image": {"repository": repository, "tag": tag}, **values})
        return self.commit({f"services/{tenant}/{name}/values.yaml": text}, f"Deploy {tenant}/{name} {tag}")


class Cluster:
    """A client with the words the tests need."""

    def __init__(self, client: Client, world: World) -> None:
        self.client, self.world = client, world

    async def until(self, check: Callable[[], Awaitable[Any]], what: str, *, within_s: float = PATIENCE_S) -> Any:
        """Asks again and again until the answer is truthy, and returns it."""
        end = asyncio.get_running_loop().time() + within_s
        while True:
            if answer := await check():
                return answer
            assert asyncio.get_running_loop().time() < end, f"After {within_s:.0f} s: {what} has not happened."
            await asyncio.sleep(0.05)

    async def namespace(self, name: str) -> str:
        await self.client.apply(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        return name

    async def deploy(
        self, namespace: str, name: str, image: str, *, container: dict[str, Any] | None = None, **spec: Any
    ) -> Thing:
        """Applies a Deployment shaped and named as the chart's; a second call is an upgrade."""
        labels = {"app.kubernetes.io/instance": f"{namespace}-{name}", "app.kubernetes.io/name": "base-service"}
        pod = {"containers": [{"name": "base-service", "image": image, **(container or {})}], **spec.pop("pod", {})}
        meta = {"name": f"{namespace}-{name}-base-service", "namespace": namespace, "labels": labels}
        return await self.client.apply(
            DEPLOYMENT,
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": meta,
                "spec": {
                    "replicas": 1,
                    "selector": {"matchLabels": labels},
                    **spec,
                    "template": {"metadata": {"labels": labels}, "spec": pod},
                },
            },
        )

    async def deployment(self, namespace: str, name: str) -> Thing:
        return await self.client.get(DEPLOYMENT, namespace, f"{namespace}-{name}-base-service")

    async def available(self, namespace: str, name: str) -> Thing:
        async def check() -> Thing | None:
            found = await self.deployment(namespace, name)
            status, wanted = found.get("status") or {}, found["spec"]["replicas"]
            counts = {status.get(one, 0) for one in ("replicas", "updatedReplicas", "availableReplicas")}
            return found if counts == {wanted} else None

        return await self.until(check, f"{namespace}/{name} is available")

    async def pods(self, namespace: str, name: str = "") -> list[Thing]:
        wanted = {"labelSelector": f"app.kubernetes.io/instance={namespace}-{name}"} if name else {}
        return (await self.client.list_all(POD, namespace=namespace, **wanted))[0]

    async def container(self, namespace: str, name: str, check: Callable[[Thing], Any], what: str) -> Thing:
        """The status of some pod's container once `check` holds for it."""

        async def found() -> Thing | None:
            states = [
                one
                for pod in await self.pods(namespace, name)
                for one in (pod.get("status") or {}).get("containerStatuses") or []
            ]
            return next((one for one in states if check(one)), None)

        return await self.until(found, what)

    async def waiting(self, namespace: str, name: str, reason: str) -> Thing:
        return await self.container(
            namespace,
            name,
            lambda one: (one["state"].get("waiting") or {}).get("reason") == reason,
            f"{namespace}/{name} waits with {reason}",
        )

    async def event(self, namespace: str, reason: str, *, containing: str = "") -> Thing:
        async def found() -> Thing | None:
            events = (await self.client.list_all(EVENT, namespace=namespace))[0]
            return next((one for one in events if one["reason"] == reason and containing in one["message"]), None)

        return await self.until(found, f"event {reason} {containing}")

    async def log(self, namespace: str, pod: str, **query: str) -> str:
        wanted = "&".join(f"{name}={value}" for name, value in query.items())
        url = f"{self.client.server}{POD.path(namespace, pod, 'log')}?{wanted}"
        async with self.client.session.get(url) as response:
            text = await response.text()
            if response.status >= 400:
                raise ApiError(response.status, "", text)
            return text

    async def application(self, name: str, check: Callable[[Thing], Any], what: str, **wait: float) -> Thing:
        async def found() -> Thing | None:
            thing = await self.client.find(APPLICATION, "argocd", name)
            return thing if thing is not None and check(thing) else None

        return await self.until(found, f"Application {name} {what}", **wait)

    async def healthy(self, name: str, commit: str) -> Thing:
        return await self.application(
            name, lambda app: synced_to(app, commit) and health(app) == "Healthy", f"is healthy at {commit}"
        )

    async def refresh(self, kind: Kind, name: str, how: str = "normal") -> None:
        change = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": how}}}
        await self.client.patch(kind, "argocd", name, change)


def synced_to(application: Thing, commit: str) -> bool:
    sync = (application.get("status") or {}).get("sync") or {}
    return sync.get("status") == "Synced" and sync.get("revisions", [""])[0] == commit


def health(application: Thing) -> str:
    return str(((application.get("status") or {}).get("health") or {}).get("status", ""))
