"""`manage.py rights`: the manifest of what MCTL may do in a cluster, made from the rights that the code declares."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from integrations.kubernetes.rights import Place, Right, rule_lines
from mctl.rights import needed_rights

# The tenant chart and the sandbox know the account by these names.
NAME, NAMESPACE = "mctl", "mctl"
HEAD = """# What MCTL may do in a cluster. Printed by `python manage.py rights`; `make check` compares. See README.md.
apiVersion: v1
kind: Namespace
metadata:
  name: {namespace}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {name}
  namespace: {namespace}"""
OPTIONAL = """\
  # Optional from here on: MCTL works without these rules. The comment of a rule says what is lost without it.
  # A rule about an operator that is not installed grants nothing."""


class Command(BaseCommand):
    help = "Prints the Kubernetes manifest of the rights that MCTL needs: deploy/rbac/mctl.yaml."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(manifest(settings.ARGOCD_NAMESPACE))


def manifest(argocd_namespace: str) -> str:
    rights = needed_rights()
    in_cluster = [right for right in rights if right.place is Place.EVERYWHERE]
    required = [right for right in in_cluster if not right.is_optional]
    optional = [right for right in in_cluster if right.is_optional]
    in_argocd = [right for right in rights if right.place is Place.ARGOCD]
    lines = [HEAD.format(name=NAME, namespace=NAMESPACE)]
    lines += [*_role("ClusterRole", ""), *_rules(required), OPTIONAL, *_rules(optional), *_binding("ClusterRole", "")]
    lines += [*_role("Role", argocd_namespace), *_rules(in_argocd), *_binding("Role", argocd_namespace)]
    return "\n".join(lines)


def _role(kind: str, namespace: str) -> Iterator[str]:
    yield from ("---", "apiVersion: rbac.authorization.k8s.io/v1", f"kind: {kind}", "metadata:", f"  name: {NAME}")
    if namespace:
        yield f"  namespace: {namespace}"
    yield "rules:"


def _binding(kind: str, namespace: str) -> Iterator[str]:
    yield from ("---", "apiVersion: rbac.authorization.k8s.io/v1", f"kind: {kind}Binding", "metadata:")
    yield f"  name: {NAME}"
    if namespace:
        yield f"  namespace: {namespace}"
    yield from ("roleRef:", "  apiGroup: rbac.authorization.k8s.io", f"  kind: {kind}", f"  name: {NAME}")
    yield from ("subjects:", "  - kind: ServiceAccount", f"    name: {NAME}", f"    namespace: {NAMESPACE}")


def _rules(rights: Iterable[Right]) -> Iterator[str]:
    """One rule for the resources of a group that are used in the same way, under a comment with their purpose."""

    def use(right: Right) -> tuple[str, tuple[str, ...], str]:
        return right.kind.group, right.verbs, right.purpose

    for (group, verbs, purpose), alike in groupby(sorted(rights, key=use), key=use):
        yield f"  # {purpose}"
        for line in rule_lines(group, [right.resource for right in alike], verbs):
            yield f"  {line}"
