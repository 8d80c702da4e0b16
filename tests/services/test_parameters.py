"""What deploy-service takes and what it refuses, with field, value, sentence and example."""

from typing import Any

import pytest

from core.errors import Invalid
from core.parse import parse_parameters
from services.runners.parameters import (
    DeployServiceParameters,
    RollbackServiceParameters,
    ScaleServiceParameters,
    ServiceParameters,
)

DEPLOY = {"action": "deploy", "team_name": "payments", "component_name": "checkout-web", "image_tag": "5.1.0"}


def read(**changes: Any) -> DeployServiceParameters:
    return parse_parameters(DeployServiceParameters, {**DEPLOY, **changes})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("image_tag", ""),
        ("image_tag", "latest"),
        ("image_tag", "1.4.2 beta"),
        ("image_tag", "ghcr.io/acme/x:1"),
        ("image_tag", "-rf"),
        ("image_tag", "1.4\n2"),
        ("team_name", "Payments"),
        ("team_name", "../etc"),
        ("component_name", "a" * 32),
        ("component_name", "ends-"),
        ("port", 0),
        ("port", "65536"),
        ("port", "eighty"),
        ("replicas", "-1"),
        ("env_vars", {"1BAD": "x"}),
        ("env_vars", {"A-B": "x"}),
        ("env_vars", "no equals sign"),
        ("env_vars", {"NUL": "a\0b"}),
        ("env_vars", {"BIG": "x" * 1_048_576}),
        ("health_check_path", "healthz"),
        ("memory_limit", "lots"),
        ("memory_limit", "0"),
        ("host", "not a host"),
        ("host", "shop.apps.example.dev\n  path: /evil"),
        ("host", "{{ .Release.Name }}.apps.example.dev"),
        ("host", "*.apps.example.dev"),
        ("host", "sh\u043ep.apps.example.dev"),
        ("component_name", "api: &x"),
        ("component_name", "{{ .Values.env }}"),
        ("image_repository", "ghcr.io/acme/{{x}}"),
        ("health_check_path", "/x\nexec: {}"),
        ("health_check_path", "/{{ .Values.env }}"),
        ("port", "80: x"),
        ("surprise", "x"),
    ],
)
def test_bad_input_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        read(**{field: value})
    entry = refusal.value.fields[0]
    assert entry["field"] == field
    assert entry["sentence"].endswith(".")
    assert len(entry["value"]) < 200
    assert entry["example"] or field == "surprise"


def test_a_million_characters_are_not_repeated_in_the_answer() -> None:
    with pytest.raises(Invalid) as refusal:
        read(env_vars={"BIG": "x" * 1_048_576})
    assert "1,048,580 bytes" in refusal.value.fields[0]["sentence"]


def test_a_refused_secret_is_never_repeated() -> None:
    with pytest.raises(Invalid) as refusal:
        read(secret_env_vars="TOKEN canary-4711")
    assert "canary-4711" not in str(refusal.value.as_dict())


@pytest.mark.parametrize(
    "value", ['say "hi"', "it's", "a: b", "{{ .Values.x }}", "---", "!!python/object", "a=b=c", " spaced ", "#no", "*x"]
)
def test_awkward_values_are_taken_as_they_are(value: str) -> None:
    assert read(env_vars={"VALUE": value}).env_vars == {"VALUE": value}
    assert read(env_vars=f"VALUE={value}").env_vars == {"VALUE": value}


def test_numbers_and_booleans_in_a_map_become_text() -> None:
    assert read(env_vars={"PORT": 8080, "DEBUG": True}).env_vars == {"PORT": "8080", "DEBUG": "true"}


def test_onboarding_needs_an_image_and_update_config_refuses_one() -> None:
    with pytest.raises(Invalid, match="image_repository"):
        read(action="onboard")
    with pytest.raises(Invalid, match="image_tag"):
        read(action="update-config")
    with pytest.raises(Invalid, match="image_tag"):
        read(image_tag=None)


def test_two_long_names_do_not_fit_a_host() -> None:
    with pytest.raises(Invalid, match="component_name"):
        read(team_name="t" * 31, component_name="s" * 31)


@pytest.mark.parametrize("model", [DeployServiceParameters, ScaleServiceParameters, RollbackServiceParameters])
def test_names_that_are_too_long_together_are_refused_with_both_lengths(model: type[ServiceParameters]) -> None:
    """Helm takes a release of 53 characters: the two names and the dash between them."""
    given = {"team_name": "t" * 31, "component_name": "s" * 21}
    action = {"action": "deploy", "image_tag": "1.0.0"} if model is DeployServiceParameters else {}
    assert parse_parameters(model, {**given, **action}).component_name == "s" * 21
    with pytest.raises(Invalid) as refusal:
        parse_parameters(model, {**given, **action, "component_name": "s" * 22})
    (entry,) = refusal.value.fields
    assert (entry["field"], entry["example"]) == ("component_name", "checkout-web")
    assert f"{'t' * 31} has 31 characters and {'s' * 22} 22" in entry["sentence"]
    assert "Helm takes 53. Shorten the service's name by 1." in entry["sentence"]
