"""`python -m sandbox.controllers`: runs the sandbox's controllers against any Kubernetes API until it is stopped."""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from pathlib import Path

import aiohttp

from sandbox.controllers.argocd.application import Applications
from sandbox.controllers.argocd.applicationset import ApplicationSets
from sandbox.controllers.argocd.bootstrap import bootstrap
from sandbox.controllers.argocd.repository import Remote, Repositories
from sandbox.controllers.cache import ClusterReplaced
from sandbox.controllers.certmanager import CertManager
from sandbox.controllers.client import ApiError, connect
from sandbox.controllers.clock import Clock
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.definitions import install_definitions
from sandbox.controllers.effects import FaultEffects
from sandbox.controllers.externalsecrets import ExternalSecrets
from sandbox.controllers.faultbook import FaultBook
from sandbox.controllers.ingress import IngressPublisher
from sandbox.controllers.kinds import NAMESPACE
from sandbox.controllers.kubelet.kubelet import Kubelet
from sandbox.controllers.kubelet.node import Size
from sandbox.controllers.kubelet.server import LogServer
from sandbox.controllers.neighbours import AUTO, GROUPS, choose_groups
from sandbox.controllers.scheduler import Scheduler
from sandbox.controllers.volumes import Provisioner
from sandbox.controllers.workloads.autoscaler import Autoscalers
from sandbox.controllers.workloads.binder import Binder
from sandbox.controllers.workloads.deployment import Deployments
from sandbox.controllers.workloads.endpoints import EndpointsController
from sandbox.controllers.workloads.replicaset import ReplicaSets

IDENTITY_S = 5.0


class Stopped(Exception):
    """Ends the task group; not a failure."""


def main() -> None:
    options = arguments()
    logging.basicConfig(level=options.log_level.upper(), format="%(levelname)s %(name)s %(message)s")
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(asyncio.run(run(options)))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox.controllers", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--dir", type=Path, required=True, help="where certificates and repository clones are kept")
    parser.add_argument("--gitops-url", default="", help="the GitOps repository; without it there is no Argo CD")
    parser.add_argument("--git-user", default="")
    parser.add_argument("--git-password-file", type=Path)
    parser.add_argument("--no-bootstrap", action="store_true", help="apply no projects and ApplicationSets")
    parser.add_argument("--speed", type=float, default=1.0, help="divides every duration")
    groups = f"which controllers run, of {', '.join(GROUPS)}; {AUTO}: those that the cluster does not have"
    parser.add_argument("--only", default=",".join(GROUPS), help=groups)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--node-cpu", default="4")
    parser.add_argument("--node-memory", default="16Gi")
    parser.add_argument("--node-pods", default="110")
    parser.add_argument("--log-level", default="warning")
    options = parser.parse_args()
    options.only = {word.strip() for word in options.only.split(",") if word.strip()}
    if options.only != {AUTO} and (unknown := options.only - set(GROUPS)):
        parser.error(f"--only knows {', '.join(GROUPS)} or {AUTO}; not {', '.join(sorted(unknown))}")
    return options


async def run(options: argparse.Namespace) -> int:
    """The exit code: 0 when told to stop, 3 when the cluster was replaced and a new start is needed."""
    client, code = connect(options.kubeconfig), 0
    try:
        async with asyncio.TaskGroup() as tasks:
            cluster = Cluster(client, Clock(options.speed), options.dir, tasks)
            tasks.create_task(_until_signalled(), name="signals")
            tasks.create_task(_until_replaced(cluster), name="identity")
            await start(cluster, options)
            await cluster.settled()
            print("ready", flush=True)
    except* Stopped:
        pass
    except* ClusterReplaced as group:
        print(f"leaving: {group.exceptions[0]}", flush=True)
        code = 3
    finally:
        await client.close()
    return code


async def start(cluster: Cluster, options: argparse.Namespace) -> None:
    options.dir.mkdir(parents=True, exist_ok=True)
    if options.only == {AUTO}:
        options.only = await choose_groups(cluster.client, cluster.clock)
    print(f"runs {', '.join(sorted(options.only))}", flush=True)
    await install_definitions(cluster.client)
    faults = FaultBook(cluster)
    if "workloads" in options.only:
        Deployments(cluster).start()
        ReplicaSets(cluster).start()
        EndpointsController(cluster).start()
        Binder(cluster).start()
        Autoscalers(cluster).start()
    if "addons" in options.only:
        Provisioner(cluster).start()
        IngressPublisher(cluster).start()
        ExternalSecrets(cluster, faults).start()
        CertManager(cluster, faults).start()
    if "kubelet" in options.only:
        await _start_nodes(cluster, faults, options)
    if "argocd" in options.only and options.gitops_url:
        _start_argocd(cluster, options)


def _start_argocd(cluster: Cluster, options: argparse.Namespace) -> None:
    password = options.git_password_file.read_text(encoding="ascii").strip() if options.git_password_file else ""
    repositories = Repositories(Remote(options.gitops_url, options.git_user, password), options.dir / "repositories")
    ApplicationSets(cluster, repositories).start()
    Applications(cluster, repositories).start()
    if not options.no_bootstrap:
        cluster.start(bootstrap(cluster, repositories), name="bootstrap")


async def _start_nodes(cluster: Cluster, faults: FaultBook, options: argparse.Namespace) -> None:
    size = Size(options.nodes, options.node_cpu, options.node_memory, options.node_pods)
    kubelet = Kubelet(cluster, faults, size)
    port = await LogServer(kubelet, cluster.clock, cluster.directory).start()
    await kubelet.start(port=port)
    Scheduler(cluster).start()
    FaultEffects(cluster, faults, kubelet, has_controllers="workloads" not in options.only).start()


async def _until_replaced(cluster: Cluster) -> None:
    """An emulator that starts again is empty: nodes and ApplicationSets have to be made anew, by a new start."""
    first = ""
    while True:
        with contextlib.suppress(ApiError, aiohttp.ClientError, TimeoutError, OSError):
            uid = (await cluster.client.get(NAMESPACE, "", "default"))["metadata"]["uid"]
            if first and uid != first:
                raise ClusterReplaced("the API server has lost all it knew")
            first = uid
        await asyncio.sleep(IDENTITY_S)


async def _until_signalled() -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await stopping.wait()
    raise Stopped


if __name__ == "__main__":
    main()
