"""The sandbox's controllers beside a real kube-controller-manager: they fill its gaps and write nothing it writes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import yaml

from sandbox import faults
from sandbox.controllers.client import Thing, connect
from sandbox.controllers.kinds import (
    APPLICATION,
    APPLICATION_SET,
    CERTIFICATE,
    CLAIM,
    DEFINITION,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    NAMESPACE,
    NODE,
    REPLICA_SET,
    VOLUME,
    Kind,
)
from sandbox.controllers.workloads.common import condition_of
from sandbox.platform import free_port
from tests.real_cluster import RealCluster, needs_controller_manager
from tests.sandbox.controllers.test_real_schemas import CRDS, FILES
from tests.sandbox.controllers.world import Cluster, GitOps, World

HELLO = "ghcr.io/acme/hello"
# What Argo CD's controller writes there, and what kube-controller-manager alone may write.
APPLIED, OWN = {"sandbox-argocd-controller"}, {"kube-controller-manager"}
# The node controller's grace period is 50 s; a namespace that was not empty at once is looked at with a growing pause.
LONG_S = 150.0

pytestmark = [pytest.mark.real_cluster, needs_controller_manager]


@pytest.fixture(scope="module")
def real_world(real_plane: RealCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("beside"), free_port(), real_plane.kubeconfig)
    try:
        made.start_git()
        made.start_controllers("--only", "auto")
        yield made
    finally:
        for name in list(made.processes):
            made.stop(name)


@pytest.fixture
async def cluster(real_world: World) -> AsyncIterator[Cluster]:
    client = connect(real_world.kubeconfig).acting_as("tests")
    yield Cluster(client, real_world)
    await client.close()


@pytest.fixture
def gitops(real_world: World, tmp_path: Any) -> GitOps:
    return GitOps(real_world, tmp_path / "clone")


async def onboard(cluster: Cluster, gitops: GitOps, tenant: str, **values: Any) -> None:
    gitops.tenant(tenant)
    commit = gitops.service(tenant, "hello", f"{HELLO}:1.0.0", **values)
    for name in ("tenants", "apps"):
        await cluster.until(lambda name=name: cluster.client.find(APPLICATION_SET, "argocd", name), f"{name} is there")
        await cluster.refresh(APPLICATION_SET, name)
    await cluster.healthy(f"{tenant}-hello", commit)


def writers(thing: Thing, *, of_status: bool) -> set[str]:
    fields = thing["metadata"].get("managedFields") or []
    return {one["manager"] for one in fields if (one.get("subresource") == "status") is of_status}


async def inside(cluster: Cluster, kind: Kind, namespace: str) -> list[Thing]:
    return (await cluster.client.list_all(kind, namespace=namespace))[0]


async def test_workloads_are_left_to_the_controller_manager(real_world: World) -> None:
    log = real_world.log("controllers")
    assert "workloads: left to the cluster" in log
    assert "runs addons, argocd, kubelet\n" in log


async def test_a_service_deployed_through_git_becomes_healthy_and_nothing_fights(
    cluster: Cluster, gitops: GitOps
) -> None:
    await onboard(cluster, gitops, "real-deploy", persistence={"data": {"size": "1Gi", "mountPath": "/data"}})
    commit = gitops.service("real-deploy", "hello", f"{HELLO}:1.1.0")
    await cluster.refresh(APPLICATION, "real-deploy-hello")
    await cluster.healthy("real-deploy-hello", commit)
    for deployment in await inside(cluster, DEPLOYMENT, "real-deploy"):
        assert writers(deployment, of_status=False) == APPLIED
        assert writers(deployment, of_status=True) == OWN
    for kind in (REPLICA_SET, ENDPOINT_SLICE):
        found = await inside(cluster, kind, "real-deploy")
        assert found
        assert {one for thing in found for one in writers(thing, of_status=False)} == OWN
        assert {one for thing in found for one in writers(thing, of_status=True)} <= OWN


async def test_a_deployment_at_rest_is_written_by_nobody(cluster: Cluster, gitops: GitOps) -> None:
    await onboard(cluster, gitops, "real-rest")
    _, version = await cluster.client.list_all(DEPLOYMENT, namespace="real-rest")
    watched = cluster.client.watch(
        DEPLOYMENT, version, fieldSelector="metadata.namespace=real-rest", timeoutSeconds="15"
    )
    events = [(kind, thing["metadata"]["name"]) async for kind, thing in watched if kind != "BOOKMARK"]
    assert events == []


async def test_endpoints_are_the_addresses_of_the_ready_pods(cluster: Cluster, gitops: GitOps) -> None:
    await onboard(cluster, gitops, "real-ends", replicaCount=2)
    wanted = {pod["status"]["podIP"] for pod in await cluster.pods("real-ends", "hello")}

    async def are_filled() -> bool:
        slices = await inside(cluster, ENDPOINT_SLICE, "real-ends")
        ends = [one for found in slices for one in found.get("endpoints") or [] if one["conditions"].get("ready")]
        return {one["addresses"][0] for one in ends} == wanted

    assert len(wanted) == 2
    await cluster.until(are_filled, "the slices name both pods")


async def test_logs_are_read_through_the_real_api_server(cluster: Cluster, gitops: GitOps) -> None:
    await onboard(cluster, gitops, "real-logs")
    pod = (await cluster.pods("real-logs", "hello"))[0]["metadata"]["name"]
    await cluster.until(lambda: cluster.log("real-logs", pod, tailLines="5"), "the pod has written a line")


async def test_a_claim_is_bound_by_the_controller_manager_to_a_volume_of_ours(cluster: Cluster, gitops: GitOps) -> None:
    await onboard(cluster, gitops, "real-claim", persistence={"data": {"size": "1Gi", "mountPath": "/data"}})
    claim = (await inside(cluster, CLAIM, "real-claim"))[0]
    assert claim["status"]["phase"] == "Bound"
    assert writers(claim, of_status=True) == OWN
    volume = await cluster.client.get(VOLUME, "", claim["spec"]["volumeName"])
    assert volume["metadata"]["annotations"]["pv.kubernetes.io/provisioned-by"] == "sandbox.mctl.ai/local"
    await cluster.client.delete(NAMESPACE, "", "real-claim")

    async def is_gone() -> bool:
        things = [(NAMESPACE, "real-claim"), (VOLUME, volume["metadata"]["name"])]
        return not [kind for kind, name in things if await cluster.client.find(kind, "", name)]

    await cluster.until(is_gone, "the namespace and its volume are gone", within_s=LONG_S)


async def test_a_lost_node_is_given_up_by_the_real_node_controller_and_comes_back(
    cluster: Cluster, gitops: GitOps, real_world: World
) -> None:
    await onboard(cluster, gitops, "real-node")
    name = (await cluster.pods("real-node", "hello"))[0]["spec"]["nodeName"]

    async def stands(status: str, *, tainted: bool) -> bool:
        node = await cluster.client.get(NODE, "", name)
        ready = condition_of(node, "Ready") or {}
        return ready["status"] == status and bool(node["spec"].get("taints")) is tainted

    fault = (real_world.kubeconfig, "node-not-ready", "real-node", "hello")
    await asyncio.to_thread(faults.add, *fault)
    await cluster.until(lambda: stands("Unknown", tainted=True), "the node is given up", within_s=LONG_S)
    node = await cluster.client.get(NODE, "", name)
    assert "sandbox-faults" not in writers(node, of_status=False) | writers(node, of_status=True)
    await asyncio.to_thread(faults.remove, *fault)
    await cluster.until(lambda: stands("True", tainted=False), "the node is ready again")


@pytest.mark.skipif(not CRDS.is_dir(), reason="needs ../shared/crds: the released CustomResourceDefinitions")
async def test_definitions_of_released_operators_stay_and_their_schemas_take_what_is_written(
    cluster: Cluster, gitops: GitOps, real_world: World
) -> None:
    ingress = {
        "enabled": True,
        "host": "real.customer.example",
        "annotations": {"cert-manager.io/cluster-issuer": "letsencrypt-prod"},
        "tls": [{"secretName": "real-tls", "hosts": ["real.customer.example"]}],
    }
    for file in FILES.values():
        released = yaml.load((CRDS / file).read_text(), Loader=yaml.CSafeLoader)
        await cluster.client.apply(DEFINITION, released)
    before = await generations(cluster)
    real_world.stop("controllers")
    real_world.start_controllers("--only", "auto")
    await onboard(cluster, gitops, "real-crds", ingress=ingress)
    assert await generations(cluster) == before
    certificate = await cluster.client.get(CERTIFICATE, "real-crds", "real-tls")
    assert (condition_of(certificate, "Ready") or {})["status"] == "True"
    refused = [line for line in real_world.log("controllers").splitlines() if "reconcile_" in line]
    assert refused == []


async def generations(cluster: Cluster) -> dict[str, int]:
    definitions, _ = await cluster.client.list_all(DEFINITION)
    return {one["metadata"]["name"]: one["metadata"]["generation"] for one in definitions}
