"""Times as the API writes them: UTC, whole seconds."""

from datetime import UTC, datetime, timedelta


def now() -> datetime:
    return datetime.now(UTC)


def timestamp(after_s: float = 0.0) -> str:
    return (now() + timedelta(seconds=after_s)).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_since(text: str) -> float | None:
    """Seconds since an API time; None for text that is not one."""
    try:
        return (now() - datetime.fromisoformat(text.replace("Z", "+00:00"))).total_seconds()
    except (ValueError, AttributeError, TypeError):
        return None
