"""`manage.py operate`: the same operations from a terminal."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from operations.models import AuditEntry, Operation
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]

TARGET = ("tenant=payments", "service=ledger-api")
Ask = Callable[..., Operation]


def operate(*arguments: str) -> str:
    out = StringIO()
    call_command("operate", "paint-service", *TARGET, *arguments, "--as", "dev", stdout=out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def cast() -> None:
    builders.the_cast()


def test_a_plan_shows_the_change_and_changes_nothing(tmp_path: Path) -> None:
    shown = operate(f"folder={tmp_path}", "--plan")

    assert "-white\n+red" in shown
    assert "hash: white-red" in shown
    assert not Operation.objects.exists()


def test_starting_prints_the_id_and_the_steps(tmp_path: Path) -> None:
    shown = operate(f"folder={tmp_path}").splitlines()

    operation = Operation.objects.get()
    assert shown[0] == operation.public_id
    assert shown[1:] == ["  Sand the wall", "  Prime the wall", "  Paint the wall", "  Wait until dry"]
    assert (operation.actor, operation.door) == ("dev", "command")


def test_a_value_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "colour").write_text("green")

    operate(f"colour=@{tmp_path / 'colour'}")

    assert Operation.objects.get().parameters["colour"] == "green"


def test_a_refusal_names_each_field_with_an_example() -> None:
    with pytest.raises(CommandError) as refused:
        operate("colour=RED 1")

    assert "colour: " in str(refused.value)
    assert "Example: red" in str(refused.value)


def test_who_may_not_is_refused_here_too() -> None:
    with pytest.raises(CommandError, match="needs the developer role"):
        call_command("operate", "paint-service", *TARGET, "--as", "vera")

    assert AuditEntry.objects.get().result == "denied"


def test_a_word_without_an_equals_sign_is_explained() -> None:
    with pytest.raises(CommandError, match="not of the form key=value"):
        operate("red")
