"""The manifest of deploy/rbac: what it grants, what it does not, and what is said where one rule of it is missing.

The same tests run on the emulated server and on a real one.
"""

import pytest
import yaml
from django.core.management import call_command

from integrations.kubernetes.rights import Place, Right
from mctl.rights import needed_rights
from tests.integrations.kubernetes.account import MANIFEST, Account, failure_of_watch, refusal, set_up
from tests.real_cluster import needs_assets

EACH = [
    pytest.param(right, verb, id=f"{verb} {right.resource} {right.place.value}")
    for right in needed_rights()
    for verb in right.verbs
]
NOT_NEEDED = (
    ("list", "", "secrets", ""),
    ("get", "", "pods", "payments"),
    ("delete", "", "pods", "payments"),
    ("create", "", "pods/exec", "payments"),
    ("get", "", "configmaps", "payments"),
    ("watch", "", "nodes", ""),
    ("patch", "apps", "deployments", "payments"),
    ("patch", "external-secrets.io", "externalsecrets", "payments"),
    ("list", "argoproj.io", "applications", ""),
    ("list", "argoproj.io", "applications", "payments"),
    ("create", "argoproj.io", "applications", "argocd"),
    ("delete", "argoproj.io", "applications", "argocd"),
    ("list", "argoproj.io", "applicationsets", "argocd"),
    ("create", "", "serviceaccounts/token", "mctl"),
    ("impersonate", "", "users", ""),
    ("patch", "rbac.authorization.k8s.io", "clusterroles", ""),
    ("*", "*", "*", ""),
)


@pytest.fixture(
    scope="module",
    params=["emulator", pytest.param("real_kubeconfig", marks=[pytest.mark.real_cluster, needs_assets])],
)
def account(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Account:
    server = request.getfixturevalue(request.param)
    return set_up(getattr(server, "kubeconfig", server), tmp_path_factory.mktemp("account"))


def test_the_manifest_grants_every_right_that_the_code_declares(account: Account) -> None:
    assert not [
        f"{verb} {right.resource}" for right in needed_rights() for verb in right.verbs if not account.has(right, verb)
    ]


@pytest.mark.parametrize(("verb", "group", "resource", "namespace"), NOT_NEEDED)
def test_the_manifest_grants_nothing_else(
    account: Account, verb: str, group: str, resource: str, namespace: str
) -> None:
    assert not account.may(verb, group, resource, namespace)


@pytest.mark.parametrize(("right", "verb"), EACH)
def test_a_refusal_names_the_missing_rule(account: Account, right: Right, verb: str) -> None:
    with account.without(right, verb):
        refused = refusal(account.mctl, right, verb)

    said = {"get": "read", "watch": "watch", "list": "list", "patch": "patch"}[verb]
    assert refused.sentence.startswith(f"Kubernetes does not allow us to {said} ")
    assert f" to {verb} {right.resource} ({right.kind.group or 'core'}" in refused.remedy.replace("API group ", "")
    assert refused.remedy.endswith("deploy/rbac/mctl.yaml has the rule.")
    missing = refused.facts["missing_right"]
    assert (missing["verb"], missing["group"], missing["resource"]) == (verb, right.kind.group, right.resource)
    assert right.place is Place.EVERYWHERE or missing["namespace"] == "argocd"


def test_a_watch_that_is_refused_says_which_right_it_lacks(account: Account) -> None:
    pods = next(right for right in needed_rights() if right.resource == "pods")
    with account.without(pods, "watch"):
        failure = failure_of_watch(account.mctl, pods.kind, None)

    assert failure.sentence == "Kubernetes does not allow us to watch pods."
    assert "to watch pods (core API group) in all namespaces." in failure.remedy


def test_the_manifest_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("rights")

    assert capsys.readouterr().out == MANIFEST.read_text()


def test_argo_cd_may_live_in_a_namespace_of_another_name(settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.ARGOCD_NAMESPACE = "argo"

    call_command("rights")

    objects = list(yaml.safe_load_all(capsys.readouterr().out))
    of_argo = [one["kind"] for one in objects if one["metadata"].get("namespace") == "argo"]
    assert of_argo == ["Role", "RoleBinding"]


def test_the_only_writes_are_patches_in_argo_cds_namespace() -> None:
    writes = [right for right in needed_rights() if {*right.verbs} - {"get", "list", "watch"}]

    assert {(right.resource, right.place) for right in writes} == {
        ("applications", Place.ARGOCD),
        ("applicationsets", Place.ARGOCD),
    }
