"""What beat sends: each app schedules its own tasks."""

import pytest

from accounts import tasks as of_accounts
from mctl import celery_app
from operations import tasks as of_operations


def test_every_entry_names_a_task_that_workers_know() -> None:
    celery_app.loader.import_default_modules()
    sent = {name: entry["task"] for name, entry in celery_app.conf.beat_schedule.items()}
    assert sent["reap"] == of_operations.reap.name
    assert sent["clear tokens"] == of_accounts.clear_tokens.name
    assert set(sent.values()) <= set(celery_app.tasks)


def test_two_apps_that_use_one_name_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_accounts, "BEAT_SCHEDULE", of_operations.BEAT_SCHEDULE)
    with pytest.raises(ValueError, match=r"schedules .*reap.*, as another app does"):
        celery_app.loader.import_default_modules()
