"""A repository of its own for each test that plans or commits: a fresh copy of the seeded world."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from integrations.gitops import Gitops, forget, gitops
from observer.changes import GitRead
from observer.git_reader import slim_world
from observer.host_mirror import HostMirror
from observer.lease import Lease
from observer.state import ClusterState
from tenants.actions import release_hosts
from tests.integrations.gitops.conftest import PASSWORD, USER, git_host, url  # noqa: F401  fixtures
from tests.operations.conftest import messages_to


@pytest.fixture
def repository(url: str, settings: Settings, tmp_path: Path) -> Iterator[Gitops]:  # noqa: F811
    settings.GITOPS_URL, settings.GITOPS_USERNAME, settings.GITOPS_TOKEN = url, USER, PASSWORD
    settings.VAR_DIR = tmp_path
    forget()
    gitops().fetch()
    yield gitops()
    forget()


@pytest.fixture
def no_workers(valkey: None) -> Iterator[None]:
    """Messages go where nobody looks: what runs an operation is the test."""
    with messages_to("nobody-looks"):
        yield


@pytest.fixture
def observe_hosts(repository: Gitops, db: None) -> Callable[[], None]:
    """What the observer does about hosts each time it has read git."""
    lease, state = Lease(length_s=600), ClusterState()
    assert lease.take()
    mirror = HostMirror(lease, state)

    def observe() -> None:
        revision = repository.fetch()
        state.apply(GitRead(slim_world(repository.read_world(revision), {})))
        mirror.write(state.touched)
        release_hosts(revision.as_of)

    observe()
    return observe


def written(tenant: str, name: str, text: str) -> str:
    """A values file put into git by hand; returns the commit."""
    path = gitops().service_path(tenant, name)
    return gitops().commit_file(path=path, change=lambda _: text, message="By hand", author="ada", key="").sha


def committed(name: str, tag: str, operation: str, tenant: str = "payments") -> str:
    """A deploy as our own commits look; returns its id."""
    path = gitops().service_path(tenant, name)
    result = gitops().commit_file(
        path=path,
        change=lambda text: "\n".join(
            f"  tag: {tag}" if line.lstrip().startswith("tag:") else line for line in str(text).split("\n")
        ),
        message=f"deploy: {tenant}/{name} -> {tag}",
        author="dev",
        key=operation,
        trailers={"Operation-Id": operation, "Requested-By": "dev", "Requested-Via": "web"},
    )
    return result.sha
