"""With MCTL_AUDIT_KEY somebody who can write the database, and knows how the chain is made, cannot write it anew."""

from datetime import timedelta

import pytest
from django.db.models import F
from pytest_django import Settings
from structlog.testing import capture_logs

from core import audit
from core.actor import Actor, Door
from core.clock import now
from operations import engine
from operations.models import AuditChain, AuditEntry
from operations.queries import verify_audit
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


def rewrite(change: str, *, seals: str | None = None) -> None:
    """What an attacker with the database does: changes the second row, and makes every digest after it fit again."""
    previous = AuditChain.objects.get().removed_digest
    for position, row in enumerate(AuditEntry.objects.order_by("pk")):
        row.actor = change if position == 1 else row.actor
        row.previous = previous
        row.digest = previous = row.computed_digest()
        row.seal = row.seal if seals is None else seals
        row.save()
    AuditChain.objects.update(digest=previous, **({} if seals is None else {"seal": seals}))


def test_a_sealed_audit_is_whole_and_says_from_where_on_it_is_sealed(key: Settings) -> None:
    write(3)

    code, said = command()

    assert code == WHOLE
    assert "3 are sealed" in said
    assert f"Entry {AuditEntry.objects.earliest('pk').pk} of" in said


def test_a_chain_written_anew_without_the_key_is_broken(key: Settings) -> None:
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
    assert "None is sealed" in said


def test_taking_the_seals_away_is_not_called_whole(key: Settings) -> None:
    write(5)
    rewrite("vera", seals="")

    assert command()[0] == NOT_CHECKED


def test_the_next_entry_after_that_tells_the_log(key: Settings) -> None:
    write(5)
    rewrite("vera", seals="")

    with capture_logs() as logs:
        write(2)

    assert [(one["event"], one["entries_before"]) for one in logs] == [("audit_sealing_begins", 5)]


def test_a_digest_written_down_elsewhere_finds_it_then(key: Settings) -> None:
    write(5)
    known = verify_audit().digest
    rewrite("vera", seals="")
    write(1)

    assert command("--known", known)[0] == BROKEN


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
    settings.AUDIT_KEY = KEY
    write(2)

    code, said = command()

    assert code == WHOLE
    assert "5 entries" in said
    assert "2 are sealed" in said


def test_an_entry_of_before_the_key_that_was_changed_later_is_noticed(settings: Settings) -> None:
    write(3)
    settings.AUDIT_KEY = KEY
    write(2)
    rewrite("vera")

    assert command()[0] == BROKEN


def test_where_the_key_was_set_just_now_it_says_so(settings: Settings) -> None:
    write(3)
    settings.AUDIT_KEY = KEY

    code, said = command()

    assert code == NOT_CHECKED
    assert "sealing begins with the next entry" in said


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


def test_an_old_end_that_not_retention_took_away_is_noticed(key: Settings) -> None:
    """The attacker says in the chain's row what retention would have said."""
    write(6)
    gone = list(AuditEntry.objects.order_by("pk")[:4])
    AuditEntry.objects.filter(pk__lte=gone[-1].pk).delete()
    AuditChain.objects.update(removed=F("removed") + len(gone), removed_digest=gone[-1].digest)

    code, said = command()

    assert code == BROKEN
    assert "4 entries are missing at the beginning" in said


def test_more_taken_away_after_retention_is_noticed(key: Settings) -> None:
    write(6)
    engine.trim(AuditEntry.objects.order_by("pk")[2].at)
    next_row = AuditEntry.objects.earliest("pk")
    next_row.delete()
    AuditChain.objects.update(removed=F("removed") + 1, removed_digest=next_row.digest)

    assert command()[0] == BROKEN


def test_what_retention_took_away_before_the_key_stays_verifiable(settings: Settings) -> None:
    write(6)
    engine.trim(AuditEntry.objects.order_by("pk")[2].at)
    settings.AUDIT_KEY = KEY
    write(1)

    assert command()[0] == WHOLE


def test_retention_with_the_key_of_entries_of_before_it_stays_verifiable(settings: Settings) -> None:
    write(3)
    settings.AUDIT_KEY = KEY
    write(3)
    for left in (5, 3):
        entries = AuditEntry.objects.order_by("-pk")[:left]
        engine.trim(list(entries)[-1].at)
        assert command()[0] == WHOLE
