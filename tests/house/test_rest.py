"""The script door of a running house: the CI script, and the API under fuzzing."""

import os
import subprocess
from collections.abc import Iterator
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


def begin(house: str, token: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    told = {"PATH": os.environ["PATH"], "MCTL_URL": house, "MCTL_TOKEN": token, **environment}
    pipe = subprocess.PIPE
    return subprocess.Popen([str(SCRIPT), *arguments], env=told, stdout=pipe, stderr=pipe, text=True)


def end(script: subprocess.Popen[str]) -> tuple[int, str, str]:
    """(exit code, what it printed, what it complained of)"""
    out, err = script.communicate(timeout=120)
    return script.returncode, out, err


@pytest.fixture(scope="module", autouse=True)
def script_with_a_lost_tag(house: str, token: str) -> Iterator[subprocess.Popen[str]]:
    """Begun first and looked at last: an operation is patient with a failing rollout, and the others need not be."""
    with begin(house, token, "storefront/search-indexer", "9.9.9") as script:
        yield script
        script.kill()


def test_the_ci_script_ends_well_when_the_version_runs(house: str, token: str) -> None:
    code, out, err = end(begin(house, token, "storefront/catalog-api", "1.13.0"))
    assert code == 0, out + err
    status = requests.get(
        f"{house}/api/v1/services/storefront/catalog-api", headers={"Authorization": f"Bearer {token}"}, timeout=20
    )
    assert status.json()["imageTag"] == "1.13.0"


@pytest.mark.parametrize(
    ("service", "tag", "said"),
    [("payments/checkout-web", "latest", "Name a version"), ("labs/playground", "1.0.0", "that you can see")],
)
def test_the_ci_script_says_why_nothing_began(house: str, token: str, service: str, tag: str, said: str) -> None:
    code, _, err = end(begin(house, token, service, tag))
    assert code == 2
    assert said in err


def test_the_ci_script_says_that_the_time_was_over_first(house: str, token: str) -> None:
    code, _, err = end(begin(house, token, "payments/fraud-rules", "9.9.8", MCTL_WAIT_S="1"))
    assert code == 3
    assert "it goes on" in err


@schema.parametrize()
@settings(max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_no_input_breaks_an_endpoint(case: schemathesis.Case, house: str, token: str) -> None:
    answer = case.call(base_url=house, headers={"Authorization": f"Bearer {token}"}, timeout=40)
    case.validate_response(answer, checks=CHECKS.get_by_names(list(KEPT)))


def test_the_ci_script_fails_and_prints_the_cause_when_the_tag_does_not_exist(
    script_with_a_lost_tag: subprocess.Popen[str], token: str
) -> None:
    code, out, err = end(script_with_a_lost_tag)
    assert code == 1, out + err
    assert "9.9.9" in err
    assert "no such tag" in err
    assert token not in out + err
