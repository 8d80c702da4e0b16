"""The system check at its doors: for platform admins, the same words on the page and by REST."""

from typing import Any

import pytest
from django.test import Client

from mctl.health import Line, State, report
from mctl.health.lines import Part, ok_line
from operations.models import AuditEntry
from tests import builders
from tests.doors.test_components import INVALID, strict_engine
from tests.doors.test_permissions import client_of, script_of
from tests.house.visitor import readable

pytestmark = pytest.mark.django_db(transaction=True)

RULE = '- apiGroups: [""]\n  resources: [pods]\n  verbs: [watch]\n'
WRONG = Line("watch pods everywhere", State.MISSING, "Not allowed: watch.", "Add this rule.", RULE)
OPTIONAL = Line("get secrets everywhere", State.MISSING, "Not allowed: get.", "Add this rule.", RULE, is_required=False)
HOSTILE = ok_line("Kubernetes", "<script>alert(1)</script>\u202e answers.")


@pytest.fixture(autouse=True)
def small(valkey: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few parts that need no platform."""
    builders.the_cast()
    many = [ok_line(f"right {number}", "There.") for number in range(20)]
    parts = (
        Part("Cluster", "Kubernetes", lambda: HOSTILE),
        Part("Rights", "Rights", lambda: [*many, OPTIONAL, WRONG]),
        Part("Empty", "Sources", list),
    )
    monkeypatch.setattr(report, "PARTS", parts)


def test_a_platform_admin_reads_what_is_wrong_first_and_what_to_do() -> None:
    page = readable(client_of("ada").get("/system/check/").content.decode())

    assert "1 thing that MCTL needs cannot be relied on now." in page
    assert page.index("watch pods everywhere") < page.index("get secrets everywhere") < page.index("20 of 22 are there")
    assert "Not allowed: get. Not required." in page
    assert "resources: [pods]" in page
    assert "Empty" not in page


def test_what_the_cluster_says_is_text() -> None:
    page = client_of("ada").get("/system/check/").content.decode()

    assert "<script>alert" not in page
    assert "\u202e" not in page


def test_asking_again_brings_the_part_alone() -> None:
    client = client_of("ada")

    part = client.get("/system/check/", headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in part
    assert 'id="check"' in part


def test_the_part_misses_no_value() -> None:
    template = strict_engine().get_template("mctl/_system_check.html")

    assert INVALID not in template.render({"report": report.system_report()})


def test_others_are_refused_and_it_is_kept() -> None:
    answer = client_of("olga").get("/system/check/")

    assert answer.status_code == 403
    assert "watch pods" not in answer.content.decode()
    entry = AuditEntry.objects.order_by("-pk")[0]
    assert (entry.actor, entry.verb, entry.result) == ("olga", "system.check", "denied")


def test_only_platform_admins_find_it_in_the_menu() -> None:
    places = {
        person: "/system/check/" in client_of(person).get("/connecting/").content.decode() for person in ("ada", "dev")
    }

    assert places == {"ada": True, "dev": False}


def test_a_script_of_a_platform_admin_gets_the_same_lines() -> None:
    told: Any = script_of("ada").get("/api/v1/system/check").json()

    assert (told["is_well"], told["failing"], len(told["lines"])) == (False, 1, 23)
    wrong = next(line for line in told["lines"] if line["name"] == WRONG.name)
    assert (wrong["state"], wrong["rule"], wrong["is_required"]) == ("missing", RULE, True)


def test_the_document_describes_each_field_of_a_line() -> None:
    script = script_of("ada")
    told, document = (script.get(f"/api/v1/{path}").json() for path in ("system/check", "openapi.json"))

    described = document["components"]["schemas"]["SystemLine"]["properties"]

    assert [set(line) for line in told["lines"]] == [set(described)] * len(told["lines"])
    states = document["components"]["schemas"][described["state"]["$ref"].rpartition("/")[2]]["enum"]
    assert {*states} == {*State}


@pytest.mark.parametrize(("person", "status"), [("stranger", 401), ("vera", 403)])
def test_no_other_script_does(person: str, status: int) -> None:
    assert script_of(person).get("/api/v1/system/check").status_code == status


def test_strangers_sign_in_first() -> None:
    assert Client().get("/system/check/")["Location"].endswith("?next=/system/check/")
