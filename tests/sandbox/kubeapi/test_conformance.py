"""The conformance suite on the emulator, and on a real API server where there is one.

KUBEBUILDER_ASSETS names a folder with `kube-apiserver` and `etcd`, the convention of controller-runtime's envtest.
"""

import base64
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import urllib3
import yaml

from sandbox.kubeapi.certificates import make_certificates
from sandbox.platform import free_port
from tests.conftest import wait_until

SUITE = Path(__file__).resolve().parents[4] / "shared" / "tools" / "kube_api_conformance.py"
ASSETS = os.environ.get("KUBEBUILDER_ASSETS", "")
TOKEN = "conformance-admin"

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
@pytest.mark.skipif(not ASSETS, reason="needs KUBEBUILDER_ASSETS with kube-apiserver and etcd")
def test_a_real_server_passes_what_needs_no_kubelet(real_kubeconfig: Path) -> None:
    """Without a kubelet there are no logs; its bookmarks and compactions come later than the suite waits."""
    passed, failures = run_suite(real_kubeconfig)
    assert passed >= 71, failures


@pytest.fixture
def real_kubeconfig(tmp_path: Path) -> Iterator[Path]:
    etcd_port, port = free_port(), free_port()
    make_certificates(tmp_path)
    (tmp_path / "tokens.csv").write_text(f'{TOKEN},admin,admin,"system:masters"\n')
    etcd = f"http://127.0.0.1:{etcd_port}"
    with ExitStack() as running:
        start(running, "etcd", f"--data-dir={tmp_path / 'etcd'}", f"--listen-client-urls={etcd}",
              f"--advertise-client-urls={etcd}", "--listen-peer-urls=http://127.0.0.1:0")  # fmt: skip
        start(running, "kube-apiserver", f"--etcd-servers={etcd}", f"--secure-port={port}",
              f"--tls-cert-file={tmp_path / 'tls.crt'}", f"--tls-private-key-file={tmp_path / 'tls.key'}",
              f"--token-auth-file={tmp_path / 'tokens.csv'}", "--authorization-mode=RBAC",
              "--service-account-issuer=https://kubernetes.default.svc",
              f"--service-account-key-file={tmp_path / 'tls.key'}",
              f"--service-account-signing-key-file={tmp_path / 'tls.key'}",
              "--service-cluster-ip-range=10.0.0.0/24", "--disable-admission-plugins=ServiceAccount")  # fmt: skip
        wait_until(lambda: is_ready(port, tmp_path / "ca.crt"), "kube-apiserver is ready")
        yield kubeconfig(tmp_path, port)


def start(running: ExitStack, program: str, *arguments: str) -> None:
    process = subprocess.Popen([str(Path(ASSETS) / program), *arguments], stderr=subprocess.DEVNULL)
    running.callback(process.wait)
    running.callback(process.terminate)


def is_ready(port: int, authority: Path) -> bool:
    with urllib3.PoolManager(ca_certs=str(authority), retries=False) as pool:
        try:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            return pool.request("GET", f"https://127.0.0.1:{port}/readyz", headers=headers).status == 200
        except urllib3.exceptions.HTTPError:
            return False


def kubeconfig(folder: Path, port: int) -> Path:
    authority = base64.b64encode((folder / "ca.crt").read_bytes()).decode()
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority-data": authority}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "real", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": TOKEN}}],
        "contexts": [{"name": "real", "context": {"cluster": "real", "user": "admin"}}],
        "current-context": "real",
    }
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    return file
