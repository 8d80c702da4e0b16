"""The audit is a chain: changing, removing, inserting or reordering a row breaks it, and verify_audit says where."""

import io
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from core import audit
from core.actor import Actor, Door
from core.clock import now
from operations import actions, engine
from operations.models import AuditChain, AuditEntry, Operation
from operations.queries import verify_audit
from operations.tasks import trim_audit
from tests.databases import database_for_children
from tests.operations.small import CANARY
from tests.processes import ROOT

WRITERS, EACH = 4, 25
WRITE_MANY = f"""
import django; django.setup()
from core.actor import Actor, Door
from operations.engine import record_attempt
for number in range({EACH}):
    record_attempt(Actor("dev", Door.REST), "paint-service", result="started", target=str(number))
"""


def write(number: int = 1, actor: str = "dev", **about: str) -> None:
    for position in range(number):
        audit.record(Actor(actor, Door.WEB), "paint-service", result=audit.DENIED, target=f"wall-{position}", **about)


def command(*arguments: str) -> tuple[int, str]:
    """Exit code and everything printed."""
    out = io.StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=out, stderr=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.django_db
def test_an_untouched_audit_is_whole() -> None:
    write(5)

    code, said = command()

    assert code == 0
    assert "5 entries" in said


@pytest.mark.django_db
def test_an_empty_audit_is_whole() -> None:
    assert command()[0] == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", [{"actor": "vera"}, {"result": "succeeded"}, {"reason": "no"}, {"parameters": {"a": 1}}, {"target": "x"}]
)
def test_a_changed_row_is_named(change: dict[str, object]) -> None:
    write(5)
    third = AuditEntry.objects.order_by("pk")[2]
    AuditEntry.objects.filter(pk=third.pk).update(**change)

    code, said = command()

    assert code == 1
    assert f"Entry {third.pk} of" in said
    assert "was changed" in said


@pytest.mark.django_db
def test_a_changed_moment_is_named() -> None:
    write(3)
    second = AuditEntry.objects.order_by("pk")[1]
    AuditEntry.objects.filter(pk=second.pk).update(at=second.at - timedelta(microseconds=1))

    assert f"Entry {second.pk} of" in command()[1]


@pytest.mark.django_db
def test_a_removed_row_is_noticed_at_the_one_after_it() -> None:
    write(5)
    rows = list(AuditEntry.objects.order_by("pk"))
    rows[2].delete()

    code, said = command()

    assert code == 1
    assert f"Entry {rows[3].pk} of" in said
    assert "does not follow" in said


@pytest.mark.django_db
@pytest.mark.parametrize("end", [slice(0, 2), slice(3, 5), slice(0, 5)], ids=["oldest", "newest", "all"])
def test_rows_removed_from_an_end_are_noticed(end: slice) -> None:
    write(5)
    ids = list(AuditEntry.objects.order_by("pk").values_list("pk", flat=True))[end]
    AuditEntry.objects.filter(pk__in=ids).delete()

    assert command()[0] == 1


@pytest.mark.django_db
def test_an_inserted_row_is_noticed() -> None:
    write(3)
    last = AuditEntry.objects.order_by("-pk")[0]
    forged = AuditEntry(at=now(), actor="vera", door="web", verb="x", target="y", result="denied", previous=last.digest)
    forged.digest = forged.computed_digest()
    forged.save()

    assert command()[0] == 1


@pytest.mark.django_db
def test_a_chain_that_was_written_again_lacks_the_digest_that_was_written_down() -> None:
    write(3)
    known = verify_audit().digest
    AuditEntry.objects.all().delete()
    AuditChain.objects.all().delete()
    write(3, actor="vera")

    assert command()[0] == 0
    assert "wrote the chain again" in command("--known", known)[1]


@pytest.mark.django_db
def test_a_digest_that_was_written_down_still_occurs_after_more_entries() -> None:
    write(3)
    known = verify_audit().digest
    write(3)

    assert command("--known", known)[0] == 0


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_make_one_chain() -> None:
    with database_for_children():
        argv = [sys.executable, "-c", WRITE_MANY]
        writers = [subprocess.Popen(argv, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(WRITERS)]
        complaints = [writer.communicate(timeout=60)[1] for writer in writers]

    assert [writer.returncode for writer in writers] == [0] * WRITERS, complaints
    found = verify_audit()
    assert (found.broken, found.entries) == ("", WRITERS * EACH)


@pytest.mark.django_db
def test_an_entry_stands_and_falls_with_what_it_is_about(ask: Callable[..., Operation]) -> None:
    ask("ledger-api")
    ask("fraud-rules")

    assert AuditEntry.objects.filter(result="started").count() == Operation.objects.count()
    assert verify_audit().broken == ""


@pytest.mark.django_db
def test_retention_takes_the_old_end_and_leaves_a_chain_that_is_whole() -> None:
    write(6)
    old = list(AuditEntry.objects.order_by("pk"))
    cutoff = old[4].at

    assert engine.trim(cutoff) == 4

    found = verify_audit()
    assert (found.broken, found.removed) == ("", 4)
    assert AuditEntry.objects.order_by("pk")[0].pk == old[4].pk
    last = AuditEntry.objects.order_by("-pk")[0]
    assert (last.actor, last.verb) == ("mctl", "audit.trim")
    assert "4 entries" in last.reason


@pytest.mark.django_db
def test_retention_may_take_everything() -> None:
    write(3)

    assert engine.trim(now() + timedelta(days=1)) == 3
    write(1)

    assert verify_audit().broken == ""


@pytest.mark.django_db
def test_a_row_taken_away_after_retention_is_noticed() -> None:
    write(6)
    engine.trim(AuditEntry.objects.order_by("pk")[2].at)
    AuditEntry.objects.order_by("pk")[0].delete()

    assert command()[0] == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "forged", ["a\nb", "a\r\n2026-01-01 ada did it", "\x1b[2K\x1b[1A", "a\u2028b", "\u202eevil", "\0"]
)
def test_a_value_is_one_line_without_control_characters(forged: str) -> None:
    actor = Actor("dev", Door.MCP, client=forged)
    audit.record(actor, forged, result=audit.REFUSED, target=forged, reason=forged, parameters={forged: [forged]})

    entry = AuditEntry.objects.get()
    for text in (entry.client, entry.verb, entry.target, entry.reason, str(entry.parameters)):
        assert text.isprintable()
    assert verify_audit().broken == ""


@pytest.mark.django_db
@pytest.mark.parametrize("value", [1e22, 0.1, -0.0, 10**20, True, None, "é", "\ud800", {"b": 1, "a": [2.5]}])
def test_any_parameter_can_be_verified_after_it_was_read_back(value: object) -> None:
    audit.record(Actor("dev", Door.WEB), "paint-service", result=audit.REFUSED, parameters={"value": value})

    assert verify_audit().broken == ""


@pytest.mark.django_db
def test_long_values_are_cut_and_not_refused() -> None:
    long = "x" * 5_000
    actor = Actor(long, Door.WEB, client=long)
    audit.record(actor, long, result=audit.REFUSED, tenant=long, target=long, reason=long, parameters={long: long})

    assert verify_audit().broken == ""
    assert len(AuditEntry.objects.get().reason) == 1_000


@pytest.mark.django_db
def test_credentials_are_masked_whoever_records_them() -> None:
    url = f"https://dev:{CANARY}@git.example.com/x"
    audit.record(Actor("dev", Door.REST), "tokens.create", result=audit.STARTED, parameters={"url": url})

    assert CANARY not in str(AuditEntry.objects.get().parameters)


@pytest.mark.django_db
def test_entries_of_before_the_chain_are_chained_in_their_order() -> None:
    from importlib import import_module

    from django.apps import apps

    for number in range(3):
        AuditEntry.objects.create(
            at=now(), actor="dev", door="web", verb="v", target=str(number), result="denied", parameters={"n": 1e22}
        )
    AuditChain.objects.all().delete()
    import_module("operations.migrations.0003_audit_chain").chain(apps, connection.schema_editor())

    assert (verify_audit().broken, verify_audit().entries) == ("", 3)


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "left"), [(0, 3), (30, 2)])
def test_the_schedule_keeps_as_many_days_as_the_settings_say(
    days: int, left: int, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three entries of 40, 20 and 0 days ago; a removal is an entry itself."""
    for ago in (40, 20, 0):
        moment = now() - timedelta(days=ago)
        monkeypatch.setattr("operations.engine.audit.now", lambda moment=moment: moment)
        write()
    settings.AUDIT_KEEP_DAYS = days  # type: ignore[attr-defined]

    trim_audit()

    assert AuditEntry.objects.exclude(verb="audit.trim").count() == left
    assert verify_audit().broken == ""


@pytest.mark.django_db(transaction=True)
def test_operations_that_begin_and_end_at_once_never_wait_for_each_other(
    ask: Callable[..., Operation], dev: Actor, valkey: None
) -> None:
    """Each start and each cancel locks the chain and rows of operations on the same target, others' among them."""
    troubles: list[BaseException] = []

    def begin_and_end() -> None:
        try:
            for _ in range(6):
                actions.cancel(dev, ask("ledger-api", behind=True))
        except BaseException as trouble:
            troubles.append(trouble)
        finally:
            connection.close()

    threads = [threading.Thread(target=begin_and_end) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert troubles == []
    assert not Operation.objects.open().exists()
    assert verify_audit().broken == ""


@pytest.mark.django_db
def test_retention_leaves_an_entry_that_was_made_older_than_it_is() -> None:
    write(6)
    first = list(AuditEntry.objects.order_by("pk")[:3])
    AuditEntry.objects.filter(pk__in=[one.pk for one in first]).update(at=now() - timedelta(days=900))

    engine.trim(now() - timedelta(days=365))

    assert AuditEntry.objects.filter(pk=first[0].pk).exists()
    assert command()[0] == 1
