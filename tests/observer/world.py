"""A small world of the test's own: an emulated API, a served git repository, and observers as real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from integrations.kubernetes import Cluster, kinds
from sandbox.platform import answers_on_port, free_port
from services.models import Service
from tenants.models import Source
from tests.databases import database_url
from tests.integrations.kubernetes.objects import (
    application,
    create,
    deployment,
    make_namespace,
    owner,
    pod,
    pod_status,
    replica_set,
    set_status,
)
from tests.integrations.kubernetes.servers import Emulator
from tests.observer.repository import Repository
from tests.processes import ROOT, wait_until

LEASE_S = 1.5
GIT_USER = "mctl"
POD_HASH = "7d9c5b6f4"


def soon(ready: Callable[[], bool], what: str) -> None:
    wait_until(ready, what)


class GitHost:
    """The sandbox's git host on a port that stays the same over restarts."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.port = directory, free_port()
        self.password = directory / "password"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "GitHost":
        argv = ["--dir", str(self.directory), "--port", str(self.port), "--user", GIT_USER]
        argv += ["--password-file", str(self.password), "--bare"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.git_server", *argv], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        wait_until(lambda: answers_on_port(self.port), "the git host answers")
        return self

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None


class World:
    """Addresses of one test, the observers it starts, and what it does to git and the cluster."""

    def __init__(self, emulator: Emulator, host: GitHost, folder: Path) -> None:
        self.emulator, self.host, self.folder = emulator, host, folder
        self.cluster: Cluster = emulator.cluster()
        repository = f"{folder.name}.git"
        self.git = Repository(host.directory / repository)
        self.environment = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "MCTL_KUBECONFIG": str(emulator.product_kubeconfig),
            "MCTL_GITOPS_URL": f"http://127.0.0.1:{host.port}/{repository}",
            "MCTL_GITOPS_USERNAME": GIT_USER,
            "MCTL_GITOPS_TOKEN": host.password.read_text(),
            "MCTL_GITOPS_FETCH_INTERVAL_S": "0.3",
            "MCTL_OBSERVER_LEASE_S": str(LEASE_S),
            "MCTL_VAR_DIR": str(folder),
            "MCTL_LOG_LEVEL": "INFO",
        }
        self.observers: list[subprocess.Popen[bytes]] = []

    def observe(self) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "manage.py", "observe"]
        with (self.folder / "observer.log").open("ab") as log:
            observer = subprocess.Popen(argv, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        self.observers.append(observer)
        return observer

    def log(self) -> str:
        return (self.folder / "observer.log").read_text()

    def stop(self) -> None:
        for observer in self.observers:
            observer.send_signal(signal.SIGKILL)
            observer.wait(10)

    def service(self, tenant: str, name: str, *, health: str = "Healthy", sync: str = "Synced") -> None:
        """The Application, the Deployment, its ReplicaSet and one running pod, as after a finished deploy."""
        make_namespace(self.cluster, tenant)
        create(self.cluster, kinds.APPLICATIONS, "argocd", application(tenant, name, health=health, sync=sync))
        full = f"{tenant}-{name}-base-service"
        made = create(self.cluster, kinds.DEPLOYMENTS, tenant, deployment(tenant, name))
        create(self.cluster, kinds.REPLICA_SETS, tenant, replica_set(made, f"{full}-{POD_HASH}"))
        ready = {"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1}
        set_status(self.cluster, kinds.DEPLOYMENTS, tenant, full, ready)
        self.pod(tenant, name)

    def pod(self, tenant: str, name: str, **status: Any) -> None:
        """A pod of the service, owned by its ReplicaSet where there is one."""
        body = pod(tenant, name, pod_name(tenant, name))
        sets = self.cluster.list(kinds.REPLICA_SETS, namespace=tenant)
        body["metadata"]["ownerReferences"] = [owner(found) for found in sets if name in found["metadata"]["name"]]
        create(self.cluster, kinds.PODS, tenant, body)
        self.change_pod(tenant, name, **status)

    def change_pod(self, tenant: str, name: str, **status: Any) -> None:
        set_status(self.cluster, kinds.PODS, tenant, pod_name(tenant, name), pod_status(**status))

    def change_application(self, tenant: str, name: str, **status: Any) -> None:
        self.cluster.merge_patch(kinds.APPLICATIONS, f"{tenant}-{name}", "argocd", {"status": status})


def pod_name(tenant: str, service: str) -> str:
    return f"{tenant}-{service}-base-service-{POD_HASH}-abc12"


def row(tenant: str, name: str) -> Service | None:
    return Service.objects.filter(tenant=tenant, name=name).first()


def source(name: str) -> Source:
    """Its row, which the observer writes a moment after the first rows of the mirror."""
    soon(Source.objects.filter(name=name).exists, f"the source {name} is written")
    return Source.objects.get(name=name)


def row_soon(tenant: str, name: str, **columns: Any) -> Service:
    """The row once it has these columns."""
    matching = Service.objects.filter(tenant=tenant, name=name, **columns)
    try:
        soon(matching.exists, f"{tenant}/{name} has {columns}")
    except AssertionError as late:
        found = Service.objects.filter(tenant=tenant, name=name).values().first()
        raise AssertionError(f"{late} It has {found}") from None
    return matching.get()


def running_emulator(directory: Path) -> Iterator[Emulator]:
    server = Emulator(directory)
    try:
        yield server.start()
    finally:
        server.stop()
