"""A folder in git may have a name too long for Kubernetes: no object can exist, and every door says so."""

import pytest
from django.test import Client

from accounts.models import Person
from tests import builders
from tests.doors.test_rest_reads import script

NAME = "odd-extra-container-with-a-name-that-is-really-long-indeed"
pytestmark = pytest.mark.django_db
SAID = "Kubernetes does not take that value"


@pytest.fixture(autouse=True)
def service(valkey: None) -> None:
    builders.the_cast()
    builders.service(NAME, replicas_ready=0, pods=[], running_tag="", health="Missing", sync="Unknown")


@pytest.mark.parametrize("tab", ["", "logs/", "events/", "history/"])
def test_every_page_of_the_service_opens(client: Client, tab: str) -> None:
    client.force_login(Person.objects.signed_in("vera"))

    answer = client.get(f"/tenants/payments/services/{NAME}/{tab}")

    assert answer.status_code == 200
    assert (SAID in answer.content.decode()) is (tab in {"", "logs/"})


def test_a_script_is_told_why_there_is_no_log() -> None:
    answer = script("vera").get(f"/api/v1/logs/payments/{NAME}")

    assert (answer.status_code, answer.json()["lines"]) == (200, [])
    assert SAID in answer.json()["note"]
