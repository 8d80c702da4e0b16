"""Every right is asked of the API server, and a missing one is named with the rule that gives it."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from integrations.kubernetes import Place
from integrations.kubernetes.rights import MANIFEST
from mctl.health import Line, State
from mctl.health.cluster_rights import look_at_rights
from mctl.rights import needed_rights
from tests.integrations.kubernetes.account import rule_of, rules_without, set_rules
from tests.integrations.kubernetes.servers import Emulator
from tests.processes import ROOT
from tests.real_cluster import RealCluster, needs_assets

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ROLES = {"ClusterRole": f"{RBAC}/clusterroles/mctl", "Role": f"{RBAC}/namespaces/argocd/roles/mctl"}
Rules = list[dict[str, Any]]


@pytest.fixture
def roles(emulator: Emulator) -> Iterator[Callable[..., None]]:
    """Replaces the rules of a role by what `change` makes of them; the manifest's come back afterwards."""
    admin = emulator.cluster()
    kept = {kind: admin.transport.json("GET", path, asked="read") for kind, path in ROLES.items()}

    def change(kind: str, make: Callable[[Rules], Rules]) -> None:
        set_rules(admin, ROLES[kind], make(kept[kind]["rules"]))

    yield change
    for kind in ROLES:
        set_rules(admin, ROLES[kind], kept[kind]["rules"])


@pytest.fixture
def asked(emulator: Emulator, settings: Any) -> Callable[[], dict[str, Line]]:
    settings.KUBECONFIG = str(emulator.product_kubeconfig)
    return lambda: {line.name: line for line in look_at_rights()}


def test_with_the_manifest_every_right_is_there(asked: Callable[[], dict[str, Line]]) -> None:
    found = asked()

    assert [name for name, line in found.items() if not line.is_well] == []
    assert len(found) == len(needed_rights())


@pytest.mark.parametrize(
    ("role", "group", "resource", "verb", "place", "is_required"),
    [
        ("ClusterRole", "", "pods", "watch", "ClusterRole mctl", True),
        ("ClusterRole", "", "pods/log", "get", "ClusterRole mctl", True),
        ("ClusterRole", "apps", "deployments", "list", "ClusterRole mctl", True),
        ("ClusterRole", "", "secrets", "get", "ClusterRole mctl", False),
        ("Role", "argoproj.io", "applications", "patch", "Role mctl in argocd", True),
    ],
)
def test_a_right_that_is_taken_away_is_named_alone_with_its_rule(
    roles: Callable[..., None], asked: Callable[[], dict[str, Line]],
    role: str, group: str, resource: str, verb: str, place: str, is_required: bool,
) -> None:  # fmt: skip
    roles(role, lambda rules: rules_without(rules, group, resource, verb))

    (missing,) = [line for line in asked().values() if not line.is_well]

    assert missing.state is State.MISSING
    assert missing.sentence.startswith(f"Not allowed: {verb}. Needed for: ")
    assert yaml.safe_load(missing.rule) == [rule_of(group, resource, verb)]
    assert place in missing.remedy
    assert missing.is_required is is_required


def test_the_rules_that_are_named_bring_every_right_back(
    roles: Callable[..., None], asked: Callable[[], dict[str, Line]]
) -> None:
    roles("ClusterRole", lambda rules: [])
    roles("Role", lambda rules: [])
    missing = asked().values()
    assert all(line.state is State.MISSING for line in missing)

    roles("ClusterRole", lambda rules: rules_named_by("ClusterRole", missing))
    roles("Role", lambda rules: rules_named_by("Role", missing))

    assert all(line.is_well for line in asked().values())


def rules_named_by(role: str, lines: Iterable[Line]) -> Rules:
    return [rule for line in lines if f" {role} mctl" in line.remedy for rule in yaml.safe_load(line.rule)]


@pytest.mark.real_cluster
@needs_assets
def test_a_real_api_server_gives_every_right_of_the_manifest_and_misses_what_is_taken_away(
    real_cluster: RealCluster, settings: Any, tmp_path: Path
) -> None:
    kubectl = [str(Path(sys.executable).parent / "kubectl"), "--kubeconfig", str(real_cluster.kubeconfig)]

    def run(*arguments: str, read: str = "") -> str:
        return subprocess.run([*kubectl, *arguments], input=read, capture_output=True, text=True, check=True).stdout

    # Other tests share the server and may have made it.
    run("apply", "--filename", "-", read="{apiVersion: v1, kind: Namespace, metadata: {name: argocd}}")
    run("apply", "--filename", str(ROOT / MANIFEST))
    token = run("create", "token", "mctl", "--namespace", "mctl").strip()
    ours = tmp_path / "kubeconfig"
    ours.write_text(real_cluster.kubeconfig.read_text().replace(real_cluster.token, token))
    settings.KUBECONFIG = str(ours)

    with_all = look_at_rights()
    run("delete", "role", "mctl", "--namespace", "argocd")
    without_role = [line.name for line in look_at_rights() if not line.is_well]
    run("apply", "--filename", str(ROOT / MANIFEST))

    assert all(line.is_well for line in with_all)
    assert [name for name in without_role if "argocd" not in name] == []
    assert len(without_role) == len([right for right in needed_rights() if right.place is Place.ARGOCD])
