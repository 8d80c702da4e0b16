"""Children under real workers: a parent goes on after kill -9 with the children that it has, and ends after them."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.actor import Actor
from operations import actions
from operations.models import AuditEntry, Operation
from tests import builders
from tests.operations import tenantwide
from tests.operations.crew import Workers, fresh, lines, wait_for_state
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

Clear = Callable[[], Operation]
SERVICES = ["ledger-api", "fraud-rules", "payments-api"]


@pytest.fixture(scope="module", autouse=True)
def tenant_operations(small_operations: None) -> Iterator[None]:
    with tenantwide.registered():
        yield


@pytest.fixture
def clear(crew: Workers, dev: Actor, tmp_path: Path) -> Iterator[Clear]:
    """Whatever stands still at the end of a test may go on."""
    builders.tenant("payments", {"dev": "developer"})
    values = {"tenant": "payments", "services": SERVICES, "folder": str(tmp_path)}
    yield lambda: actions.start(dev, "clear-tenant", values)
    for held in tmp_path.glob("hold-*"):
        held.unlink(missing_ok=True)


@pytest.fixture
def swept(tmp_path: Path) -> None:
    (tmp_path / "ready").touch()
    (tmp_path / "swept").touch()


def held_at(folder: Path, where: str) -> Path:
    hold = folder / f"hold-{where}"
    hold.touch()
    return hold


def kill_worker_of(operation: Operation) -> None:
    os.kill(int(fresh(operation).lease_owner.split(":")[1]), signal.SIGKILL)


@pytest.mark.usefixtures("swept")
def test_a_parent_killed_after_its_children_began_finds_them_and_goes_on(clear: Clear, tmp_path: Path) -> None:
    hold = held_at(tmp_path, "after-start")
    parent = clear()
    wait_until(Path(f"{hold}.reached").exists, "the parent has started its children")

    kill_worker_of(parent)
    hold.unlink()

    wait_for_state(parent, "succeeded")
    assert [child.state for child in parent.children.all()] == ["succeeded"] * len(SERVICES)
    assert sorted(lines(tmp_path / "effects")) == sorted(["sand", "prime", "paint", "dry"] * len(SERVICES))
    assert AuditEntry.objects.filter(verb="paint-service", result="started").count() == len(SERVICES)


@pytest.mark.usefixtures("swept")
def test_a_child_killed_in_a_step_goes_on_and_its_parent_is_woken(clear: Clear, tmp_path: Path) -> None:
    hold = held_at(tmp_path, "after-prime")
    parent = clear()
    wait_until(Path(f"{hold}.reached").exists, "a child stands still")
    child = parent.children.filter(state="running").exclude(lease_owner="").first()
    assert child is not None

    kill_worker_of(child)
    hold.unlink()

    wait_for_state(parent, "succeeded")
    assert fresh(child).state == "succeeded"


def test_a_cancelled_parent_ends_after_its_running_children(clear: Clear, dev: Actor) -> None:
    parent = clear()
    waiting = parent.children.filter(state="running", wake_at__isnull=False)
    wait_until(lambda: waiting.count() == len(SERVICES), "its children wait")

    actions.cancel(dev, parent)

    ended = wait_for_state(parent, "cancelled")
    children = list(parent.children.all())
    assert [child.state for child in children] == ["cancelled"] * len(SERVICES)
    assert all(child.finished_at <= ended.finished_at for child in children)
