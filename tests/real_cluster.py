"""A real etcd, kube-apiserver and, where it is wanted, kube-controller-manager on loopback, for tests marked
`real_cluster`.

KUBEBUILDER_ASSETS names the folder with the programs, the convention of controller-runtime's envtest. Without it those
tests are skipped by name.
"""

import base64
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import urllib3
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.kubeapi.certificates import make_certificates
from sandbox.platform import LOOPBACK, free_port

ASSETS = os.environ.get("KUBEBUILDER_ASSETS", "")
CONTROLLER_MANAGER = "kube-controller-manager"
needs_assets = pytest.mark.skipif(not ASSETS, reason="needs KUBEBUILDER_ASSETS with kube-apiserver and etcd")
needs_controller_manager = pytest.mark.skipif(
    not (ASSETS and Path(ASSETS, CONTROLLER_MANAGER).is_file()),
    reason="needs KUBEBUILDER_ASSETS with kube-apiserver, etcd and kube-controller-manager",
)
TOKEN = "real-cluster-admin"
# A busy machine with two cores starts all three programs in a third of it.
LONGEST_START_S = 120
LONGEST_END_S = 20
LAST_LINES = 25
PR_SET_PDEATHSIG = 1


class StartError(Exception):
    """A program that is missing, that ended early or that never became ready; says what it wrote last."""


@dataclass(frozen=True, slots=True)
class RealCluster:
    """A running API server: its address, its administrator's token and kubeconfig, its logs' folder."""

    directory: Path
    server: str
    etcd_url: str
    token: str = TOKEN

    @property
    def kubeconfig(self) -> Path:
        return self.directory / "kubeconfig"

    @property
    def authority(self) -> Path:
        return self.directory / "ca.crt"

    def get(self, path: str) -> urllib3.BaseHTTPResponse:
        with urllib3.PoolManager(ca_certs=str(self.authority), retries=False, timeout=5) as pool:
            return pool.request("GET", self.server + path, headers={"Authorization": f"Bearer {self.token}"})


@contextmanager
def run_cluster(
    assets: Path, directory: Path, *, has_controllers: bool = False, flags: tuple[str, ...] = ()
) -> Iterator[RealCluster]:
    """Starts the programs of the folder and ends them again. `flags` are further ones of kube-apiserver."""
    find_programs(assets, has_controllers=has_controllers)
    etcd_url, peer_url = (f"http://{LOOPBACK}:{free_port()}" for _ in range(2))
    port = free_port()
    cluster = RealCluster(directory, f"https://{LOOPBACK}:{port}", etcd_url)
    write_credentials(cluster)
    with ExitStack() as running:
        start(running, assets, directory, etcd_argv(directory, etcd_url, peer_url))
        argv = [*apiserver_argv(directory, etcd_url, port, has_controllers=has_controllers), *flags]
        apiserver = start(running, assets, directory, argv)
        wait_for(apiserver, directory / "kube-apiserver.log", lambda: answers(cluster, "/readyz"))
        if has_controllers:
            manager = start(running, assets, directory, controller_manager_argv(directory))
            account = "/api/v1/namespaces/default/serviceaccounts/default"
            wait_for(manager, directory / f"{CONTROLLER_MANAGER}.log", lambda: answers(cluster, account))
        yield cluster


def find_programs(assets: Path, *, has_controllers: bool) -> None:
    wanted = ["etcd", "kube-apiserver", *([CONTROLLER_MANAGER] if has_controllers else [])]
    if missing := [name for name in wanted if not os.access(assets / name, os.X_OK)]:
        raise StartError(
            f"KUBEBUILDER_ASSETS={assets} has no program {' and no '.join(missing)}. "
            "It names a folder with etcd and kube-apiserver, as controller-runtime's setup-envtest fills one."
        )


def etcd_argv(directory: Path, client_url: str, peer_url: str) -> list[str]:
    return [
        "etcd", f"--data-dir={directory / 'etcd'}", f"--listen-client-urls={client_url}",
        f"--advertise-client-urls={client_url}", f"--listen-peer-urls={peer_url}",
        # What a test wrote need not outlive a power cut.
        "--unsafe-no-fsync",
    ]  # fmt: skip


def apiserver_argv(directory: Path, etcd_url: str, port: int, *, has_controllers: bool) -> list[str]:
    """Without kube-controller-manager no namespace has a service account, so their admission is off then."""
    return [
        "kube-apiserver", f"--etcd-servers={etcd_url}", f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}", f"--secure-port={port}",
        # No Endpoints may have a loopback address, so those of the API server itself are not kept.
        "--endpoint-reconciler-type=none",
        f"--tls-cert-file={directory / 'tls.crt'}", f"--tls-private-key-file={directory / 'tls.key'}",
        f"--token-auth-file={directory / 'tokens.csv'}", "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={directory / 'accounts.pub'}",
        f"--service-account-signing-key-file={directory / 'accounts.key'}",
        "--service-cluster-ip-range=10.0.0.0/16", "--allow-privileged=true",
        *([] if has_controllers else ["--disable-admission-plugins=ServiceAccount"]),
    ]  # fmt: skip


def controller_manager_argv(directory: Path) -> list[str]:
    return [
        CONTROLLER_MANAGER, f"--kubeconfig={directory / 'kubeconfig'}", f"--bind-address={LOOPBACK}",
        "--secure-port=0", f"--service-account-private-key-file={directory / 'accounts.key'}",
        f"--root-ca-file={directory / 'ca.crt'}", "--authentication-skip-lookup=true",
    ]  # fmt: skip


def write_credentials(cluster: RealCluster) -> None:
    """Certificates of the server, the key pair that signs service accounts' tokens, the administrator's kubeconfig."""
    make_certificates(cluster.directory)
    key = ec.generate_private_key(ec.SECP256R1())
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (cluster.directory / "accounts.key").touch(mode=0o600)
    private = key.private_bytes(encoding, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    (cluster.directory / "accounts.key").write_bytes(private)
    public = key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    (cluster.directory / "accounts.pub").write_bytes(public)
    (cluster.directory / "tokens.csv").write_text(f'{cluster.token},admin,admin,"system:masters"\n')
    authority = base64.b64encode(cluster.authority.read_bytes()).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "real", "cluster": {"server": cluster.server, "certificate-authority-data": authority}}],
        "users": [{"name": "admin", "user": {"token": cluster.token}}],
        "contexts": [{"name": "real", "context": {"cluster": "real", "user": "admin"}}],
        "current-context": "real",
    }
    cluster.kubeconfig.write_text(yaml.safe_dump(config))


def start(running: ExitStack, assets: Path, directory: Path, argv: list[str]) -> subprocess.Popen[bytes]:
    """The program writes to <name>.log in the directory and ends with the stack."""
    program, *arguments = argv
    with (directory / f"{program}.log").open("wb") as log:
        process = subprocess.Popen(
            [str(assets / program), *arguments],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )
    running.callback(end, process)
    return process


def end_with_parent() -> None:
    """Linux kills the program when the process that started it is gone, however that ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(LONGEST_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(
    process: subprocess.Popen[bytes], log: Path, is_ready: Callable[[], bool], *, within_s: float = LONGEST_START_S
) -> None:
    end_at = time.monotonic() + within_s
    while not is_ready():
        if process.poll() is not None:
            raise StartError(f"{log.stem} ended with exit code {process.returncode}. {last_words(log)}")
        if time.monotonic() > end_at:
            raise StartError(f"{log.stem} is not ready after {within_s:.0f} s. {last_words(log)}")
        time.sleep(0.1)


def last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-LAST_LINES:]
    return "It wrote:\n" + "\n".join(lines) if lines else "It wrote nothing."


def answers(cluster: RealCluster, path: str) -> bool:
    try:
        return cluster.get(path).status == 200
    except urllib3.exceptions.HTTPError:
        return False
