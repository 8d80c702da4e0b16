"""The sandbox's git host behaves as a git host: plain git works on it, with credentials only."""

import http.client
import subprocess
from pathlib import Path

import pytest
import yaml

from sandbox.world.seed import WORLD, past_commits, seed
from tests.git_host import PASSWORD, USER, GitHost


def git(*arguments: str, cwd: Path | None = None) -> str:
    identity = ["-c", "user.name=ada", "-c", "user.email=ada@example.dev", "-c", "http.postBuffer=65536"]
    ended = subprocess.run(["git", *identity, *arguments], cwd=cwd, check=True, capture_output=True, text=True)
    return ended.stdout.strip()


def with_password(url: str) -> str:
    return url.replace("http://", f"http://{USER}:{PASSWORD.replace(' ', '%20')}@")


def test_plain_git_clones_pushes_and_pulls(git_url: str, tmp_path: Path) -> None:
    git("clone", "-q", with_password(git_url), str(tmp_path / "one"))
    # Larger than the post buffer: git sends it chunked.
    (tmp_path / "one" / "large.bin").write_bytes(bytes(range(256)) * 4096)
    git("add", ".", cwd=tmp_path / "one")
    git("commit", "-qm", "Add a large file", cwd=tmp_path / "one")
    git("push", "-q", cwd=tmp_path / "one")
    git("clone", "-q", with_password(git_url), str(tmp_path / "two"))
    assert git("fsck", "--strict", cwd=tmp_path / "two") == ""
    assert (tmp_path / "two" / "large.bin").stat().st_size == 256 * 4096


def test_without_the_password_nothing_is_served(git_host: GitHost, git_url: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", git_host.port)
    connection.request("GET", f"/{git_url.rpartition('/')[2]}/info/refs?service=git-upload-pack")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (401, b"")
    connection.close()


def test_a_path_outside_the_folder_is_not_served(git_host: GitHost) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        git("ls-remote", with_password(f"http://127.0.0.1:{git_host.port}/../template.git"))


def test_the_history_ends_in_the_files_beside_it_and_spans_two_months(tmp_path: Path) -> None:
    seed(tmp_path / "seeded.git", "http://127.0.0.1:1/gitops.git")
    git("clone", "-q", str(tmp_path / "seeded.git"), str(tmp_path / "work"))
    base = tmp_path / "work" / "platform-gitops"
    for file in [*(WORLD / "services").rglob("values.yaml"), *(WORLD / "tenants").rglob("values.yaml")]:
        assert (base / file.relative_to(WORLD)).read_bytes() == file.read_bytes()
    times = [int(line) for line in git("log", "--format=%at", cwd=base).splitlines()]
    assert times == sorted(times, reverse=True)
    assert 25 <= len(times) <= 40
    assert (times[0] - times[-1]) / 86400 < 60
    assert "http://127.0.0.1:1/gitops.git" in (base / "applicationsets" / "apps.yaml").read_text()


def test_each_deploy_of_the_history_left_the_tag_it_names() -> None:
    from core import clock

    for commit in past_commits(clock.now(), "http://x/y.git"):
        subject, _, tag = commit.message.splitlines()[0].partition(" -> ")
        if tag and subject.startswith("deploy: "):
            file = commit.files[f"platform-gitops/services/{subject.removeprefix('deploy: ')}/values.yaml"]
            assert yaml.safe_load(file)["image"]["tag"] == tag
