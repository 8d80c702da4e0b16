"""The test database: migrated once per state of the migrations, and emptied in milliseconds.

Content types and permissions stay in an emptied database. Django would write them again after every flush, and that
takes fifty times as long as the flush itself.
"""

import fcntl
import gc
import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import django
import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.commands import flush
from django.db import connection
from pytest_django import DjangoDbBlocker

KEPT = {"django_content_type", "auth_permission"}


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """SQLite's file may begin as a copy, and goes with the run's folder."""
    return connection.vendor == "sqlite"


@dataclass(frozen=True, slots=True)
class MigratedCopy:
    """Where a migrated file is kept, and the lock of the worker that makes it: the others wait for it."""

    path: Path
    lock: TextIO

    def finish(self) -> None:
        if not self.path.exists():
            save_copy(self.path)
        fcntl.flock(self.lock, fcntl.LOCK_UN)


@pytest.fixture(scope="session")
def migrated_copy(request: pytest.FixtureRequest, django_db_modify_db_settings: None) -> Iterator[MigratedCopy | None]:
    """The first worker migrates, the others begin with a copy."""
    if connection.vendor != "sqlite":
        yield None
        return
    folder = Path(request.config.cache.mkdir("migrated"))
    copy = folder / f"{state_of_migrations()}.sqlite3"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if copy.exists():
            shutil.copyfile(copy, database_file())
            fcntl.flock(lock, fcntl.LOCK_UN)
        yield MigratedCopy(copy, lock)


@pytest.fixture(scope="session")
def django_db_setup(
    migrated_copy: MigratedCopy | None, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    if migrated_copy:
        # Not at the end of the session: the other workers and a run inside of this one wait for it.
        migrated_copy.finish()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", deletions)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *arguments, **options: None)
        yield
        # The connection of a thread that has ended is closed when it is collected, and keeps PostgreSQL from dropping
        # the database until then.
        gc.collect()


@pytest.fixture(scope="module")
def rows_of_processes(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """For files whose tests start real processes: one that ends after its test may have written a last row."""
    yield
    with django_db_blocker.unblock():
        call_command("flush", verbosity=0, interactive=False)


def deletions(*arguments: Any, **options: Any) -> list[str]:
    """Of all rows; foreign keys are looked at when the transaction ends. Truncating costs PostgreSQL a file a table."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return [f"DELETE FROM {connection.ops.quote_name(table)}" for table in tables if table not in KEPT]


def database_file() -> Path:
    return Path(connection.creation._get_test_db_name())


def state_of_migrations() -> str:
    files = sorted(file for app in apps.get_app_configs() for file in Path(app.path, "migrations").glob("*.py"))
    digest = hashlib.sha256(django.__version__.encode())
    for file in files:
        digest.update(f"{file.parent.parent.name}/{file.name}".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def save_copy(kept: Path) -> None:
    for older in kept.parent.glob("*.sqlite3"):
        older.unlink()
    with closing(sqlite3.connect(database_file())) as migrated:
        migrated.execute("VACUUM INTO ?", [str(kept)])
