"""Whether the server would take a push: asked, and nothing pushed."""

import subprocess
from collections.abc import Callable

import pytest

from integrations.errors import Missing, Unreachable
from integrations.gitops import Gitops
from tests.git_host import GitHost


def test_an_account_that_may_push_is_told_so_and_nothing_is_written(
    git_host: GitHost, git_url: str, repository: Gitops
) -> None:
    before = refs(git_host, git_url)

    assert repository.may_push()
    assert refs(git_host, git_url) == before


def test_an_account_that_may_only_read_is_told_so(git_host: GitHost, git_url: str, repository: Gitops) -> None:
    configure = ["git", "config", "http.receivepack", "false"]
    subprocess.run(configure, cwd=git_host.bare(git_url), check=True)

    assert repository.fetch()
    assert not repository.may_push()


def test_wrong_credentials_may_not_push(connect: Callable[..., Gitops], git_url: str) -> None:
    assert not connect(git_url, token="wrong").may_push()


def test_no_answer_is_no_answer(git_host: GitHost, connect: Callable[..., Gitops], git_url: str) -> None:
    with pytest.raises(Missing):
        connect(git_url.replace("world", "nowhere")).may_push()
    with pytest.raises(Unreachable):
        connect("http://127.0.0.1:1/gitops.git").may_push()


def refs(git_host: GitHost, url: str) -> bytes:
    argv = ["git", "for-each-ref"]
    return subprocess.run(argv, cwd=git_host.bare(url), check=True, capture_output=True).stdout
