"""The conformance suite on the emulator, and on a real API server where KUBEBUILDER_ASSETS names one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real_cluster import needs_assets

SUITE = Path(__file__).resolve().parents[4] / "shared" / "tools" / "kube_api_conformance.py"

pytestmark = pytest.mark.skipif(not SUITE.is_file(), reason="needs ../shared/tools/kube_api_conformance.py")


def run_suite(kubeconfig: Path) -> tuple[int, list[str]]:
    """How many checks passed, and the lines of those that did not."""
    kubectl = Path(sys.executable).parent / "kubectl"
    argv = [sys.executable, str(SUITE), str(kubeconfig), str(kubectl)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    passed = re.search(r"^(\d+) passed", done.stdout, re.MULTILINE)
    assert passed, done.stderr
    return int(passed[1]), [line for line in done.stdout.splitlines() if line.startswith("FAIL")]


def test_the_emulator_passes(kube_folder: Path) -> None:
    passed, failures = run_suite(kube_folder / "kubeconfig")
    assert passed >= 75, failures


@pytest.mark.real_cluster
@needs_assets
def test_a_real_server_passes_what_needs_no_kubelet(real_kubeconfig: Path) -> None:
    """Without a kubelet there are no logs; its bookmarks and compactions come later than the suite waits."""
    passed, failures = run_suite(real_kubeconfig)
    assert passed >= 71, failures
