"""From the database's address to Django's settings for it."""

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mctl import env


class PrivateFile(sqlite3.Connection):
    """The file is ours alone before a row is in it; SQLite gives its -wal and -shm the same mode."""

    def __init__(self, database: str, *args: Any, **kwargs: Any) -> None:
        path = Path(database)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        if path.stat().st_mode & 0o077:
            for left in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
                with suppress(OSError):
                    left.chmod(0o600)
        super().__init__(database, *args, **kwargs)


def database(url: str) -> dict[str, object]:
    """Django's settings for an address. Raises WrongSetting."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path),
            "OPTIONS": {
                "factory": PrivateFile,
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;",
            },
            # Separate processes share the file in tests too, so the test database is a file as well.
            "TEST": {"NAME": unquote(parts.path).removesuffix(".sqlite3") + "-test.sqlite3"},
        }
    if parts.scheme not in {"postgres", "postgresql"}:
        raise env.WrongSetting(
            # The address may hold a password, so only its scheme is said.
            f"DATABASE_URL begins with {parts.scheme!r}. Give sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME."
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 8}, "options": "-c statement_timeout=29000"},
    }
