"""The default database is its owner's alone, whatever the umask of whoever started the first process."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from mctl.storage import database


@pytest.fixture(autouse=True)
def generous_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def opened(file: Path) -> sqlite3.Connection:
    options = database(f"sqlite://{file}")["OPTIONS"]
    assert isinstance(options, dict)
    connection = sqlite3.connect(str(file), factory=options["factory"])
    for command in options["init_command"].split(";"):
        connection.execute(command)
    connection.execute("CREATE TABLE IF NOT EXISTS kept (text)")
    connection.execute("INSERT INTO kept VALUES ('secret')")
    connection.commit()
    return connection


def modes(folder: Path) -> dict[str, str]:
    return {file.name: oct(file.stat().st_mode & 0o777) for file in folder.iterdir()}


def test_database_and_its_side_files_are_private_in_a_private_folder(tmp_path: Path) -> None:
    connection = opened(tmp_path / "var" / "mctl.sqlite3")

    private = dict.fromkeys(("mctl.sqlite3", "mctl.sqlite3-wal", "mctl.sqlite3-shm"), "0o600")
    assert modes(tmp_path / "var") == private
    assert modes(tmp_path) == {"var": "0o700"}
    connection.close()


def test_files_of_an_older_version_become_private(tmp_path: Path) -> None:
    connection = opened(tmp_path / "mctl.sqlite3")
    for file in tmp_path.iterdir():
        file.chmod(0o644)

    again = opened(tmp_path / "mctl.sqlite3")

    assert set(modes(tmp_path).values()) == {"0o600"}
    for one in (connection, again):
        one.close()
