"""Which other sites' pages may call the API: those of the allow-list, never with the browser's session."""

import pytest
from django.test import Client
from pytest_django import Settings

ASKING = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
WHOAMI = "/api/v1/whoami"


@pytest.fixture(autouse=True)
def allowed(settings: Settings, valkey: None) -> None:
    settings.CORS_ORIGINS = ["https://portal.example.dev"]


def test_a_page_of_the_list_is_told_what_it_may_send() -> None:
    answer = Client().options(WHOAMI, headers={"Origin": "https://portal.example.dev", **ASKING})
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (204, "https://portal.example.dev")
    assert "Idempotency-Key" in answer["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.django_db
def test_a_refusal_can_be_read_by_a_page_of_the_list() -> None:
    answer = Client().get(WHOAMI, headers={"Origin": "https://portal.example.dev"})
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (401, "https://portal.example.dev")
    assert "Origin" in answer["Vary"]
    assert "Authorization" in answer["Vary"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://portal.example.dev.evil.example", "null", "http://portal.example.dev"]
)
def test_other_pages_are_told_nothing(origin: str) -> None:
    for answer in (Client().options(WHOAMI, headers={"Origin": origin, **ASKING}),
                   Client().get(WHOAMI, headers={"Origin": origin})):  # fmt: skip
        assert answer.status_code == 401
        assert not [name for name in answer.headers if name.startswith("Access-Control")]


@pytest.mark.django_db
def test_pages_of_the_dashboard_are_never_shared(settings: Settings) -> None:
    answer = Client().get("/", headers={"Origin": "https://portal.example.dev"})
    assert "Access-Control-Allow-Origin" not in answer
