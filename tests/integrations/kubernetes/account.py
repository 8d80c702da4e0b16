"""MCTL's service account on a server, under the manifest of deploy/rbac, as an administrator sets it up."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from integrations.errors import Contended, IntegrationError, Missing, Refused
from integrations.kubernetes import Cluster, Key, Reflector, Right, kinds
from integrations.kubernetes.client import MERGE_PATCH
from integrations.kubernetes.kinds import Kind
from integrations.kubernetes.rights import Attempt, Place
from integrations.kubernetes.watching import WatchStream
from sandbox.kubeapi.crds import read_own_definitions
from tests.integrations.kubernetes.objects import create, make_namespace
from tests.processes import ROOT, wait_until

RBAC = "rbac.authorization.k8s.io"
MANIFEST = ROOT / "deploy" / "rbac" / "mctl.yaml"
ARGOCD = "argocd"
KINDS = {
    "CustomResourceDefinition": Kind(
        "customresourcedefinitions", "apiextensions.k8s.io", "v1", "CustomResourceDefinition", namespaced=False
    ),
    "Namespace": kinds.NAMESPACES,
    "ServiceAccount": kinds.SERVICE_ACCOUNTS,
    "ClusterRole": Kind("clusterroles", RBAC, "v1", "ClusterRole", namespaced=False),
    "ClusterRoleBinding": Kind("clusterrolebindings", RBAC, "v1", "ClusterRoleBinding", namespaced=False),
    "Role": Kind("roles", RBAC, "v1", "Role"),
    "RoleBinding": Kind("rolebindings", RBAC, "v1", "RoleBinding"),
}

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Account:
    """`admin` and `mctl` are the same server for two people."""

    admin: Cluster
    mctl: Cluster
    kubeconfig: Path

    def may(self, verb: str, group: str, resource: str, namespace: str = "") -> bool:
        """What the server answers when MCTL asks about itself."""
        plural, _, subresource = resource.partition("/")
        return self.mctl.may(Attempt(verb, Kind(plural, group, "v1", ""), namespace or None, subresource))

    def has(self, right: Right, verb: str) -> bool:
        return self.mctl.may(right.attempt(verb, ARGOCD))

    @contextmanager
    def without(self, right: Right, verb: str) -> Iterator[None]:
        """The manifest less this one verb on this one resource, for as long as the block runs."""
        in_argocd = right.place is Place.ARGOCD
        kind = KINDS["Role" if in_argocd else "ClusterRole"]
        path = kind.path(ARGOCD if in_argocd else None, "mctl")
        role = self.admin.transport.json("GET", path, asked="read the role")
        set_rules(self.admin, path, rules_without(role["rules"], right.kind.group, right.resource, verb))
        try:
            wait_until(lambda: not self.has(right, verb), "the server knows the new role")
            yield
        finally:
            set_rules(self.admin, path, role["rules"])
            wait_until(lambda: self.has(right, verb), "the server knows the old role again")


def set_up(admin_kubeconfig: Path, folder: Path) -> Account:
    """Applies the manifest and makes a kubeconfig with a token of the account, as deploy/rbac/README.md says.

    Argo CD's and the operators' kinds come first, as on a platform."""
    admin = Cluster(str(admin_kubeconfig))
    make_namespace(admin, ARGOCD)
    for obj in (*read_own_definitions(), *yaml.safe_load_all(MANIFEST.read_text())):
        with suppress(Contended):
            create(admin, KINDS[obj["kind"]], obj["metadata"].get("namespace"), obj)
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(with_token(admin_kubeconfig.read_text(), token_of(admin, "mctl", "mctl")))
    account = Account(admin, Cluster(str(kubeconfig)), kubeconfig)
    wait_until(lambda: account.may("list", "", "pods"), "the server knows the manifest")
    wait_until(lambda: is_served(admin, kinds.APPLICATIONS), "the server knows the kinds")
    return account


def is_served(cluster: Cluster, kind: Kind) -> bool:
    try:
        cluster.list(kind)
    except Missing:
        return False
    return True


def token_of(admin: Cluster, namespace: str, name: str) -> str:
    path = f"{kinds.SERVICE_ACCOUNTS.path(namespace, name)}/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    token = admin.transport.json("POST", path, asked="make a token", body=body)["status"]["token"]
    return str(token)


def with_token(kubeconfig: str, token: str) -> str:
    config = yaml.safe_load(kubeconfig)
    config["users"][0]["user"] = {"token": token}
    return yaml.safe_dump(config)


def set_rules(admin: Cluster, path: str, rules: list[Object]) -> None:
    """These rules from now on, instead of those before, for the role at `path`."""
    admin.transport.json("PATCH", path, asked="set the rules", body={"rules": rules}, content_type=MERGE_PATCH)


def rules_without(rules: list[Object], group: str, resource: str, verb: str) -> list[Object]:
    """The same rights but for one verb on one resource, which must be among them."""
    before, lost = list(atoms(rules)), (group, resource, verb)
    assert before.count(lost) == 1, lost
    return [rule_of(*one) for one in before if one != lost]


def atoms(rules: list[Object]) -> Iterator[tuple[str, str, str]]:
    """Group, resource and verb of everything that rules allow."""
    for rule in rules:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                for verb in rule["verbs"]:
                    yield group, resource, verb


def rule_of(group: str, resource: str, verb: str) -> Object:
    return {"apiGroups": [group], "resources": [resource], "verbs": [verb]}


def refusal(cluster: Cluster, right: Right, verb: str) -> Refused:
    """What the one request that takes this right is told. Fails where it is not refused."""
    with pytest.raises(Refused) as raised:
        ask(cluster, right, verb)
    return raised.value


def ask(cluster: Cluster, right: Right, verb: str) -> None:
    namespace = right.attempt(verb, ARGOCD).namespace
    if verb == "list":
        cluster.list(right.kind, namespace=namespace)
    elif verb == "watch":
        attempt = Attempt(verb, right.kind, namespace)
        path, asked = right.kind.path(namespace), f"watch {right.kind.plural}"
        WatchStream(cluster.transport, path, asked=asked, attempt=attempt, query={"watch": "true"}, silence_s=5.0)
    elif right.subresource == "log":
        cluster.logs("payments", "nobody", "main")
    elif verb == "get":
        cluster.get(right.kind, "nobody", namespace or "payments")
    else:
        cluster.merge_patch(right.kind, "nobody", namespace, {})


def failure_of_watch(cluster: Cluster, kind: Kind, namespace: str | None) -> IntegrationError:
    reflector = Reflector(lambda: cluster, kind, lambda item: None, Nobody(), namespace=namespace)
    reflector.start()
    try:
        wait_until(lambda: reflector.failure is not None, f"watching {kind.plural} fails")
        assert reflector.failure is not None
        return reflector.failure
    finally:
        reflector.stop()


class Nobody:
    """A listener of a watch that must fail."""

    def replaced(self, rows: dict[Key, Any], unreadable: Mapping[Key, str]) -> None: ...

    def upserted(self, key: Key, row: Any) -> None: ...

    def unreadable(self, key: Key, reason: str) -> None: ...

    def deleted(self, key: Key) -> None: ...
