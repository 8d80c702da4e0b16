"""The manifest of deploy/rbac: what it grants, what it does not, and what is said where one rule of it is missing.

The same tests run on the emulated server and on a real one.
"""

import pytest

from integrations.kubernetes.rights import Place, Right
from mctl.rights import needed
from tests.integrations.kubernetes.account import Account, refusal, set_up
from tests.real_cluster import needs_assets

EACH = [
    pytest.param(right, verb, id=f"{verb} {right.resource} {right.place.value}")
    for right in needed()
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
        f"{verb} {right.resource}" for right in needed() for verb in right.verbs if not account.has(right, verb)
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

    assert refused.sentence.startswith("Kubernetes does not allow us to ")
    assert f" to {verb} {right.resource} ({right.kind.group or 'core'}" in refused.remedy.replace("API group ", "")
    assert refused.remedy.endswith("deploy/rbac/mctl.yaml has the rule.")
    missing = refused.facts["missing_right"]
    assert (missing["verb"], missing["group"], missing["resource"]) == (verb, right.kind.group, right.resource)
    assert right.place is Place.EVERYWHERE or missing["namespace"] == "argocd"
