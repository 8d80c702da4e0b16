"""Django's admin: platform admins look, nobody writes, and the dashboard's sign-in is the only one."""

import pytest
from django.test import Client

from accounts.models import Person
from core import audit
from core.actor import Actor, Door, Scope
from core.admin import may_administer, site
from operations.models import AuditEntry, Operation, Step
from tenants.models import Tenant
from tests import builders
from tests.doors.test_permissions import ROUTES, client_of, url_of

pytestmark = pytest.mark.django_db

ADMIN_ROUTES = [name for name in ROUTES if name.startswith("admin:")]
LISTS = [name for name in ADMIN_ROUTES if name.endswith("_changelist")]


@pytest.fixture(autouse=True)
def world(valkey: None) -> None:
    builders.the_cast()
    builders.service()
    builders.source()
    operation = builders.operation()
    Step.objects.create(operation=operation, position=0, name="commit", title="Commit")
    audit.record(Actor("vera", Door.WEB), "deploy-service", result=audit.DENIED, tenant="payments", target="payments/a")
    Person.objects.signed_in("ada")


def test_every_ledger_is_there() -> None:
    kept = {model._meta.label for model in site._registry}

    assert kept == {
        "accounts.Person", "operations.AuditEntry", "operations.Operation", "operations.Step", "services.Service",
        "tenants.Member", "tenants.Source", "tenants.Tenant",
    }  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_a_platform_admin_sees_each_list_and_each_row(name: str) -> None:
    client = client_of("ada")
    label = name.removeprefix("admin:").removesuffix("_changelist").replace("_", ".")
    row = next(model for model in site._registry if model._meta.label_lower == label).objects.first()

    listed = client.get(url_of(name), {"q": "a"})
    shown = client.get(f"{url_of(name)}{row.pk}/change/")

    assert (listed.status_code, shown.status_code) == (200, 200)
    assert 'name="_save"' not in shown.content.decode()


@pytest.mark.parametrize("name", ADMIN_ROUTES)
@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_is_written_through_any_page(name: str, method: str) -> None:
    answer = getattr(client_of("ada"), method)(url_of(name))

    assert answer.status_code == 405
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize("path", ["add/", "1/delete/", "1/history/"])
def test_there_are_no_pages_that_write(path: str) -> None:
    assert client_of("ada").get(f"/admin/operations/operation/{path}").status_code == 404


@pytest.mark.parametrize("path", ["login/", "logout/", "password_change/", "autocomplete/"])
def test_there_is_no_other_sign_in(path: str) -> None:
    assert client_of("ada").get(f"/admin/{path}").status_code == 404
    assert client_of("stranger").get("/admin/")["Location"] == "/sandbox/sign-in/?next=/admin/"


def test_a_refused_owner_is_told_why_and_it_is_kept() -> None:
    answer = client_of("olga").get("/admin/operations/auditentry/")

    assert answer.status_code == 403
    assert "platform admins" in answer.content.decode()
    entry = AuditEntry.objects.order_by("-pk")[0]
    assert (entry.actor, entry.verb, entry.result) == ("olga", "admin", "denied")


def test_a_token_needs_the_admin_scope() -> None:
    assert not may_administer(Actor("ada", Door.REST, is_admin=True, scopes=frozenset({Scope.READ}))).allowed


def test_ledgers_are_searched_and_filtered() -> None:
    builders.operation("deploy-service-aaaaa", service="ledger-api", state="failed", finished_at=builders.COMMITTED_AT)
    client = client_of("ada")

    found = client.get("/admin/operations/operation/", {"q": "aaaaa"}).content.decode()
    failed = client.get("/admin/operations/operation/", {"state": "failed"}).content.decode()

    assert "deploy-service-aaaaa" in found
    assert "deploy-service-x7k2p" not in found
    assert Operation.objects.count() == 2
    assert failed


def test_markup_in_a_value_is_text() -> None:
    Tenant.objects.filter(name="labs").update(display_name="<script>alert(1)</script>")

    assert "<script>alert" not in client_of("ada").get("/admin/tenants/tenant/").content.decode()


def test_no_page_needs_what_the_content_policy_forbids() -> None:
    """No inline script, style or handler; a browser would be silent about what it refuses to run."""
    client: Client = client_of("ada")
    for path in ("/admin/", "/admin/operations/", "/admin/operations/operation/", "/admin/operations/auditentry/"):
        page = client.get(path).content.decode()
        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page
        assert all(" src=" in script for script in page.split("<script")[1:] if "application/json" not in script)
