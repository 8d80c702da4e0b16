"""With MCTL_AUDIT_KEY nobody who can write the database, and knows how the chain is made, can rewrite it unseen."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.db import connection
from django.db.models import F
from pytest_django import Settings
from structlog.testing import capture_logs

from core import audit
from core.actor import Actor, Door
from core.clock import now
from operations import engine
from operations.models import AuditChain, AuditEntry
from tests.operations.test_audit_chain import command

pytestmark = pytest.mark.django_db
KEY = "k" * 32
WHOLE, BROKEN, NOT_CHECKED = 0, 1, 2


@pytest.fixture
def key(settings: Settings) -> Settings:
    settings.AUDIT_KEY = KEY
    return settings


def write(number: int = 1) -> None:
    for position in range(number):
        audit.record(Actor("dev", Door.WEB), "paint-service", result=audit.STARTED, target=f"wall-{position}")


def begin(settings: Settings) -> None:
    settings.AUDIT_KEY = KEY
    command("--begin-sealing")


def rewrite(change: str, *, seals: str | None = None) -> None:
    """What an attacker with the database does: changes the second row, and makes every digest after it fit again."""
    previous = AuditChain.objects.get().removed_digest
    for position, row in enumerate(AuditEntry.objects.order_by("pk")):
        row.actor = change if position == 1 else row.actor
        row.previous = previous
        row.digest = previous = row.computed_digest()
        row.seal = row.seal if seals is None else seals
        row.save()
    AuditChain.objects.update(digest=previous)


def claim_removed(number: int) -> None:
    """The attacker removes the oldest rows, and says in the chain's row what retention would have said."""
    gone = list(AuditEntry.objects.order_by("pk")[:number])
    AuditEntry.objects.filter(pk__lte=gone[-1].pk).delete()
    AuditChain.objects.update(removed=F("removed") + number, removed_digest=gone[-1].digest)


def test_a_sealed_audit_is_whole_and_says_from_where_on_it_is_sealed(key: Settings) -> None:
    write(3)

    code, said = command()

    assert code == WHOLE
    assert "3 are sealed" in said
    assert f"Entry {AuditEntry.objects.earliest('pk').pk} of" in said


def test_a_chain_that_was_written_again_without_the_key_is_broken(key: Settings) -> None:
    write(5)
    rewrite("vera")

    code, said = command()

    assert code == BROKEN
    assert "has a seal that MCTL_AUDIT_KEY did not make" in said


def test_the_same_goes_unnoticed_without_any_key() -> None:
    """Which is why there is one."""
    write(5)
    rewrite("vera")

    code, said = command()

    assert code == WHOLE
    assert "No entry is sealed" in said


def erase_beginning() -> None:
    AuditChain.objects.update(unsealed=0, unsealed_digest="", unsealed_seal="", removed_seal="")


def say_it_begins_now() -> None:
    chain = AuditChain.objects.get()
    AuditChain.objects.update(unsealed=chain.written, unsealed_digest=chain.digest)


def pretend_to_be_new() -> None:
    erase_beginning()
    AuditChain.objects.update(written=0)


def start_a_new_chain() -> None:
    AuditChain.objects.all().delete()


@pytest.mark.parametrize(
    ("hide", "expected"),
    [
        (lambda: None, BROKEN),
        (erase_beginning, NOT_CHECKED),
        (say_it_begins_now, NOT_CHECKED),
        (pretend_to_be_new, BROKEN),
        (start_a_new_chain, BROKEN),
    ],
)
def test_taking_the_seals_away_is_not_whole_after_the_next_entry_either(
    key: Settings, hide: Callable[[], None], expected: int
) -> None:
    write(5)
    rewrite("vera", seals="")
    hide()

    assert command()[0] != WHOLE
    write(1)
    assert command()[0] == expected


def test_what_came_before_the_sealing_cannot_be_rewritten_by_cutting_off_the_rest(settings: Settings) -> None:
    write(5)
    begin(settings)
    for kept in (5, 3):
        for row in AuditEntry.objects.order_by("pk")[kept:]:
            row.delete()
        rewrite("vera")
        AuditChain.objects.update(written=kept)

        assert command()[0] == BROKEN
    write(4)
    assert command()[0] == BROKEN


def test_while_sealing_has_not_begun_the_log_says_so_and_how_to_begin(settings: Settings) -> None:
    write(3)
    settings.AUDIT_KEY = KEY

    with capture_logs() as logs:
        write(1)

    assert [(one["event"], one["remedy"]) for one in logs] == [
        ("audit_entry_not_sealed", "manage.py verify_audit --begin-sealing")
    ]
    code, said = command()
    assert code == NOT_CHECKED
    assert "Sealing has not begun" in said


def test_beginning_is_in_the_audit_itself(settings: Settings) -> None:
    write(3)
    begin(settings)

    entry = AuditEntry.objects.latest("pk")
    assert (entry.verb, entry.reason) == ("audit.seal", "Sealing begins after 3 entries.")


def test_nobody_begins_without_a_key() -> None:
    with pytest.raises(CommandError, match="MCTL_AUDIT_KEY is not set here"):
        command("--begin-sealing")


def test_another_key_begins_again_with_what_is_there(key: Settings) -> None:
    write(3)
    key.AUDIT_KEY = "o" * 32
    assert command()[0] == BROKEN

    command("--begin-sealing")

    assert command()[0] == WHOLE
    rewrite("vera")
    assert command()[0] == BROKEN


def test_without_the_key_sealed_entries_are_not_checked_and_never_whole(key: Settings) -> None:
    write(3)
    key.AUDIT_KEY = ""

    code, said = command()

    assert code == NOT_CHECKED
    assert "not checked: 3 entries are sealed" in said
    assert "whole" not in said


def test_without_the_key_a_broken_chain_is_still_broken(key: Settings) -> None:
    write(3)
    AuditEntry.objects.filter(pk=AuditEntry.objects.latest("pk").pk).update(actor="vera")
    key.AUDIT_KEY = ""

    assert command()[0] == BROKEN


def test_another_key_does_not_fit(key: Settings) -> None:
    write(3)
    key.AUDIT_KEY = "o" * 32

    assert command()[0] == BROKEN


def test_entries_of_before_the_key_stay_verifiable(settings: Settings) -> None:
    write(3)
    begin(settings)
    write(1)

    code, said = command()

    assert code == WHOLE
    assert "5 entries" in said
    assert "2 are sealed" in said


def test_an_entry_of_before_the_key_that_was_changed_later_is_noticed(settings: Settings) -> None:
    write(3)
    begin(settings)
    rewrite("vera")

    assert command()[0] == BROKEN


def test_an_entry_without_a_seal_among_sealed_ones_is_named(key: Settings) -> None:
    write(2)
    key.AUDIT_KEY = ""
    write(1)
    key.AUDIT_KEY = KEY

    code, said = command()

    assert code == BROKEN
    assert f"Entry {AuditEntry.objects.latest('pk').pk} of" in said


# --- Retention


def test_retention_goes_on_with_a_key(key: Settings) -> None:
    write(6)
    engine.trim(AuditEntry.objects.order_by("pk")[4].at)

    code, said = command()

    assert code == WHOLE
    assert "4 older ones were removed by retention" in said


def test_retention_may_take_everything_with_a_key(key: Settings) -> None:
    write(3)
    engine.trim(now() + timedelta(days=1))

    assert command()[0] == WHOLE


@pytest.mark.parametrize("sealed_from_the_start", [True, False])
def test_an_old_end_that_retention_did_not_remove_is_noticed(settings: Settings, sealed_from_the_start: bool) -> None:
    settings.AUDIT_KEY = KEY if sealed_from_the_start else ""
    write(5)
    begin(settings)
    write(2)
    claim_removed(2)

    code, said = command()

    assert code == BROKEN
    assert "2 entries are missing at the beginning, and retention did not remove them" in said
    write(1)
    assert command()[0] == BROKEN


def test_more_removed_after_retention_is_noticed_and_retention_does_not_seal_it_later(key: Settings) -> None:
    write(8)
    engine.trim(AuditEntry.objects.order_by("pk")[2].at)
    claim_removed(1)
    assert command()[0] == BROKEN

    engine.trim(AuditEntry.objects.order_by("pk")[2].at)

    assert command()[0] == BROKEN


def test_retention_removes_nothing_that_was_made_older_without_the_key(key: Settings) -> None:
    write(6)
    previous = ""
    for position, row in enumerate(AuditEntry.objects.order_by("pk")):
        row.at = now() - timedelta(days=900) if position < 3 else row.at
        row.previous = previous
        row.digest = previous = row.computed_digest()
        row.save()
    AuditChain.objects.update(digest=previous)

    engine.trim(now() - timedelta(days=365))

    assert command()[0] == BROKEN


def test_what_retention_removed_before_the_key_stays_verifiable(settings: Settings) -> None:
    write(6)
    engine.trim(AuditEntry.objects.order_by("pk")[2].at)
    begin(settings)

    assert command()[0] == WHOLE


def test_retention_with_the_key_of_entries_of_before_it_stays_verifiable(settings: Settings) -> None:
    write(3)
    begin(settings)
    write(3)
    for left in (6, 3):
        entries = AuditEntry.objects.order_by("-pk")[:left]
        engine.trim(list(entries)[-1].at)
        assert command()[0] == WHOLE


# --- Updates


def test_processes_of_the_version_before_still_write_rows() -> None:
    """They name none of the columns that are new."""
    write(1)
    old = [field.column for field in AuditEntry._meta.fields if field.column not in {"id", "seal"}]
    columns, chain_columns = ", ".join(old), "id, digest, written, removed_digest, removed"
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO operations_auditentry ({columns}) SELECT {columns} FROM operations_auditentry")
        cursor.execute("DELETE FROM operations_auditchain")
        cursor.execute(f"INSERT INTO operations_auditchain ({chain_columns}) VALUES (1, '', 0, '', 0)")

    assert AuditEntry.objects.latest("pk").seal == ""
    assert AuditChain.objects.get().unsealed_seal == ""
