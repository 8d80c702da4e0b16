"""A ledger of the version before, with open and queued operations, goes on under the rule that targets overlap."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from core.clock import now
from operations import engine
from operations.choices import OperationState
from operations.models import Operation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

BEFORE = ("operations", "0006_step_refusals")


def migrate(*targets: tuple[str, str]) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate(list(targets))
    return executor.loader.project_state(list(targets)).apps


@pytest.fixture
def older() -> Iterator[Any]:
    """The Operation of the version before."""
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes("operations")
    yield migrate(BEFORE).get_model("operations", "Operation")
    migrate(*newest)


def written(model: Any, public_id: str, service: str, **fields: Any) -> Any:
    target = f"payments/{service}" if service else "payments"
    about = {"name": "paint-service", "target": target, "tenant": "payments", "service": service, "summary": public_id}
    when = {"requested_at": now(), "deadline_at": now() + timedelta(minutes=10)}
    return model.objects.create(public_id=public_id, actor="dev", door="web", **about, **when, **fields)


def test_open_and_queued_operations_of_the_version_before_go_on(older: Any) -> None:
    first = written(older, "first", "ledger-api", state="running")
    written(older, "tenant", "", state="running")
    written(older, "queued", "ledger-api", state="queued", queued_behind=first)

    migrate(*MigrationExecutor(connection).loader.graph.leaf_nodes("operations"))
    found = {operation.public_id: operation for operation in Operation.objects.all()}

    assert [found[name].parent for name in ("first", "tenant", "queued")] == [None, None, None]
    engine.end(found["first"], OperationState.SUCCEEDED)
    assert Operation.objects.get(public_id="queued").queued_behind == found["tenant"]
    engine.end(found["tenant"], OperationState.SUCCEEDED)
    assert Operation.objects.get(public_id="queued").queued_behind is None
