"""A repository of its own for each test that plans or commits: a fresh copy of the seeded world."""

from collections.abc import Callable, Iterator

import pytest

from integrations.gitops import Gitops
from observer.changes import GitRead
from observer.git_reader import slim_world
from observer.host_mirror import HostMirror
from observer.lease import Lease
from observer.state import ClusterState
from tenants.actions import release_hosts
from tests.queues import messages_to


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
