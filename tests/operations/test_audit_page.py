"""The audit's page and its exports: whose entries one sees, how they are found, and that no value breaks out."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts.models import Person
from core import audit
from core.actor import Actor, Door
from operations.models import AuditEntry
from operations.queries.audit_export import cell
from tests import builders

pytestmark = [
    pytest.mark.django_db,
    # The test client has no event loop of its own; the server streams.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume"),
]


@pytest.fixture(autouse=True)
def cast(valkey: None) -> None:
    builders.the_cast()


def client_of(person: str) -> Client:
    client = Client()
    client.force_login(Person.objects.signed_in(person))
    return client


def write(target: str = "payments/ledger-api", actor: str = "dev", result: str = audit.DENIED, **about: str) -> None:
    door = Door(about.pop("door", "web"))
    client = about.pop("client", "")
    about.setdefault("tenant", target.partition("/")[0])
    about.setdefault("verb", "deploy-service")
    audit.record(Actor(actor, door, client=client), about.pop("verb"), result=result, target=target, **about)


def page(person: str = "ada", query: str = "") -> str:
    return client_of(person).get(f"/audit/?{query}").content.decode()


def export(form: str, person: str = "ada", query: str = "") -> str:
    answer = client_of(person).get(f"/audit/export.{form}?{query}")
    return b"".join(answer).decode()


def test_members_see_the_entries_of_their_tenants_and_no_others() -> None:
    write("payments/ledger-api")
    write("labs/playground", actor="oscar")

    assert "payments/ledger-api" in page("vera")
    assert "labs/playground" not in page("vera")
    assert "payments/ledger-api" not in page("oscar", "tenant=payments")


def test_platform_admins_see_all_of_them() -> None:
    write("payments/ledger-api")
    write("labs/playground")
    write("", tenant="", verb="accounts.sign_in")

    assert all(text in page("ada") for text in ("payments/ledger-api", "labs/playground", "Accounts: sign in"))


def test_an_entry_is_told_in_words() -> None:
    write(reason="Deploying a service needs the developer role in payments.", door="mcp", client="Claude Code")

    shown = page("vera")

    assert "Deploy" in shown
    assert "denied" in shown
    assert "MCP, Claude Code" in shown
    assert "needs the developer role" in shown


@pytest.mark.parametrize(
    ("query", "about"),
    [
        ("actor=vera", {"actor": "vera"}),
        ("tenant=labs", {}),
        ("verb=retire", {"verb": "retire-service"}),
        ("result=refused", {"result": "refused"}),
        ("door=mcp", {"door": "mcp"}),
        ("q=needle", {"reason": "A Needle in hay"}),
        ("since=2026-03-02", {}),
        ("since=2026-03-02&until=2026-03-02&tenant=labs", {}),
    ],
)
def test_a_filter_finds_what_it_names_and_nothing_else(
    query: str, about: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.engine.audit.now", lambda: datetime(2026, 3, 1, 23, 59, tzinfo=UTC))
    write("payments/other")
    monkeypatch.setattr("operations.engine.audit.now", lambda: datetime(2026, 3, 2, 23, 59, tzinfo=UTC))
    write("labs/wanted", **about)

    shown = page("ada", query)

    assert "labs/wanted" in shown
    assert "payments/other" not in shown


def test_a_day_in_the_filter_is_included_and_the_next_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.engine.audit.now", lambda: datetime(2026, 3, 2, 0, 0, tzinfo=UTC))
    write("payments/midnight")

    assert "payments/midnight" not in page("ada", "until=2026-03-01")
    assert "payments/midnight" in page("ada", "until=2026-03-02")


@pytest.mark.parametrize(
    "query", ["result=x", "door=x", "since=yesterday", "page=before-x", "page=9", "until=2026-13-01"]
)
def test_an_unknown_word_in_the_address_is_no_filter(query: str) -> None:
    write()

    assert "payments/ledger-api" in page("ada", query)


def test_pages_follow_each_other_without_gaps_while_new_entries_arrive() -> None:
    for number in range(120):
        write(f"payments/wall-{number:03}", result=audit.STARTED)
    client = client_of("ada")
    first = client.get("/audit/").context["list"]
    write("payments/late")
    second = client.get(f"/audit/?page={first.older}").context["list"]
    third = client.get(f"/audit/?page={second.older}").context["list"]

    walked = [row.target for part in (first, second, third) for row in part.rows]

    assert walked == [f"payments/wall-{number:03}" for number in reversed(range(120))]
    assert third.older == ""
    back = client.get(f"/audit/?page={third.newer}").context["list"]
    assert [row.id for row in back.rows] == [row.id for row in second.rows]


def test_the_page_asks_the_database_a_few_times_only(django_assert_max_num_queries: object) -> None:
    for number in range(60):
        write(f"payments/wall-{number}", result=audit.STARTED)
    client = client_of("ada")
    client.get("/audit/")

    with django_assert_max_num_queries(8):  # type: ignore[operator]
        client.get("/audit/")


def test_markup_in_a_value_is_text() -> None:
    write(reason="<script>alert(1)</script>", client='"><img src=x>')

    shown = page("ada")

    assert "<script>alert" not in shown
    assert "<img src=x" not in shown


def test_an_export_has_the_filter_of_the_page() -> None:
    write("payments/ledger-api")
    write("labs/playground")

    lines = [json.loads(line) for line in export("jsonl", query="tenant=labs").splitlines()]

    assert [line["target"] for line in lines] == ["labs/playground"]


def test_an_export_holds_only_what_one_may_see() -> None:
    write("payments/ledger-api")

    assert export("jsonl", "oscar") == ""
    assert len(export("csv", "oscar").splitlines()) == 1


def test_an_export_goes_on_beyond_one_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.queries.audit_rows.EXPORTED_AT_ONCE", 10)
    for number in range(25):
        write(f"payments/wall-{number:02}", result=audit.STARTED)

    targets = [row["target"] for row in csv.DictReader(io.StringIO(export("csv")))]

    assert targets == [f"payments/wall-{number:02}" for number in reversed(range(25))]


def test_an_exported_line_can_be_verified_by_itself() -> None:
    write(reason="é")
    line = json.loads(export("jsonl"))

    entry = AuditEntry(**{**line, "at": datetime.fromisoformat(line["at"])})

    assert entry.computed_digest() == line["digest"]


@pytest.mark.parametrize("begin", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1"])
def test_no_cell_is_a_formula(begin: str) -> None:
    write(reason=begin)

    reason = next(csv.DictReader(io.StringIO(export("csv"))))["reason"]

    assert not reason.lstrip().startswith(("=", "+", "-", "@", "＝"))
    assert cell("2") == "2"


@pytest.mark.parametrize("forged", ['x\n1,2026-01-01,ada,"web"', 'x"\r\n{"actor":"ada"}', "\x1b[2K"])
def test_one_record_for_each_entry(forged: str) -> None:
    write(reason=forged, client=forged)
    write()

    assert len(export("jsonl").splitlines()) == 2
    assert len(export("csv").splitlines()) == 3
    assert "\x1b" not in export("csv") + export("jsonl")


def test_a_denied_page_is_recorded_once_with_the_request_it_was_denied_to() -> None:
    builders.service()
    client = client_of("vera")

    answer = client.get("/tenants/payments/services/payments-api/deploy/")

    assert answer.status_code == 403
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.door, entry.verb, entry.result) == ("vera", "web", "services.deploy", "denied")
    assert (entry.tenant, entry.target) == ("payments", "payments/payments-api")
    assert entry.request_id
    assert entry.request_id in answer.content.decode()


def test_a_denied_cancel_is_recorded_once() -> None:
    builders.service()
    builders.operation()

    assert client_of("vera").post("/operations/deploy-service-x7k2p/cancel/").status_code == 403

    assert AuditEntry.objects.get().verb == "deploy-service:cancel"


def test_no_secret_reaches_the_page_or_an_export() -> None:
    builders.service()
    canary = "canary-4c1d-never-in-the-audit"
    address = "/tenants/payments/services/payments-api/deploy/"
    fields = {"intent": "run", "image_tag": f"https://dev:{canary}@git.example.com", "env_vars": f"PASSWORD={canary}"}
    client_of("dev").post(address, fields)
    client_of("vera").post(address, {**fields, "image_tag": "3.4.1"})
    audit.record(
        Actor("dev", Door.MCP, client=f"x://a:{canary}@b"), "tokens.create", result=audit.REFUSED, tenant="payments",
        target=f"Bearer {canary}", reason=f"Bearer {canary} was refused",
    )  # fmt: skip

    everything = page("ada") + export("csv") + export("jsonl") + str(list(AuditEntry.objects.values()))

    assert AuditEntry.objects.count() >= 2
    assert canary not in everything
