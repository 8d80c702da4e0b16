"""Names built from tenant and service stay within what Helm, Kubernetes and DNS take, and are the chart's."""

import pytest

from core import resource_names as names
from integrations import helm
from integrations.helm import render
from tests.processes import ROOT

CHART = ROOT / "deploy" / "gitops" / "helm-charts" / "base-service"
IMAGE = "image: {repository: ghcr.io/acme/echo, tag: 1.0.0}\n"


def test_a_pair_that_fits_has_no_problem() -> None:
    assert names.pair_problem("payments", "x" * (names.LONGEST_RELEASE - len("payments-"))) == ""


def test_a_pair_that_is_too_long_is_told_both_lengths_and_by_how_much() -> None:
    tenant, service = "a" * 31, "b" * 24
    said = names.pair_problem(tenant, service)
    assert f"{tenant} has 31 characters and {service} 24" in said
    assert "would have 56, and Helm takes 53. Shorten the service's name by 3." in said


@pytest.mark.parametrize("length", [1, 40, 41, 42, 45, 48, 49])
def test_the_workloads_name_of_a_pair_that_fits_is_one_of_kubernetes_and_holds_the_pair(length: int) -> None:
    tenant, service = "dev", "s" * length
    assert not names.pair_problem(tenant, service)
    name = names.workload_name(tenant, service)
    assert len(name) <= names.LONGEST_LABEL
    assert name.startswith(f"{tenant}-{service}-")
    assert not name.endswith("-")


@pytest.mark.skipif(not helm.has_engine(), reason="needs helm or helm-python-sdk")
@pytest.mark.parametrize("length", [1, 37, 38, 45, 46, 48])
def test_the_chart_builds_the_same_name(length: int) -> None:
    service = "s" * length
    release = names.application_name("labs", service)
    objects = render(CHART, release=release, namespace="labs", values=[IMAGE])
    found = {(item["kind"], item["metadata"]["name"]) for item in objects}
    assert found == {
        ("Deployment", names.workload_name("labs", service)),
        ("Service", names.workload_name("labs", service)),
    }


LONGEST_PAIR = ("a" * 4, "b" * (names.LONGEST_RELEASE - 5))


def test_the_longest_pair_that_fits_is_within_every_limit() -> None:
    assert not names.pair_problem(*LONGEST_PAIR)
    assert len(names.database_name(*LONGEST_PAIR).encode()) <= names.LONGEST_IDENTIFIER_BYTES
    assert len(names.workload_name(*LONGEST_PAIR)) <= names.LONGEST_LABEL
    assert len(names.database_secret_name(names.database_name(*LONGEST_PAIR))) <= names.LONGEST_OBJECT
    assert len(names.secret_name(LONGEST_PAIR[1])) <= names.LONGEST_OBJECT
    assert len(names.tls_secret_name(LONGEST_PAIR[1])) <= names.LONGEST_OBJECT


def test_the_names_are_those_of_the_platform() -> None:
    pair = ("payments", "ledger-api")
    assert names.values_path(*pair) == "services/payments/ledger-api/values.yaml"
    assert names.vault_path(*pair) == "teams/payments/ledger-api"
    assert names.database_vault_path(*pair) == "teams/payments/ledger-api/database"
    assert names.preview_vault_path(*pair) == "teams/payments/ledger-api/preview"
    assert names.database_name(*pair) == "payments-ledger-api"
    assert names.database_secret_name(names.database_name(*pair)) == "payments-ledger-api-db-creds"
    assert names.is_database_secret("payments-ledger-api-db-creds")
    assert not names.is_database_secret("payments-ledger-api-secrets")
    assert names.secret_name("ledger-api") == "ledger-api-secrets"
    assert names.tls_secret_name("ledger-api") == "ledger-api-tls"
