"""Claims get real volumes: made by the provisioner, bound by the control plane, gone with their claim."""

from typing import Any

from sandbox.controllers.client import Thing
from sandbox.controllers.kinds import CLAIM, VOLUME
from tests.sandbox.controllers.world import Cluster

PROVISIONER = "sandbox.mctl.ai/local"


async def claim(cluster: Cluster, namespace: str, name: str, **spec: Any) -> None:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **spec}
    await cluster.namespace(namespace)
    await cluster.client.create(CLAIM, {"metadata": {"name": name, "namespace": namespace}, "spec": wanted})


async def bound(cluster: Cluster, namespace: str, name: str) -> Thing:
    async def check() -> Thing | None:
        found = await cluster.client.get(CLAIM, namespace, name)
        return found if (found.get("status") or {}).get("phase") == "Bound" else None

    return await cluster.until(check, f"{namespace}/{name} is bound")


async def test_a_claim_is_bound_to_a_volume_that_exists(cluster: Cluster) -> None:
    await claim(cluster, "volumes-bound", "data", storageClassName="fast")
    held = await bound(cluster, "volumes-bound", "data")
    volume = await cluster.client.get(VOLUME, "", held["spec"]["volumeName"])
    assert volume["spec"]["claimRef"]["uid"] == held["metadata"]["uid"]
    assert volume["spec"]["storageClassName"] == "fast"
    assert volume["spec"]["capacity"] == held["status"]["capacity"] == {"storage": "1Gi"}
    assert volume["status"]["phase"] == "Bound"
    assert held["metadata"]["annotations"]["volume.kubernetes.io/storage-provisioner"] == PROVISIONER
    await cluster.event("volumes-bound", "ExternalProvisioning", containing=PROVISIONER)
    await cluster.event("volumes-bound", "ProvisioningSucceeded", containing=held["spec"]["volumeName"])


async def test_a_claim_without_a_class_gets_the_default_one(cluster: Cluster) -> None:
    await claim(cluster, "volumes-default", "data")
    assert (await bound(cluster, "volumes-default", "data"))["spec"]["storageClassName"] == "standard"


async def test_a_claim_of_an_unknown_class_waits_and_the_event_says_why(cluster: Cluster) -> None:
    await claim(cluster, "volumes-unknown", "data", storageClassName="gold")
    words = 'storageclass.storage.k8s.io "gold" not found'
    await cluster.event("volumes-unknown", "ProvisioningFailed", containing=words)
    waiting = await cluster.client.get(CLAIM, "volumes-unknown", "data")
    assert waiting["status"]["phase"] == "Pending"
    assert "volumeName" not in waiting["spec"]


async def test_the_volume_goes_with_its_claim(cluster: Cluster) -> None:
    await claim(cluster, "volumes-gone", "data")
    name = (await bound(cluster, "volumes-gone", "data"))["spec"]["volumeName"]
    await cluster.client.delete(CLAIM, "volumes-gone", "data")

    async def is_gone() -> bool:
        return await cluster.client.find(VOLUME, "", name) is None

    await cluster.until(is_gone, f"volume {name} is gone")
