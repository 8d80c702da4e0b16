"""The script door of a running house: the CI script, and the API under fuzzing."""

import os
import subprocess
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS

from mctl.api_document import document
from mctl.api_v1 import api

SCRIPT = Path(__file__).parents[2] / "deploy" / "ci" / "deploy.sh"
KEPT = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
schema = schemathesis.openapi.from_dict(document(api))


def deploy(house: str, token: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    told = {"PATH": os.environ["PATH"], "MCTL_URL": house, "MCTL_TOKEN": token, **environment}
    return subprocess.run([str(SCRIPT), *arguments], env=told, capture_output=True, text=True, timeout=120)


def test_the_ci_script_ends_well_when_the_version_runs(house: str, token: str) -> None:
    ended = deploy(house, token, "storefront/catalog-api", "1.13.0")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    status = requests.get(
        f"{house}/api/v1/services/storefront/catalog-api", headers={"Authorization": f"Bearer {token}"}, timeout=20
    )
    assert status.json()["imageTag"] == "1.13.0"


def test_the_ci_script_fails_and_prints_the_cause_when_the_tag_does_not_exist(house: str, token: str) -> None:
    ended = deploy(house, token, "storefront/search-indexer", "9.9.9")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "9.9.9" in ended.stderr
    assert "no such tag" in ended.stderr
    assert token not in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("service", "tag", "said"),
    [("payments/checkout-web", "latest", "Name a version"), ("labs/playground", "1.0.0", "that you can see")],
)
def test_the_ci_script_says_why_nothing_began(house: str, token: str, service: str, tag: str, said: str) -> None:
    ended = deploy(house, token, service, tag)
    assert ended.returncode == 2
    assert said in ended.stderr


def test_the_ci_script_says_that_the_time_was_over_first(house: str, token: str) -> None:
    ended = deploy(house, token, "payments/statement-renderer", "9.9.8", MCTL_WAIT_S="1")
    assert ended.returncode == 3
    assert "it goes on" in ended.stderr


@schema.parametrize()
@settings(max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_no_input_breaks_an_endpoint(case: schemathesis.Case, house: str, token: str) -> None:
    answer = case.call(base_url=house, headers={"Authorization": f"Bearer {token}"}, timeout=40)
    case.validate_response(answer, checks=CHECKS.get_by_names(list(KEPT)))
