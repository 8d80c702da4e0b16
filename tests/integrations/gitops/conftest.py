"""The sandbox's git host as a process of its own, and a fresh repository on it for each test that wants one."""

import itertools
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from integrations.gitops import Gitops
from sandbox.world.seed import seed

ROOT = Path(__file__).resolve().parents[3]
USER, PASSWORD = "mctl", "correct horse"


@dataclass
class GitHost:
    """`stop` and `start` are those of the server's process; it comes back on the same port."""

    folder: Path
    port: int = 0
    process: "subprocess.Popen[str] | None" = None
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def start(self) -> None:
        command = [sys.executable, "-m", "sandbox.git_server", "--bare", "--dir", str(self.folder / "git")]
        command += ["--port", str(self.port), "--user", USER, "--password-file", str(self.folder / "password")]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        ready = self.process.stdout.readline().split()
        assert ready[0] == "ready"
        self.port = int(ready[1].split(":")[2].split("/")[0])

    def stop(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=10) == 0

    def new_repository(self) -> str:
        """The address of a fresh copy of the seeded world."""
        template = self.folder / "template.git"
        if not template.exists():
            seed(template, "https://git.example.dev/gitops.git")
        name = f"world-{next(self.numbers)}.git"
        shutil.copytree(template, self.folder / "git" / name)
        return f"http://127.0.0.1:{self.port}/{name}"

    def bare(self, url: str) -> Path:
        return self.folder / "git" / url.rpartition("/")[2]


@pytest.fixture(scope="session")
def git_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHost]:
    folder = tmp_path_factory.mktemp("git-host")
    (folder / "git").mkdir()
    (folder / "password").write_text(PASSWORD)
    host = GitHost(folder)
    host.start()
    yield host
    host.stop()


@pytest.fixture
def url(git_host: GitHost) -> str:
    return git_host.new_repository()


@pytest.fixture
def connect(tmp_path: Path) -> Callable[..., Gitops]:
    """Makes gateways; each name has a clone of its own, as another machine would."""

    def made(url: str, name: str = "one", **options: str) -> Gitops:
        return Gitops(url, cache_dir=tmp_path / name, **{"username": USER, "token": PASSWORD, **options})

    return made


@pytest.fixture
def repository(connect: Callable[..., Gitops], url: str) -> Gitops:
    return connect(url)


@pytest.fixture
def outsider(git_host: GitHost, url: str, tmp_path: Path) -> Callable[[str, str], str]:
    """Somebody who pushes with plain git: `outsider(path, text)` commits one file and gives the commit."""
    work = tmp_path / "outsider"
    address = url.replace("http://", f"http://{USER}:{PASSWORD.replace(' ', '%20')}@")

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=ada", "-c", "user.email=ada@example.dev"]
        command = ["git", *identity, *(["-C", str(work)] if work.exists() else []), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(path: str, text: str | bytes) -> str:
        if not work.exists():
            git("clone", "-q", address, str(work))
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_bytes(text.encode() if isinstance(text, str) else text)
        git("add", path)
        git("commit", "-q", "-m", f"By hand: {path}")
        for _ in range(20):
            git("pull", "-q", "--rebase", "-X", "theirs")
            try:
                git("push", "-q")
                return git("rev-parse", "HEAD")
            except subprocess.CalledProcessError:
                continue
        raise AssertionError("the outsider lost every race")

    return commit
