"""Revisions, branches and addresses that would be flags or programs elsewhere are words here, and refused."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import Invalid
from integrations.errors import Missing, Refused
from integrations.gitops import Gitops
from tests.integrations.gitops.test_writing import PATH, tag_change

REVISIONS = ["--upload-pack=touch /tmp/x", "-c", "a..b", "main@{1}", "HEAD~1", "a b", "a" * 300, "\0", "é"]
ADDRESSES = [
    *("ext::sh -c touch% /tmp/x", "file:///tmp/x.git", "--upload-pack=touch /tmp/x", "-oProxyCommand=id", "/tmp/x.git"),
    *("git://host/x.git", "fd::17", "ftp://host/x.git", "javascript:alert(1)", ""),
]


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    "read",
    [
        lambda repository, revision: repository.file_at(PATH, revision),
        lambda repository, revision: repository.history(PATH, before=revision),
        lambda repository, revision: repository.diff(revision),
        lambda repository, revision: repository.plan(tag_change("1").edits, base=revision),
    ],
    ids=["file", "history", "diff", "plan"],
)
def test_a_revision_is_the_id_of_a_commit_and_nothing_else(
    repository: Gitops, revision: str, read: Callable[[Gitops, str], object]
) -> None:
    with pytest.raises(Missing, match="has no revision"):
        read(repository, revision)
    assert not repository.contains(repository.head(), revision)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_names_a_program_a_file_or_a_flag_is_refused(
    connect: Callable[..., Gitops], address: str
) -> None:
    with pytest.raises(Refused, match=r"http\(s\) or ssh"):
        connect(address)


@pytest.mark.parametrize(
    "branch", ["--upload-pack=x", "a..b", "main@{1}", "a b", "main:refs/heads/other", "+main", "*", "a.lock", "a\n", ""]
)
def test_a_branch_is_one_branch(connect: Callable[..., Gitops], git_url: str, branch: str) -> None:
    with pytest.raises((Refused, Missing)):
        connect(git_url, branch=branch).fetch()


@pytest.mark.parametrize("path", ["-x/values.yaml", "../x", "a/../b", "a//b", ".git/config", "a\nb", "C:\\x", "/etc"])
def test_a_path_that_leaves_its_folder_is_refused(repository: Gitops, path: str) -> None:
    with pytest.raises((Invalid, Missing)):
        repository.file_at(path)


def test_git_is_spoken_by_this_process_alone(
    repository: Gitops, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With no program on the path there is nothing whose flags a name could become."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError):
        subprocess.run(["git", "--version"], check=True)
    assert repository.commit(tag_change("2.8.2"), key="k").changed
    assert repository.history(PATH, limit=1)[0].subject.endswith("2.8.2")
