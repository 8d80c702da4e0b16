"""The guide's page: every finding's section is there, the search narrows it, a service gets its live answers."""

import pytest
from django.test import Client

from accounts.models import Person
from core.errors import NotFound
from diagnosis.choices import CAUSES
from diagnosis.choices.guide_checks import CHECKS_OF
from diagnosis.choices.guide_text import SECTIONS
from diagnosis.queries.guide_access import access_answers
from diagnosis.queries.guide_page import guide_page
from diagnosis.rules.guide_walk import WALK
from tests import builders
from tests.processes import Processes, wait_until


def test_every_cause_points_to_a_section_of_the_guide():
    assert {cause.guide for cause in CAUSES.values()} <= {section.id for section in SECTIONS}


def test_section_ids_are_used_once():
    assert len({section.id for section in SECTIONS}) == len(SECTIONS)


PARAGRAPHS = {one.id: section for section in SECTIONS for one in section.paragraphs}


def test_ids_of_paragraphs_are_used_once():
    assert len(PARAGRAPHS) == sum(len(section.paragraphs) for section in SECTIONS)


@pytest.mark.django_db
def test_paragraphs_and_live_checks_are_joined_by_id_in_both_directions(dev):
    live = {*(row.id for rows in WALK.values() for row in rows), *access_answers(dev, "")}

    assert CHECKS_OF.keys() <= PARAGRAPHS.keys()
    assert {check for checks in CHECKS_OF.values() for check in checks} == live


@pytest.mark.parametrize("paragraph", PARAGRAPHS)
def test_a_paragraph_has_a_live_check_or_its_section_says_why_not(paragraph: str):
    assert CHECKS_OF.get(paragraph) or PARAGRAPHS[paragraph].unchecked


@pytest.mark.django_db
def test_the_search_keeps_sections_with_all_words(dev):
    found = guide_page(dev, q="stdio transport", about="")

    assert [section.text.id for section in found.sections] == ["connection-refused"]


@pytest.fixture
def browser(db: None) -> Client:
    client = Client()
    client.force_login(Person.objects.signed_in("dev"))
    return client


def test_a_search_without_hits_says_so(browser):
    answer = browser.get("/guide/", {"q": "giraffe"})

    assert "The guide has nothing on that." in answer.content.decode()


@pytest.mark.parametrize("section", ["timeouts", "connection-refused"])
def test_whether_it_is_reachable_is_asked_with_the_address_of_this_installation(dev, db, settings, section):
    settings.PUBLIC_URL = "https://mctl.example.dev"
    found = next(one for one in guide_page(dev, q="", about="").sections if one.text.id == section)

    reasons = [answer.reason for paragraph in found.paragraphs for answer in paragraph.answers]

    assert any("curl https://mctl.example.dev/healthz" in reason for reason in reasons)


def test_operation_not_found_lists_what_is_registered(browser):
    assert "<code>deploy-service</code>" in browser.get("/guide/").content.decode()


def test_every_section_can_be_jumped_to(browser):
    page = browser.get("/guide/").content.decode()

    assert [section.id for section in SECTIONS if f'href="#{section.id}"' not in page] == []


def answers(page, section: str) -> str:
    shown = next(one for one in page.sections if one.text.id == section)
    return " ".join(answer.reason for paragraph in shown.paragraphs for answer in paragraph.answers)


@pytest.mark.django_db
def test_a_viewer_is_told_the_role_that_lacks_and_whom_to_ask(vera):
    builders.the_cast()
    builders.operation()
    page = guide_page(vera, q="forbidden", about="deploy-service-x7k2p")

    assert "You are viewer of payments" in answers(page, "forbidden")
    assert "Ask olga" in answers(page, "forbidden")


@pytest.mark.django_db
def test_an_operation_can_be_asked_about(dev):
    builders.operation()

    assert guide_page(dev, q="", about="deploy-service-x7k2p").sentence.startswith("payments-api")


@pytest.mark.django_db
def test_a_mistyped_operation_is_offered_the_nearest(dev):
    builders.operation()
    with pytest.raises(NotFound) as refused:
        guide_page(dev, q="", about="deploy-service-x7k2")

    assert "deploy-service-x7k2p" in refused.value.remedy


@pytest.mark.django_db
def test_a_hidden_service_answers_like_an_absent_one(oscar):
    with pytest.raises(NotFound):
        guide_page(oscar, q="", about="payments/payments-api")


@pytest.mark.django_db
def test_a_broken_service_has_its_finding_beside_the_paragraph(platform: Processes, dev):
    builders.service(tenant="payments", name="ledger-api")

    def section():
        shown = guide_page(dev, q="", about="payments/ledger-api")
        return next(one for one in shown.sections if one.text.id == "degraded")

    wait_until(lambda: "oom-killed" in {one.cause for one in section().found}, "ledger-api is killed for memory")

    killed = next(one for one in section().paragraphs if one.text.title == "It is killed for memory")
    assert killed.answers[0].verdict == "confirmed"
