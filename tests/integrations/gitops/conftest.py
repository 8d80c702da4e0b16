"""The sandbox's git host as a process of its own, and a fresh repository on it for each test that wants one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from integrations.gitops import Gitops
from tests.git_host import PASSWORD, USER

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def connect(tmp_path: Path) -> Callable[..., Gitops]:
    """Makes gateways; each name has a clone of its own, as another machine would."""

    def made(url: str, name: str = "one", **options: str) -> Gitops:
        return Gitops(url, cache_dir=tmp_path / name, **{"username": USER, "token": PASSWORD, **options})

    return made


@pytest.fixture
def repository(connect: Callable[..., Gitops], git_url: str) -> Gitops:
    return connect(git_url)
