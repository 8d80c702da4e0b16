"""The conformance suite on the emulator, and on a real API server where KUBEBUILDER_ASSETS names one."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integrations.kubernetes.servers import Emulator
from tests.real_cluster import RealCluster, needs_assets

SUITE = Path(__file__).resolve().parents[4] / "shared" / "tools" / "kube_api_conformance.py"
KUBECTL = Path(sys.executable).parent / "kubectl"

pytestmark = pytest.mark.skipif(not SUITE.is_file(), reason="needs ../shared/tools/kube_api_conformance.py")


def run_suite(kubeconfig: Path) -> tuple[int, list[str]]:
    """How many checks passed, and the lines of those that did not."""
    argv = [sys.executable, str(SUITE), str(kubeconfig), str(KUBECTL)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    passed = re.search(r"^(\d+) passed", done.stdout, re.MULTILINE)
    assert passed, done.stderr
    return int(passed[1]), [line for line in done.stdout.splitlines() if line.startswith("FAIL")]


def test_the_emulator_passes(tmp_path: Path) -> None:
    """One of its own: definitions that other tests leave behind take the suite's short names."""
    server = Emulator(tmp_path)
    server.start()
    try:
        passed, failures = run_suite(server.kubeconfig)
    finally:
        server.stop()
    assert passed >= 75, failures


@pytest.mark.real_cluster
@needs_assets
def test_a_real_server_passes_what_does_not_wait_for_minutes(real_cluster: RealCluster, kubelet: int) -> None:
    """Its first bookmark comes after a minute, its first compaction after five; the suite waits for neither."""
    have_node(real_cluster, "fake-node", kubelet)
    passed, failures = run_suite(real_cluster.kubeconfig)
    assert {line.split()[1] for line in failures} <= {"wire_watch_bookmark", "wire_watch_old_rv_410"}, failures
    assert passed >= 75


def have_node(cluster: RealCluster, name: str, port: int) -> None:
    """The node that the suite's pods are on: the API server asks its kubelet for logs."""
    status = {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
    }
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": status}
    argv = [str(KUBECTL), "--kubeconfig", str(cluster.kubeconfig), "create", "--filename", "-"]
    done = subprocess.run(argv, input=json.dumps(node), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
