"""From the database's address to Django's settings for it."""

from urllib.parse import unquote, urlsplit

from mctl import env


def database(url: str) -> dict[str, object]:
    """Django's settings for an address. Raises WrongSetting."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path),
            "OPTIONS": {
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
