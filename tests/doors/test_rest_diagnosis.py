"""The diagnosis over REST is the very object of the page and of the command."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command

from core.actor import Actor
from core.page import Subject
from diagnosis.panels import diagnosis_now
from tests import builders
from tests.doors.test_rest_reads import script
from tests.processes import Processes, wait_until

CAUSE = "image-tag-not-found"
ADDRESS = "/api/v1/diagnosis/payments/webhook-relay"


def unmarked(findings: Any) -> Any:
    """Without the page's mark of what can be run here."""
    drop = {"runnable"}
    return json.loads(json.dumps(findings), object_hook=lambda found: {k: v for k, v in found.items() if k not in drop})


@pytest.mark.django_db
def test_page_command_and_endpoint_say_the_same(platform: Processes, olga: Actor) -> None:
    cache.clear()
    builders.the_cast()
    service = builders.service("webhook-relay")
    client = script("dev", "read")
    wait_until(lambda: CAUSE in causes(client.get(ADDRESS).json()), "the fault of the seeded world shows")

    def command() -> Any:
        printed = StringIO()
        call_command("diagnose", "payments/webhook-relay", "--json", stdout=printed)
        return json.loads(printed.getvalue())

    def say_the_same() -> bool:
        """Read one after the other while the cluster goes on, so a moment is looked for in which nothing happens."""
        page = diagnosis_now(olga, Subject("payments", "webhook-relay", service)).diagnosis
        over_rest, thoroughly = client.get(ADDRESS).json(), client.get(f"{ADDRESS}?thorough=true").json()
        assert set(over_rest) == set(page)
        return unmarked(over_rest["findings"]) == unmarked(page["findings"]) and (
            thoroughly["findings"] == command()["findings"]
        )

    wait_until(say_the_same, "page, command and endpoint say the same")


def causes(found: Any) -> list[str]:
    return [one["cause"] for one in found.get("findings", [])]
