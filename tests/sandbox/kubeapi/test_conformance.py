"""The conformance suite that also runs on a real API server."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = Path(__file__).resolve().parents[4] / "shared" / "tools" / "kube_api_conformance.py"


@pytest.mark.skipif(not SUITE.is_file(), reason="needs ../shared/tools/kube_api_conformance.py")
def test_the_conformance_suite_passes(kube_folder):
    kubectl = Path(sys.executable).parent / "kubectl"

    done = subprocess.run(
        [sys.executable, str(SUITE), str(kube_folder / "kubeconfig"), str(kubectl)],
        capture_output=True,
        text=True,
        timeout=120,
    )

    passed = re.search(r"^(\d+) passed", done.stdout, re.MULTILINE)
    failures = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert passed, done.stderr
    assert int(passed[1]) >= 75, failures
