"""Values files written by hand may hold anything anywhere; pages and plans must not break on them."""

import pytest

from core.parse import parse_parameters
from integrations.gitops import Set
from operations.runners.rollout import is_about
from services.queries import known_versions
from services.queries.configuration import config_facts, service_config
from services.queries.page import service_history
from services.runners.changes import edits_for
from services.runners.parameters import DeployServiceParameters
from tests import builders

DEPLOY = {"action": "deploy", "team_name": "payments", "component_name": "checkout-web", "image_tag": "5.1.0"}
ODD_FILES = [
    {},
    {"env": ["a", "b"], "resources": "small", "service": "web", "probes": 7},
    {"envFrom": [{"secretRef": "x"}, "y", None], "image": "ghcr.io/x:1", "ingress": True},
    {"envFrom": {"secretRef": {"name": "x"}}, "initContainers": "setup", "extraContainers": 3},
]


@pytest.mark.parametrize("values", ODD_FILES)
def test_what_is_not_understood_is_left_out(values: dict[str, object]) -> None:
    assert all(isinstance(label, str) and text for label, text in config_facts(values))


@pytest.mark.parametrize("values", ODD_FILES)
def test_a_deploy_of_an_odd_file_still_means_only_its_tag(values: dict[str, object]) -> None:
    assert edits_for(parse_parameters(DeployServiceParameters, DEPLOY), values) == [Set(("image", "tag"), "5.1.0")]


def test_containers_of_the_same_version_move_along_and_others_stay() -> None:
    values = {
        "image": {"repository": "ghcr.io/acme/checkout-web", "tag": "5.0.2"},
        "initContainers": [{"name": "setup", "image": "ghcr.io/acme/checkout-web:5.0.2"}],
        "extraContainers": [{"name": "proxy", "image": "docker.io/library/nginx:1.27"}],
    }
    edits = edits_for(parse_parameters(DeployServiceParameters, DEPLOY), values)
    assert [edit.path for edit in edits] == [("image", "tag"), ("initContainers", 0, "image")]


@pytest.mark.django_db
def test_a_service_that_is_not_in_git_shows_no_history_of_others() -> None:
    service = builders.service("adopted", in_git=False, values_path="")
    assert (list(service_history(service).items), service_history(service).error) == (
        [],
        "This service has no values file in git.",
    )
    assert service_config(service).text == ""
    assert known_versions(service) == []


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("Pod", "payments-api-base-service-7c9-x2f4q", True),
        ("ReplicaSet", "payments-api-base-service-7c9", True),
        ("Pod", "payments-api-base-service-5b7-qq9ts", False),
        ("Ingress", "payments-api-base-service", False),
    ],
)
def test_only_what_ails_the_new_pods_ends_a_deploy_early(kind: str, name: str, expected: bool) -> None:
    finding = {"evidence": [{"object": None}, {"object": {"kind": kind, "namespace": "payments", "name": name}}]}
    assert is_about(finding, "payments-api-base-service-7c9") is expected
