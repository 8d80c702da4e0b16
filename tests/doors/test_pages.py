"""Every piece of every page: with something to show and without, unreadable, and with so many queries as before."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from django.utils.functional import lazy
from pytest_django import Settings
from structlog.testing import capture_logs

from accounts.models import Person
from core.actor import Actor
from core.clock import now
from core.errors import Unavailable
from core.gate import ActorRequest, gate
from core.htmx import page_of_tab
from core.page import HOME, Page, Panel, PanelShown, Subject, Tab
from integrations.gitops import Commit
from mctl.urls import urlpatterns as product_urlpatterns
from services.models import URGENCY_BROKEN
from services.panels import SERVICE_PAGE
from tenants.models import HostClaim
from tenants.panels import TENANT_PAGE, tenant_subject
from tests import builders
from tests.rendering import INVALID, strict_engine

pytestmark = pytest.mark.django_db

PAGES = {"home": HOME, "tenant": TENANT_PAGE, "service": SERVICE_PAGE}
# How many queries a panel makes that is read alone: for a subject with all that it shows, and for one without.
QUERIES = {
    "home.summary": (4, 4),
    "home.needs-you": (4, 4),
    "home.tenants": (3, 3),
    "home.running": (2, 1),
    "home.recent-changes": (1, 1),
    "home.sources": (1, 1),
    "tenant.services-summary": (3, 2),
    "tenant.services-filter": (3, 2),
    "tenant.services": (3, 2),
    "tenant.quota": (1, 1),
    "tenant.running": (2, 1),
    "tenant.members": (1, 1),
    "service.diagnosis": (0, 0),
    "service.pods": (0, 0),
    "service.facts": (2, 1),
    "service.history": (1, 0),
}
NAMES = [f"{page}.{panel.name}" for page, its in PAGES.items() for panel in its.panels]
ABSENT = {"home.sources"}


def panel_of(name: str) -> Panel:
    page, _, panel = name.partition(".")
    return next(one for one in PAGES[page].panels if one.name == panel)


@pytest.fixture(autouse=True)
def cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pods, a diagnosis and a history without a cluster and git: what is read live has tests of its own."""
    answer = SimpleNamespace(list=lambda *asked, **more: [])
    monkeypatch.setattr("services.queries.live.cluster", lambda: answer)
    commit = Commit("9f31c2e", "dev", now(), "deploy", "", {"Operation-Id": "deploy-service-x7k2p"})
    history = SimpleNamespace(history=lambda path, **more: [commit])
    monkeypatch.setattr("services.queries.page.gitops", lambda: history)
    found = {"healthy": True, "sentence": "All is well.", "findings": [], "checked": [], "sources": []}
    monkeypatch.setattr("diagnosis.panels.diagnose_service", lambda tenant, service: found)


def full(page: str, actor: Actor) -> Subject:
    builders.the_cast()
    service = builders.service(urgency=URGENCY_BROKEN)
    claim = {"host": "api.example.dev", "path": "/", "source": "ingress"}
    HostClaim.objects.create(tenant="payments", service="payments-api", **claim)
    for name in ("gitops", "kubernetes:pods"):
        builders.source(name)
    builders.operation()
    subjects = {"home": Subject(), "service": Subject("payments", "payments-api", service)}
    return subjects.get(page) or tenant_subject(actor, "payments", {})


def bare(page: str, actor: Actor) -> Subject:
    """A tenant, and a service, of which nothing is known but the name."""
    if page == "home":
        return Subject()
    if page == "tenant":
        builders.tenant("payments", cluster_observed_at=None)
        return tenant_subject(actor, "payments", {})
    unknown = {"replicas_wanted": None, "replicas_ready": None, "restarts": None, "pods": None, "values_path": ""}
    return Subject("payments", "payments-api", builders.service(**unknown, running_tag="", cluster_observed_at=None))


def drawn(template: str, context: dict[str, Any]) -> str:
    request = RequestFactory().get("/")
    request.htmx = None  # type: ignore[attr-defined]
    text: str = strict_engine().get_template(template).render(context, request)
    return text


def test_every_panel_has_a_row() -> None:
    assert set(NAMES) == set(QUERIES), "QUERIES above has a row for each panel"


@pytest.mark.parametrize("make", [full, bare])
@pytest.mark.parametrize("name", NAMES)
def test_a_panel_is_drawn_with_few_queries(
    name: str, make: Callable[[str, Actor], Subject], dev: Actor, django_assert_num_queries: Any
) -> None:
    panel, subject = replace(panel_of(name), is_slow=False), make(name.partition(".")[0], dev)
    alone = Page("alone", template="", part="")
    alone.add(panel)
    with django_assert_num_queries(QUERIES.get(name, (0, 0))[make is bare]):
        shown = alone.read(dev, subject, panel=panel.name)
    if shown is None:
        told = f"{name} shows nothing: full() must make what it shows; what it may lack is named in ABSENT"
        assert make is bare, told
        assert name in ABSENT, told
        return
    text = drawn("core/_panel.html", {"panel": shown, "subject": subject, "csrf_token": ""})
    assert INVALID not in text
    assert "cannot be read" not in text or make is bare
    assert "an error inside MCTL" not in text


@pytest.mark.parametrize("name", NAMES)
def test_a_panel_that_cannot_be_read_says_so_in_its_place_and_the_page_stands(
    name: str, monkeypatch: pytest.MonkeyPatch, valkey: None, dev: Actor
) -> None:
    page, panel = PAGES[name.partition(".")[0]], panel_of(name)
    full(page.name, dev)
    others = [one for one in page._pieces.values() if one is not panel]
    monkeypatch.setattr(page, "_pieces", {(type(one), one.name): one for one in others})
    page.add(replace(panel, read=refused, kept=None))
    client = Client()
    client.force_login(Person.objects.signed_in("dev"))
    addresses = {
        "home": "/", "tenant": "/tenants/payments/", "service": "/tenants/payments/services/payments-api/",
    }  # fmt: skip

    answer = client.get(addresses[page.name])

    text = answer.content.decode()
    assert answer.status_code == 200
    assert text.count("Nobody answers.") == 1
    assert f"{panel.title} cannot be read." in text
    assert len(re.findall('class="card', text)) >= 2


def refused(actor: Actor, subject: Subject) -> None:
    raise Unavailable("Nobody answers.")


@pytest.mark.parametrize("tab", [tab.name for tab in SERVICE_PAGE.tabs])
def test_every_tab_of_a_service_marks_itself_alone(tab: str, dev: Actor) -> None:
    shown = SERVICE_PAGE.open(dev, full("service", dev), tab=tab)
    text = drawn("core/_tabs.html", {"page": shown, "what": "About payments-api"})
    assert INVALID not in text
    assert text.count("<li>") == len(SERVICE_PAGE.tabs)
    current = next(link for link in shown.tabs if link.is_current)
    assert re.findall(r'href="([^"]+)"\s+aria-current="page"', text) == [current.address]


@pytest.mark.parametrize(
    ("login", "tenant", "service"),
    [
        ("vera", ["wrong-now"], ["logs"]),
        ("dev", ["wrong-now", "add-service"], ["logs", "configure", "scale", "roll-back", "deploy"]),
    ],
)
def test_everybody_sees_the_buttons_they_may_press(
    login: str, tenant: list[str], service: list[str], request: pytest.FixtureRequest
) -> None:
    actor = request.getfixturevalue(login)
    subject = full("service", actor)
    for page, expected in ((TENANT_PAGE, tenant), (SERVICE_PAGE, service)):
        about = subject if page is SERVICE_PAGE else tenant_subject(actor, "payments", {})
        shown = page.open(actor, about)
        assert [link.piece.name for link in shown.buttons] == expected
        assert drawn("core/_buttons.html", {"page": shown}).count("<a class=") == len(expected)


# --- An app that nobody here knows


@gate("tenants.see")
def widgets(request: ActorRequest, tenant: str) -> HttpResponse:
    subject = tenant_subject(request.actor, tenant, request.GET.dict())
    return page_of_tab(request, TENANT_PAGE, subject, tab="widgets", body="widgets/_tab.html", number=7)


urlpatterns = [path("tenants/<slug:tenant>/widgets/", widgets, name="widgets"), *product_urlpatterns]


@pytest.fixture
def another_app(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "widgets").mkdir()
    (tmp_path / "widgets/_tab.html").write_text("<p>{{ number }} widgets of {{ page.subject.tenant }}</p>")
    (tmp_path / "widgets/_panel.html").write_text("<p>{{ shown }} of {{ subject.service }}</p>")
    (tmp_path / "widgets/_wrong.html").write_text("<p>{% no_such_tag %}</p>")
    (own,) = settings.TEMPLATES
    settings.TEMPLATES = [{**own, "DIRS": [*own["DIRS"], tmp_path]}]
    for page in (TENANT_PAGE, SERVICE_PAGE):
        monkeypatch.setattr(page, "_pieces", dict(page._pieces))
    TENANT_PAGE.add(Tab("widgets", "Widgets", "widgets"))
    SERVICE_PAGE.add(Panel("widgets", "widgets/_panel.html", lambda actor, subject: "Three widgets"))


@pytest.mark.urls(__name__)
def test_another_app_adds_a_tab_to_the_tenants_page_and_a_panel_to_a_service_s(
    another_app: None, dev: Actor, valkey: None
) -> None:
    full("tenant", dev)
    client = Client()
    client.force_login(Person.objects.signed_in("dev"))

    own, first = (client.get(f"/tenants/payments/{tab}").content.decode() for tab in ("widgets/", ""))

    assert "<p>7 widgets of payments</p>" in own
    assert re.search(r'href="/tenants/payments/widgets/"\s+aria-current="page"', own)
    assert re.search(r'href="/tenants/payments/"\s+aria-current="page"\s+>Overview', first)
    assert 'aria-label="About payments"' in own
    page = client.get("/tenants/payments/services/payments-api/").content.decode()
    assert "<p>Three widgets of payments-api</p>" in page


def read_late(problem: Exception) -> Any:
    """A value that is read when it is drawn, as the rows of a QuerySet are."""

    def read() -> str:
        raise problem

    return lazy(read, str)()


@pytest.mark.parametrize(
    ("template", "value", "told"),
    [
        ("_missing.html", "Two widgets", "Showing it ended in an error inside MCTL."),
        ("_wrong.html", "Two widgets", "Showing it ended in an error inside MCTL."),
        ("_panel.html", read_late(KeyError("cpu")), "Showing it ended in an error inside MCTL."),
        ("_panel.html", read_late(Unavailable("Nobody answers.")), "Nobody answers."),
    ],
    ids=["no template", "a wrong template", "a mistake read late", "a problem read late"],
)
def test_a_panel_that_cannot_be_drawn_says_so_in_its_place_and_the_page_stands(
    template: str, value: Any, told: str, another_app: None, dev: Actor, valkey: None
) -> None:
    SERVICE_PAGE.add(Panel("late", f"widgets/{template}", lambda actor, subject: value, changes=("service.changed",)))
    full("service", dev)
    client = Client()
    client.force_login(Person.objects.signed_in("dev"))
    address = "/tenants/payments/services/payments-api/"

    page = client.get(address)
    swapped = client.get(address, headers={"HX-Request": "true", "HX-Target": "late"})

    assert (page.status_code, swapped.status_code) == (200, 200)
    assert "<p>Three widgets of payments-api</p>" in page.content.decode()
    for text in (page.content.decode(), swapped.content.decode()):
        assert text.count("Late cannot be read.") == text.count(told) == text.count('id="late"') == 1
        assert "Two widgets" not in text


def test_a_panel_whose_template_draws_nothing_is_no_failure(another_app: None, dev: Actor, tmp_path: Path) -> None:
    (tmp_path / "widgets/_nothing.html").write_text("")
    nothing = PanelShown(Panel("nothing", "widgets/_nothing.html", lambda actor, subject: 1), 1)
    assert drawn("core/_panel.html", {"panel": nothing, "subject": Subject(), "csrf_token": ""}).strip() == ""


def test_a_panel_that_cannot_be_drawn_is_logged(another_app: None) -> None:
    wrong = PanelShown(Panel("wrong", "widgets/_wrong.html", lambda actor, subject: 1), 1)
    with capture_logs() as logs:
        drawn("core/_panel.html", {"panel": wrong, "subject": Subject(), "csrf_token": ""})
    assert [(one["event"], one["panel"], one["exc_info"]) for one in logs] == [("panel_failed", "wrong", True)]


def test_a_tenant_s_page_with_one_tab_has_no_row_of_tabs(
    monkeypatch: pytest.MonkeyPatch, dev: Actor, valkey: None
) -> None:
    full("tenant", dev)
    others = set(TENANT_PAGE.tabs[1:])
    alone = {key: piece for key, piece in TENANT_PAGE._pieces.items() if piece not in others}
    monkeypatch.setattr(TENANT_PAGE, "_pieces", alone)
    client = Client()
    client.force_login(Person.objects.signed_in("dev"))
    assert 'class="tabs"' not in client.get("/tenants/payments/").content.decode()


def test_a_swap_of_one_panel_gets_that_panel_alone(dev: Actor, valkey: None) -> None:
    full("tenant", dev)
    client = Client()
    client.force_login(Person.objects.signed_in("dev"))

    def swap(target: str) -> str:
        answer = client.get("/tenants/payments/", headers={"HX-Request": "true", "HX-Target": target})
        assert "HX-Target" in answer["Vary"] or target == "tenant"
        return answer.content.decode()

    assert 'id="services"' in swap("services")
    assert 'id="quota-title"' not in swap("services")
    assert {'id="services"', 'id="quota-title"', 'id="tenant"'} <= set(re.findall(r'id="[^"]+"', swap("tenant")))
