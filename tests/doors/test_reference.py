"""The reference pages hold all that the registries hold, and nothing else; what is declared later stands there too."""

import json
import re
from html import unescape
from pathlib import Path

import pytest
from django.template.defaultfilters import escape
from django.test import Client

from accounts.models import Person
from core.errors import Invalid
from core.parse import parse_parameters
from mcp_server.catalogue import catalogue, input_schema
from mctl.api_document import document
from mctl.api_v1 import api
from mctl.reference import PAGES, reference_page
from operations.registry import definitions
from tests import builders
from tests.operations import small

pytestmark = pytest.mark.django_db
README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(autouse=True)
def world(valkey: None) -> None:
    builders.the_cast()


def visitor() -> Client:
    client = Client()
    client.force_login(Person.objects.signed_in("vera"))
    return client


def names(kind: str, q: str = "") -> list[str]:
    return [entry.anchor for _, entries in reference_page(kind, q).groups for entry in entries]


def test_every_tool_stands_there_once_with_exactly_its_arguments() -> None:
    entries = {entry.name: entry for _, entries in reference_page("tools").groups for entry in entries}
    assert list(map(str, sorted(entries))) == sorted(catalogue())
    for name, one in catalogue().items():
        schema = input_schema(one)
        takes = entries[name].takes
        assert [field.name for field in takes] == list(schema["properties"])
        assert {field.name for field in takes if field.needed} == set(schema.get("required", ()))


def test_every_operation_has_its_parameters_its_steps_and_an_example_that_is_taken() -> None:
    entries = {entry.name: entry for _, entries in reference_page("operations").groups for entry in entries}
    assert set(entries) == set(definitions())
    for name, one in definitions().items():
        assert [field.name for field in entries[name].takes] == list(one.parameters.model_fields)
        assert parse_parameters(one.parameters, json.loads(entries[name].example))
        assert entries[name].gives
        assert next(mark.label for mark in entries[name].marks) == f"{one.risk} risk"


def test_a_viewer_reads_that_deploying_needs_a_developer() -> None:
    page = reference_page("operations", "deploy-service")
    labels = [mark.label for _, entries in page.groups for entry in entries for mark in entry.marks]
    assert "developer of the tenant" in labels


def test_every_endpoint_stands_there_with_what_it_answers() -> None:
    paths = document(api)["paths"]
    wanted = {about["operationId"]: set(about["responses"]) for item in paths.values() for about in item.values()}
    entries = [entry for _, entries in reference_page("api").groups for entry in entries]
    assert {entry.anchor: {field.name for field in entry.gives} for entry in entries} == wanted


def test_an_operation_declared_later_stands_on_both_pages_by_itself() -> None:
    with small.registered():
        assert "paint-service" in names("operations")
        assert "mctl_paint_service" in names("tools")
    assert "paint-service" not in names("operations")


@pytest.mark.parametrize(
    ("kind", "q", "found"),
    [("tools", "logs container", "mctl_get_service_logs"), ("operations", "IMAGE_TAG", "deploy-service"),
     ("api", "idempotency", "executeOperation"), ("faq", "toolset", "toolsets")],
)  # fmt: skip
def test_the_search_looks_into_names_words_and_arguments(kind: str, q: str, found: str) -> None:
    assert found in names(kind, q)
    assert len(names(kind, q)) < len(names(kind))


@pytest.mark.parametrize("kind", PAGES)
def test_each_page_shows_all_its_entries_and_says_when_nothing_matches(kind: str) -> None:
    client = visitor()
    page = client.get(f"/reference/{kind}/")
    ids = re.findall(r' id="([^"]+)"', page.content.decode())
    assert len(ids) == len(set(ids))
    assert set(names(kind)) <= set(ids)
    part = client.get(f"/reference/{kind}/", headers={"HX-Request": "true"}).content.decode()
    assert part.strip() in page.content.decode()
    assert "Nothing here is about that" in client.get(f"/reference/{kind}/?q=zzzz").content.decode()


def test_what_was_searched_for_is_shown_as_text() -> None:
    asked = '"><script>alert(1)</script>'
    page = visitor().get("/reference/tools/", {"q": asked}).content.decode()
    assert escape(asked) in page
    assert asked not in page


def test_the_questions_give_the_numbers_of_this_installation(settings: object) -> None:
    settings.READS_PER_MINUTE = 4711  # type: ignore[attr-defined]
    assert "4711 reads" in unescape(visitor().get("/reference/faq/").content.decode())


def test_the_pages_are_a_step_from_the_menu_and_named_in_the_readme() -> None:
    assert '<a href="/reference/tools/"' in visitor().get("/services/").content.decode()
    assert "/reference/tools/" in README.read_text()


def test_an_example_with_a_wrong_value_would_not_have_been_taken() -> None:
    one = definitions()["deploy-service"]
    with pytest.raises(Invalid):
        parse_parameters(one.parameters, {**one.example, "image_tag": "latest"})
