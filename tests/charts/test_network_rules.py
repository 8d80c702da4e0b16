"""Addresses of nodes in a tenant's network rules: each an exception of the block that holds it."""

from typing import Any

import pytest

from integrations import helm
from integrations.helm import render
from tests.processes import ROOT

pytestmark = pytest.mark.skipif(not helm.has_engine(), reason="needs helm or helm-python-sdk")

CHART = ROOT / "deploy" / "gitops" / "helm-charts" / "tenant"
USUAL = ["10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"]


def blocks(policy: str, addresses: str) -> dict[str, list[str]]:
    """The exceptions of each block that the policy opens."""
    values = f"tenant: {{name: labs, networking: {{allowInternetEgress: true, nodePublicCIDRs: [{addresses}]}}}}"
    objects: list[dict[str, Any]] = render(CHART, release="tenant-labs", namespace="labs", values=[values])
    (found,) = [
        item for item in objects if item["metadata"]["name"] == policy and item["metadata"].get("namespace") == "labs"
    ]
    peers = [peer["ipBlock"] for rule in found["spec"]["egress"] for peer in rule["to"] if "ipBlock" in peer]
    return {peer["cidr"]: sorted(peer.get("except", [])) for peer in peers}


@pytest.mark.parametrize(
    ("address", "block", "exception"),
    [
        ("10.1.2.3", "10.0.0.0/8", "10.1.2.3/32"),
        ("10.1.2.3/24", "10.0.0.0/8", "10.1.2.0/24"),
        ("172.31.255.255", "172.16.0.0/12", "172.31.255.255/32"),
        ("192.168.7.0/25", "192.168.0.0/16", "192.168.7.0/25"),
    ],
)
def test_a_private_address_is_an_exception_of_its_own_block(address: str, block: str, exception: str) -> None:
    opened = blocks("allow-cluster-egress", address)
    assert opened.pop(block) == [exception]
    assert set(map(len, opened.values())) == {0}
    assert sorted(blocks("allow-internet-egress", address)["0.0.0.0/0"]) == USUAL


@pytest.mark.parametrize("address", ["172.1.2.3/32", "172.15.255.255", "172.32.0.0/16", "203.0.113.7", "11.0.0.1"])
def test_a_public_address_is_an_exception_of_the_internet_alone(address: str) -> None:
    """172.1.2.3 is public: only 172.16.0.0 to 172.31.255.255 are private."""
    assert set(map(len, blocks("allow-cluster-egress", address).values())) == {0}
    exception = address if "/" in address else f"{address}/32"
    assert sorted(blocks("allow-internet-egress", address)["0.0.0.0/0"]) == sorted([*USUAL, exception])


@pytest.mark.parametrize("address", ["10.0.0.0/8", "10.0.0.0/7", "8.0.0.0/5"])
def test_a_block_that_belongs_to_nodes_as_a_whole_is_not_opened(address: str) -> None:
    """The API server takes no exception that is as wide as its block."""
    assert set(blocks("allow-cluster-egress", address)) == {"172.16.0.0/12", "192.168.0.0/16"}


def test_an_address_given_twice_is_one_exception() -> None:
    assert blocks("allow-cluster-egress", "10.1.2.3, 10.1.2.3/32")["10.0.0.0/8"] == ["10.1.2.3/32"]
