"""The observer's first sync of 10,000 pods and 2,000 Applications, its memory, and how late it tells of a change.

Against the emulated API, a real git server with 2,000 values files and a real Valkey, each a process of its own.
"""

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TENANTS, SERVICES_EACH, PODS_EACH = 40, 50, 5
CHANGES = 60
LOADERS = 8
LONGEST_WAIT_S = 120.0


def prepare() -> Any:
    """The settings of the suite at addresses of our own. Returns the platform they name."""
    directory = tempfile.mkdtemp(prefix="mctl-bench-")
    os.environ.update(
        MCTL_TEST_DIR=directory,
        DATABASE_URL=f"sqlite://{directory}/bench.sqlite3",
        DJANGO_SETTINGS_MODULE="tests.settings",
    )
    import django

    django.setup()
    from django.core.management import call_command

    from tests.settings import PLATFORM

    call_command("migrate", verbosity=0)
    PLATFORM.prepare()
    return PLATFORM


@contextmanager
def running(argv: list[str], ready: Callable[[], bool]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(argv, stdout=sys.stderr, stderr=sys.stderr)
    try:
        wait_until(ready)
        yield process
    finally:
        process.terminate()
        process.wait(10)


def wait_until(ready: Callable[[], bool], pause_s: float = 0.01) -> None:
    end = time.monotonic() + LONGEST_WAIT_S
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(pause_s)


# --- the world


def names() -> list[tuple[str, str]]:
    return [(f"tenant-{t:02}", f"service-{s:02}") for t in range(TENANTS) for s in range(SERVICES_EACH)]


def make_repository(folder: Path) -> None:
    import pygit2

    repository = pygit2.init_repository(str(folder / "gitops.git"), bare=True, initial_head="main")
    index = pygit2.Index()
    for tenant, service in names():
        values = (
            f"image:\n  repository: ghcr.io/acme/{service}\n  tag: 1.4.2\nreplicaCount: {PODS_EACH}\n"
            f"ingress:\n  enabled: true\n  host: {tenant}-{service}.apps.example.dev\n"
            "env:\n  LOG_LEVEL: info\n  REGION: eu-central\nresources:\n  requests: {cpu: 100m, memory: 128Mi}\n"
        )
        add(repository, index, f"platform-gitops/services/{tenant}/{service}/values.yaml", values)
    for tenant in {tenant for tenant, _ in names()}:
        values = f"tenant:\n  name: {tenant}\n  members:\n    - userId: dev\n      role: developer\n"
        add(repository, index, f"platform-gitops/tenants/{tenant}/values.yaml", values)
    author = pygit2.Signature("dev", "dev@example.dev")
    tree = index.write_tree(repository)
    repository.create_commit("refs/heads/main", author, author, "deploy: everything -> 1.4.2", tree, [])


def add(repository: Any, index: Any, path: str, text: str) -> None:
    import pygit2

    index.add(pygit2.IndexEntry(path, repository.create_blob(text.encode()), pygit2.enums.FileMode.BLOB))


def fill_cluster() -> float:
    """Pods per second the emulator took."""
    from integrations.kubernetes import cluster, kinds

    for tenant in sorted({tenant for tenant, _ in names()}):
        create(kinds.NAMESPACES, None, {"metadata": {"name": tenant}})
    began = time.monotonic()
    with ThreadPoolExecutor(LOADERS) as pool:
        list(pool.map(lambda pair: fill_service(*pair), names()))
    assert len(cluster().list(kinds.APPLICATIONS, namespace="argocd")) == TENANTS * SERVICES_EACH
    return TENANTS * SERVICES_EACH * PODS_EACH / (time.monotonic() - began)


def fill_service(tenant: str, service: str) -> None:
    from integrations.kubernetes import kinds

    instance = f"{tenant}-{service}"
    full = f"{instance}-base-service"
    labels = {"app.kubernetes.io/name": "base-service", "app.kubernetes.io/instance": instance}
    create(kinds.APPLICATIONS, "argocd", application(tenant, instance))
    spec = pod_spec(service)
    create(
        kinds.DEPLOYMENTS,
        tenant,
        {
            "metadata": {"name": full, "labels": labels},
            "spec": {
                "replicas": PODS_EACH,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
        },
        {"observedGeneration": 1, "replicas": PODS_EACH, "readyReplicas": PODS_EACH, "updatedReplicas": PODS_EACH},
    )
    for number in range(PODS_EACH):
        pod = {
            "metadata": {"name": f"{full}-7d9c5b6f4-{number:05}", "labels": labels},
            "spec": {**spec, "nodeName": "n"},
        }
        create(kinds.PODS, tenant, pod, pod_status(service))


@cache
def administrator() -> Any:
    """The product has no right to write what is measured here."""
    from integrations.kubernetes import Cluster
    from tests.settings import PLATFORM

    return Cluster(str(PLATFORM.kubeconfig))


def create(kind: Any, namespace: str | None, body: dict[str, Any], status: dict[str, Any] | None = None) -> None:
    body = {"apiVersion": kind.api_version, "kind": kind.kind, **body}
    transport = administrator().transport
    transport.json("POST", kind.path(namespace), asked="fill the cluster", body=body)
    if status is not None:
        path = f"{kind.path(namespace, body['metadata']['name'])}/status"
        merge = "application/merge-patch+json"
        transport.json("PATCH", path, asked="fill the cluster", body={"status": status}, content_type=merge)


def application(tenant: str, instance: str) -> dict[str, Any]:
    return {
        "metadata": {"name": instance, "labels": {"team": tenant, "env": "apps"}},
        "spec": {
            "project": "apps",
            "destination": {"server": "https://kubernetes.default.svc", "namespace": tenant},
            "source": {"repoURL": "https://git.example.dev/gitops.git", "path": "x", "targetRevision": "main"},
        },
        "status": {
            "health": {"status": "Healthy"},
            "sync": {"status": "Synced", "revision": "0" * 40},
            "resources": [
                {
                    "kind": kind,
                    "name": f"{instance}-base-service",
                    "namespace": tenant,
                    "status": "Synced",
                    "version": "v1",
                }
                for kind in ("Service", "Deployment", "Ingress", "ServiceAccount")
            ],
        },
    }


def pod_spec(service: str) -> dict[str, Any]:
    environment = [{"name": f"SETTING_{number}", "value": f"value-{number}"} for number in range(12)]
    probe = {"httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 10}
    container = {
        "name": "base-service",
        "image": f"ghcr.io/acme/{service}:1.4.2",
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": environment,
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}},
        "readinessProbe": probe,
        "livenessProbe": probe,
    }
    return {"containers": [container]}


def pod_status(service: str) -> dict[str, Any]:
    started = "2026-11-22T08:00:00Z"
    state = {
        "name": "base-service",
        "ready": True,
        "started": True,
        "restartCount": 0,
        "image": f"ghcr.io/acme/{service}:1.4.2",
        "imageID": f"ghcr.io/acme/{service}@sha256:{'0' * 64}",
        "state": {"running": {"startedAt": started}},
    }
    types = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    conditions = [{"type": kind, "status": "True", "lastTransitionTime": started} for kind in types]
    return {"phase": "Running", "startTime": started, "conditions": conditions, "containerStatuses": [state]}


# --- what is measured


def first_sync(stack: ExitStack, how: str = "") -> tuple[subprocess.Popen[bytes], dict[str, float]]:
    """`how` is added to the names of the figures."""
    from services.models import Service

    complete = Service.objects.filter(health="Healthy", tag="1.4.2", replicas_ready=PODS_EACH, pods=[["ok", PODS_EACH]])
    wanted = TENANTS * SERVICES_EACH
    began = time.monotonic()
    observer = stack.enter_context(running([sys.executable, "manage.py", "observe"], lambda: True))
    wait_until(lambda: complete.count() == wanted, pause_s=0.05)
    took = time.monotonic() - began
    figures = {"process start to 2,000 rows of 10,000 pods, s": round(took, 1), **memory(observer.pid)}
    return observer, {f"{name}{how}": figure for name, figure in figures.items()}


def first_sync_in_pages(platform: Any) -> dict[str, float]:
    """The same from a server that does not know streaming lists."""
    from observer.models import ObserverLease
    from services.models import Service
    from tests.integrations.kubernetes.old_server import OldServer
    from tests.integrations.kubernetes.servers import Emulator

    behind = Emulator(platform.kubeconfig.parent)
    behind.port = urlsplit(behind.cluster().transport.host).port or 0
    Service.objects.all().delete()
    ObserverLease.objects.all().delete()
    old = OldServer(behind, "refuses")
    os.environ["MCTL_KUBECONFIG"] = old.kubeconfig()
    with ExitStack() as stack:
        return first_sync(stack, " (in pages)")[1]


def memory(pid: int) -> dict[str, float]:
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    kilobytes = {name: int(lines[name].split()[0]) for name in ("VmHWM", "VmRSS")}
    return {"peak memory, MB": round(kilobytes["VmHWM"] / 1024), "memory after, MB": round(kilobytes["VmRSS"] / 1024)}


async def change_to_message() -> list[float]:
    """Seconds from the patch's answer to the message on the channel layer, for one service after the other."""
    from channels.layers import get_channel_layer

    layer = get_channel_layer()
    channel = await layer.new_channel()
    tenant = "tenant-00"
    await layer.group_add(f"tenant.{tenant}", channel)
    await asyncio.sleep(0.5)
    late = []
    for number in range(CHANGES):
        service = f"service-{number % SERVICES_EACH:02}"
        tag = f"2.0.{number}"
        began = time.monotonic()
        await asyncio.to_thread(change_pod, tenant, service, tag)
        while (await layer.receive(channel))["message"].get("service") != service:
            pass
        late.append(time.monotonic() - began)
        assert await asyncio.to_thread(restarts_of, tenant, service) == number + 1
    return late


def change_pod(tenant: str, service: str, tag: str) -> None:
    from integrations.kubernetes import kinds

    restarts = int(tag.rpartition(".")[2]) + 1
    status = pod_status(service)
    status["containerStatuses"][0]["restartCount"] = restarts
    path = f"{kinds.PODS.path(tenant, f'{tenant}-{service}-base-service-7d9c5b6f4-00000')}/status"
    merge = "application/merge-patch+json"
    administrator().transport.json("PATCH", path, asked="change a pod", body={"status": status}, content_type=merge)


def restarts_of(tenant: str, service: str) -> int:
    from services.models import Service

    return Service.objects.get(tenant=tenant, name=service).restarts


def main() -> None:
    platform = prepare()
    try:
        print(json.dumps(measured(platform)))
    finally:
        shutil.rmtree(os.environ["MCTL_TEST_DIR"], ignore_errors=True)


def measured(platform: Any) -> dict[str, float]:
    parts = {part.name: part for part in platform.parts()}
    make_repository(platform.directory / "git")
    with ExitStack() as stack:
        for name in ("valkey", "kubernetes", "git"):
            argv = [*parts[name].argv, "--bare"] if name == "git" else parts[name].argv
            stack.enter_context(running(argv, parts[name].ready))
        figures = {"filling the emulator, pods/s": round(fill_cluster())}
        observer, synced = first_sync(stack)
        late = asyncio.run(change_to_message())
        figures |= synced
        figures["change to committed row and message, p50 ms"] = round(statistics.median(late) * 1000)
        figures["change to committed row and message, p95 ms"] = round(statistics.quantiles(late, n=20)[-1] * 1000)
        figures["memory after the changes, MB"] = memory(observer.pid)["memory after, MB"]
        observer.terminate()
        observer.wait(10)
        figures |= first_sync_in_pages(platform)
    return figures


if __name__ == "__main__":
    main()
