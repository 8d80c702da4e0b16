"""The git host, shared by a run's tests, and a fresh repository on it for each test that wants one."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from integrations.gitops import Gitops, forget, gitops
from tests.git_host import PASSWORD, USER, GitHost


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
def git_url(git_host: GitHost) -> str:
    return git_host.new_repository()


@pytest.fixture
def outsider(git_host: GitHost, git_url: str, tmp_path: Path) -> Callable[[str, str], str]:
    """Somebody who pushes with plain git: `outsider(path, text)` commits one file and gives the commit."""
    work = tmp_path / "outsider"
    address = git_url.replace("http://", f"http://{USER}:{PASSWORD.replace(' ', '%20')}@")

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


@pytest.fixture
def repository(git_url: str, settings: Settings, tmp_path: Path) -> Iterator[Gitops]:
    settings.GITOPS_URL, settings.GITOPS_USERNAME, settings.GITOPS_TOKEN = git_url, USER, PASSWORD
    settings.VAR_DIR = tmp_path
    forget()
    gitops().fetch()
    yield gitops()
    forget()
