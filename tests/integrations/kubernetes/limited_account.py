"""Service accounts of the emulated API with the rights that a test gives them, and takes away again."""

from pathlib import Path
from typing import Any

from integrations.kubernetes import kinds
from integrations.kubernetes.kinds import Kind
from tests.integrations.kubernetes.account import KINDS, RBAC, set_rules, token_of, with_token
from tests.integrations.kubernetes.objects import create, make_namespace
from tests.integrations.kubernetes.servers import Emulator

ROLES, BINDINGS = KINDS["ClusterRole"], KINDS["ClusterRoleBinding"]
HOME = "accounts"

Rules = list[dict[str, Any]]


def rules_for(*wanted: Kind, verbs: tuple[str, ...] = ("get", "list", "watch")) -> Rules:
    return [{"apiGroups": [kind.group], "resources": [kind.plural], "verbs": list(verbs)} for kind in wanted]


class LimitedAccount:
    """A service account with one ClusterRole of its own, in force everywhere."""

    def __init__(self, emulator: Emulator, name: str, rules: Rules) -> None:
        self.emulator, self.name = emulator, name
        self._cluster = emulator.cluster()
        make_namespace(self._cluster, HOME)
        create(self._cluster, kinds.SERVICE_ACCOUNTS, HOME, {"metadata": {"name": name}})
        create(self._cluster, ROLES, None, {"metadata": {"name": name}, "rules": rules})
        subject = {"kind": "ServiceAccount", "name": name, "namespace": HOME}
        role = {"apiGroup": RBAC, "kind": "ClusterRole", "name": name}
        create(self._cluster, BINDINGS, None, {"metadata": {"name": name}, "subjects": [subject], "roleRef": role})

    def give(self, rules: Rules) -> None:
        """These rights from now on, instead of those before."""
        set_rules(self._cluster, ROLES.path(name=self.name), rules)

    def kubeconfig(self) -> Path:
        token = token_of(self._cluster, HOME, self.name)
        ours = self.emulator.directory / f"kubeconfig-{self.name}"
        ours.write_text(with_token(self.emulator.kubeconfig.read_text(), token))
        return ours
