"""The OpenAPI document is whole: whoever reads nothing else can call every endpoint."""

from typing import Any

import pytest

from mctl.api_document import document
from mctl.api_v1 import api, urlpatterns
from operations.registry import definitions
from tests import builders
from tests.doors.test_rest_reads import script

DOCUMENT = document(api)
ENDPOINTS = [(path, method) for path, item in DOCUMENT["paths"].items() for method in item]


def endpoint(path: str, method: str) -> dict[str, Any]:
    return DOCUMENT["paths"][path][method]


def test_it_is_openapi_3_1_and_every_reference_leads_somewhere() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    wanted = {value.removeprefix("#/components/schemas/") for key, value in walked(DOCUMENT) if key == "$ref"}
    assert wanted
    assert wanted <= set(DOCUMENT["components"]["schemas"])


def walked(value: Any) -> Any:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield key, inner
        yield from walked(inner)


def test_every_route_is_in_it() -> None:
    routes = {"/api/v1/" + str(one.pattern).replace("<", "{").replace(">", "}") for one in urlpatterns}
    assert set(DOCUMENT["paths"]) == routes - {"/api/v1/openapi.json"} | {"/api/v1/whoami"}


@pytest.mark.parametrize(("path", "method"), ENDPOINTS)
def test_every_endpoint_says_what_it_does_and_how_it_refuses(path: str, method: str) -> None:
    about = endpoint(path, method)
    assert about["summary"]
    assert {"401", "429"} <= set(about["responses"])
    assert all(answer["description"] for answer in about["responses"].values())
    for status, answer in about["responses"].items():
        if status[0] in "45":
            assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/Error")
    assert all("description" in one for one in about["parameters"] if one["in"] in {"query", "header"})


def test_operation_ids_are_unique() -> None:
    ids = [endpoint(*one)["operationId"] for one in ENDPOINTS]
    assert len(ids) == len(set(ids))


def test_every_declared_operation_has_its_parameters_and_an_example() -> None:
    content = endpoint("/api/v1/operations/{operation}/execute", "post")["requestBody"]["content"]["application/json"]
    assert set(content["examples"]) == set(definitions())
    assert len(content["schema"]["anyOf"]) == len(definitions())
    assert "Location" in endpoint("/api/v1/operations/{operation}/execute", "post")["responses"]["202"]["headers"]


@pytest.mark.django_db
def test_it_is_served_to_whoever_is_let_in(valkey: None) -> None:
    builders.the_cast()
    answer = script("vera", "read").get("/api/v1/openapi.json")
    assert (answer.status_code, answer.json()["info"]["title"]) == (200, "MCTL")
