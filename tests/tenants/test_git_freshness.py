"""A role that git lists is as old as the last reading of git, and is asked for again before a change relies on it."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from core.actor import Door
from core.clock import now
from core.errors import Forbidden
from integrations.gitops import Gitops
from operations import actions
from operations.models import Operation
from tenants.engine.freshness import MembershipsStale
from tenants.models import Member
from tenants.queries import actor_for
from tests import builders
from tests.git_host import GitHost
from tests.operations import small

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]
OLD = timedelta(seconds=61)


@pytest.fixture(autouse=True)
def world(repository: Gitops) -> Iterator[None]:
    """Dev's role in payments, read from git a while ago; git still lists it."""
    builders.tenant("payments", {"dev": "developer", "vera": "owner"})
    Member.objects.update(resolved_at=now() - OLD)
    with small.registered():
        yield


def paint(login: str) -> Operation:
    actor = actor_for(login, door=Door.WEB)
    return actions.start(actor, "paint-service", {"tenant": "payments", "service": "ledger-api"})


def test_git_is_asked_again_and_the_change_goes_on() -> None:
    assert paint("dev").actor == "dev"


def test_a_role_that_git_no_longer_gives_is_refused() -> None:
    with pytest.raises(Forbidden):
        paint("vera")


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("tenant:\n  members: [\n", "platform-gitops/tenants/payments/values.yaml, line 3"),
        ("tenant:\n  members: " + "[" * 30_000, "nested more than 60 levels"),
    ],
)
def test_a_file_that_cannot_be_read_confirms_no_role(
    outsider: Callable[[str, str], str],
    broken: str,
    reason: str,
) -> None:
    outsider("platform-gitops/tenants/payments/values.yaml", broken)

    with pytest.raises(MembershipsStale, match="git cannot be asked now") as told:
        paint("dev")

    assert reason in told.value.sentence
    assert not Operation.objects.exists()


def test_a_git_server_that_does_not_answer_confirms_no_role(repository: Gitops, git_host: GitHost) -> None:
    git_host.stop()
    try:
        with pytest.raises(MembershipsStale, match="git cannot be asked now"):
            paint("dev")
    finally:
        git_host.start()
