"""Starting an operation: parsed, allowed, recorded, audited; one at a time on a target."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.core import serializers
from django.db import IntegrityError

from core.actor import Actor
from core.errors import Busy, Forbidden, Invalid, NotFound, PlanVoid, Problem
from operations import actions, registry
from operations.choices import AuditResult, OperationState
from operations.engine import recording
from operations.errors import ConfirmationNeeded
from operations.models import AuditEntry, Operation, Step
from operations.registry import Done, StepDefinition, definitions
from tests.operations.crew import fresh
from tests.operations.small import CANARY

pytestmark = pytest.mark.django_db

Ask = Callable[..., Operation]
PARAMETERS = {"tenant": "payments", "service": "ledger-api"}


def last_audit() -> AuditEntry:
    return AuditEntry.objects.order_by("-pk")[0]


def test_an_operation_is_recorded_with_its_steps_before_anything_runs(ask: Ask) -> None:
    operation = fresh(ask(colour="blue"))

    assert operation.state == OperationState.QUEUED
    assert operation.summary == "ledger-api → blue"
    assert [step.title for step in operation.steps.all()] == [
        "Sand the wall", "Prime the wall", "Paint the wall", "Wait until dry",
    ]  # fmt: skip


def test_the_public_id_is_the_name_and_five_characters(ask: Ask) -> None:
    ids = [ask(f"service-{number}").public_id for number in range(30)]

    assert all(re.fullmatch(r"paint-service-[a-z0-9]{5}", public_id) for public_id in ids)
    assert len(set(ids)) == 30


def test_two_steps_of_one_name_are_a_mistake_that_is_named(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    paint = definitions()["paint-service"]
    step = StepDefinition("sand", "Sand the wall", lambda step: Done())
    monkeypatch.setitem(registry._definitions, "paint-service", replace(paint, steps=lambda given: (step, step)))
    with pytest.raises(ValueError, match="paint-service has two steps named sand"):
        ask()
    assert not Operation.objects.exists()


def test_what_the_database_refuses_for_another_reason_than_a_taken_id_is_not_tried_again() -> None:
    tries: list[int] = []

    def write() -> Operation:
        tries.append(1)
        raise IntegrityError("CHECK constraint failed: state")

    with pytest.raises(IntegrityError):
        recording.under_lock(write)
    assert len(tries) == 1


def test_a_taken_id_is_drawn_again(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["aaaaa", "aaaaa", "bbbbb"])
    monkeypatch.setattr(recording, "new_suffix", lambda: next(drawn))

    assert [ask("one").public_id, ask("two").public_id] == ["paint-service-aaaaa", "paint-service-bbbbb"]


def test_a_worker_is_woken_only_after_the_commit(ask: Ask, django_capture_on_commit_callbacks: Callable) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        ask()

    assert callbacks


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_it_is_recorded_all_the_same_and_left_to_the_reaper(ask: Ask, no_broker: None) -> None:
    operation = fresh(ask())

    assert operation.state == OperationState.QUEUED
    assert operation.message_at is None


def test_an_unknown_operation_is_answered_with_the_nearest_names(dev: Actor) -> None:
    with pytest.raises(NotFound) as refused:
        actions.start(dev, "paint-servise", PARAMETERS)

    assert "paint-service" in refused.value.remedy


def test_wrong_parameters_are_refused_field_by_field_with_an_example(dev: Actor) -> None:
    wrong = {"tenant": "Payments!", "colour": "RED 1", "shade": "dark"}
    with pytest.raises(Invalid) as refused:
        actions.start(dev, "paint-service", wrong)

    fields = {entry["field"]: entry for entry in refused.value.fields}
    assert set(fields) == {"tenant", "service", "colour", "shade"}
    assert fields["tenant"]["value"] == "Payments!"
    assert fields["tenant"]["example"] == "payments"
    assert not Operation.objects.exists()


def test_a_viewer_is_refused_and_the_denial_is_kept(vera: Actor) -> None:
    with pytest.raises(Forbidden):
        actions.start(vera, "paint-service", PARAMETERS)

    entry = last_audit()
    assert (entry.actor, entry.verb, entry.target) == ("vera", "paint-service", "payments/ledger-api")
    assert entry.result == AuditResult.DENIED
    assert "developer role" in entry.reason
    assert not Operation.objects.exists()


def test_what_makes_no_sense_is_refused_before_a_row_is_written(ask: Ask) -> None:
    with pytest.raises(Problem, match="Plaid cannot be painted"):
        ask(colour="plaid")

    assert last_audit().result == AuditResult.REFUSED
    assert not Operation.objects.exists()


def test_a_started_operation_is_audited_with_actor_and_door(ask: Ask) -> None:
    operation = ask(colour="blue")

    entry = last_audit()
    assert (entry.actor, entry.door, entry.operation) == ("dev", "web", operation.public_id)
    assert entry.result == AuditResult.STARTED
    assert entry.parameters["colour"] == "blue"


def test_a_second_operation_on_the_target_is_busy_and_names_the_first(ask: Ask) -> None:
    first = ask()

    with pytest.raises(Busy) as refused:
        ask()

    assert refused.value.facts["operation"] == first.public_id
    assert refused.value.facts["status_url"] == f"/operations/{first.public_id}/"
    assert Operation.objects.count() == 1


def test_another_target_is_not_busy(ask: Ask) -> None:
    ask("ledger-api")
    ask("fraud-rules")

    assert Operation.objects.count() == 2


def test_a_second_operation_queues_behind_the_first_when_asked_to(ask: Ask) -> None:
    first = ask()
    second = ask(behind=True)

    assert second.queued_behind == first
    assert second.deadline_at > first.deadline_at


def test_an_operation_that_must_be_confirmed_is_not_started_without_a_plan(dev: Actor) -> None:
    with pytest.raises(ConfirmationNeeded):
        actions.start(dev, "repaint-service", PARAMETERS)

    assert not Operation.objects.exists()


def test_a_confirmed_plan_is_kept_with_the_operation(dev: Actor, tmp_path: Path) -> None:
    parameters = {**PARAMETERS, "folder": str(tmp_path)}
    plan = actions.plan(dev, "repaint-service", parameters)

    operation = actions.start(dev, "repaint-service", parameters, plan_hash=plan["hash"])

    assert fresh(operation).plan["diff"] == "-white\n+red"


def test_a_changed_wall_voids_the_plan(dev: Actor, tmp_path: Path) -> None:
    parameters = {**PARAMETERS, "folder": str(tmp_path)}
    plan = actions.plan(dev, "repaint-service", parameters)
    (tmp_path / "wall").write_text("green")

    with pytest.raises(PlanVoid):
        actions.start(dev, "repaint-service", parameters, plan_hash=plan["hash"])

    assert not Operation.objects.exists()


def test_planning_needs_the_same_right_as_starting(vera: Actor) -> None:
    with pytest.raises(Forbidden):
        actions.plan(vera, "paint-service", PARAMETERS)


def everything_stored() -> str:
    rows = [*Operation.objects.all(), *Step.objects.all(), *AuditEntry.objects.all()]
    return serializers.serialize("json", rows)


def test_a_secret_reaches_no_table(ask: Ask) -> None:
    ask(password=CANARY)

    assert CANARY not in everything_stored()


@pytest.mark.parametrize("wrong", [{"passwort": CANARY}, {"password": [CANARY]}, {"password": CANARY, "wait_s": -1}])
def test_a_secret_in_a_refused_request_reaches_no_table_and_no_answer(ask: Ask, wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        ask(**wrong)

    assert CANARY not in everything_stored()
    if "password" in wrong:
        assert CANARY not in json.dumps(refused.value.as_dict())


def test_credentials_in_plain_parameters_are_masked_in_the_audit(ask: Ask) -> None:
    ask(mood="https://dev:hunter2@git.example.com/x")

    assert "hunter2" not in json.dumps(last_audit().parameters)
