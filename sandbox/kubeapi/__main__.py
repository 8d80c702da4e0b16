"""`python -m sandbox.kubeapi --dir DIR [--port N]`: serves until it is told to stop."""

import argparse
import asyncio
import gc
import logging
import signal
import socket
import sys
from pathlib import Path

import uvloop
import yaml
from aiohttp import web

from sandbox.kubeapi.auth import ADMIN
from sandbox.kubeapi.authorisation import MASTERS
from sandbox.kubeapi.calls import Call
from sandbox.kubeapi.certificates import server_context
from sandbox.kubeapi.clock import seconds_since
from sandbox.kubeapi.cluster import Cluster
from sandbox.kubeapi.crds import read_own_definitions
from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.kubeconfig import read_or_make_tokens, write_kubeconfigs
from sandbox.kubeapi.rbac import FIRST_ROLES, GROUP
from sandbox.kubeapi.server import Server

_FIRST_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
# What an administrator applies for MCTL. Argo CD's namespace is there before, as Argo CD is.
_MANIFEST = Path(__file__).resolve().parents[2] / "deploy" / "rbac" / "mctl.yaml"
_ARGOCD = "argocd"
_MANAGER = "kube-apiserver"
_EVENT_LIFETIME_S = 3600
_SWEEP_EVERY_S = 60


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.kubeapi", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="folder for certificates, tokens and kubeconfig files")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; a free one by default")
    return parser.parse_args()


def _create(cluster: Cluster, plural: str, group: str, version: str, obj: Object, namespace: str = "") -> None:
    resource = cluster.registry.find(group, version, plural)
    if resource is None:
        raise LookupError(f"{plural}.{group}/{version} is not served")
    call = Call("POST", "", {}, b"", ADMIN, resource, namespace=namespace, user_agent=_MANAGER)
    cluster.writer.create(call, obj)


def furnish(cluster: Cluster) -> None:
    """What a new cluster has: its namespaces, the service of the API itself, our own definitions, MCTL's rights."""
    for name in _FIRST_NAMESPACES:
        _create(cluster, "namespaces", "", "v1", {"metadata": {"name": name}})
    for name, rules in FIRST_ROLES.items():
        _create(cluster, "clusterroles", GROUP, "v1", {"metadata": {"name": name}, "rules": rules})
    masters = {"kind": "Group", "name": MASTERS, "apiGroup": GROUP}
    role = {"kind": "ClusterRole", "name": "cluster-admin", "apiGroup": GROUP}
    binding = {"metadata": {"name": "cluster-admin"}, "subjects": [masters], "roleRef": role}
    _create(cluster, "clusterrolebindings", GROUP, "v1", binding)
    ports = [{"name": "https", "port": 443, "targetPort": 6443}]
    service = {"metadata": {"name": "kubernetes"}, "spec": {"clusterIP": "10.96.0.1", "ports": ports}}
    _create(cluster, "services", "", "v1", service, "default")
    for definition in read_own_definitions():
        _create(cluster, "customresourcedefinitions", "apiextensions.k8s.io", "v1", definition)
    _create(cluster, "namespaces", "", "v1", {"metadata": {"name": _ARGOCD}})
    for obj in yaml.safe_load_all(_MANIFEST.read_text()):
        group, _, version = obj["apiVersion"].rpartition("/")
        _create(cluster, f"{obj['kind'].lower()}s", group, version, obj, obj["metadata"].get("namespace", ""))


async def sweep_events(cluster: Cluster) -> None:
    """Events live for an hour, as on the real server; without that a busy sandbox would grow for ever."""
    resource = cluster.registry.core("events")
    while True:
        await asyncio.sleep(_SWEEP_EVERY_S)
        for entry in cluster.store.entries(resource.key):
            event = entry.load()
            last = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"]
            if (seconds_since(last) or 0) > _EVENT_LIFETIME_S:
                cluster.store.remove(resource, entry)


async def serve(folder: Path, port: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    context = server_context(folder)
    authenticator = read_or_make_tokens(folder)
    cluster = Cluster(authenticator, certificate_authority=(folder / "ca.crt").read_text())
    furnish(cluster)
    # What is there now stays; the collector need not look at it again on every pass.
    gc.collect()
    gc.freeze()
    # Cancelled handlers end the watches of clients that have gone without a word.
    app = Server(cluster).application()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handler_cancellation=True)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", port), backlog=512, reuse_port=False)
    await web.SockSite(runner, listener, ssl_context=context).start()
    address = f"https://127.0.0.1:{listener.getsockname()[1]}"
    write_kubeconfigs(folder, address, authenticator)
    print(f"ready {address}", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sweeper = asyncio.create_task(sweep_events(cluster))
    await stop.wait()
    sweeper.cancel()
    await runner.cleanup()


def main() -> int:
    arguments = _arguments()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    uvloop.run(serve(arguments.dir, arguments.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
