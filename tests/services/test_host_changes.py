"""A new host replaces the old one where the file names it, and people are told of the places where it cannot."""

from typing import Any

import pytest

from core.actor import Actor
from core.parse import parse_parameters
from integrations.gitops import Change, FileEdit, Gitops, edit_yaml, parse
from operations import actions
from services.runners.changes import edits_for, host_warnings
from services.runners.parameters import DeployServiceParameters
from tests import builders

OLD, NEW = "a.example.dev", "new.example.dev"
ISSUED = "  annotations: {cert-manager.io/cluster-issuer: letsencrypt}\n"
IMAGE = "image:\n  repository: ghcr.io/acme/shop\n  tag: 1.0.0\n"


def to_new_host(ingress: str) -> tuple[str, list[str]]:
    """The ingress after its host has become the new one, and the warnings."""
    asked = {"action": "update-config", "team_name": "payments", "component_name": "shop", "host": NEW}
    parameters = parse_parameters(DeployServiceParameters, asked)
    before = "ingress:\n  enabled: true\n" + ingress
    after = edit_yaml(before, edits_for(parameters, parse(before)))
    return after.removeprefix("ingress:\n  enabled: true\n"), host_warnings(parameters, before, after)


@pytest.mark.parametrize(
    "ingress",
    [
        f"{ISSUED}  host: {OLD}  # main\n",
        f"{ISSUED}  hosts:\n    - {OLD}\n    - b.example.dev\n",
        f"{ISSUED}  hosts:\n    - host: {OLD} # main\n      paths:\n        - path: /\n    - host: b.example.dev\n",
        f"{ISSUED}  host: {OLD}\n  tls:\n    - secretName: shop-tls\n      hosts: [{OLD}]  # one\n",
        f"{ISSUED}  host: {OLD}\n  tls: [{{secretName: x, hosts: [b.example.dev, {OLD}]}}, {{hosts: [{OLD}]}}]\n",
    ],
)
def test_only_the_name_is_replaced_and_the_hosts_of_the_certificate_follow(ingress: str) -> None:
    assert to_new_host(ingress) == (ingress.replace(OLD, NEW), [])


def test_a_host_shared_with_its_certificate_changes_once() -> None:
    ingress = f"{ISSUED}  hosts: &hosts [{OLD}]\n  tls:\n    - hosts: *hosts\n"
    assert to_new_host(ingress) == (ingress.replace(OLD, NEW), [])


def test_a_wildcard_certificate_serves_the_new_host() -> None:
    assert to_new_host(f"  host: {OLD}\n  tls:\n    - hosts: ['*.example.dev']\n")[1] == []
    assert to_new_host(f"  host: {OLD}\n  tls:\n    - secretName: default\n")[1] == []


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        (f"  annotations: {{external-dns/hostname: {OLD}}}\n", f"external-dns/hostname still names {OLD}. MCTL cannot"),
        (f"  tls: {{hosts: [{OLD}]}}\n", f"ingress.tls.hosts[0] still names {OLD}"),
        (f"  tls: [{{hosts: [{{name: {OLD}}}]}}]\n", f"ingress.tls[0].hosts[0].name still names {OLD}"),
        ("  tls: [{hosts: [other.example.dev]}]\n", f"No entry of ingress.tls names {NEW}, so browsers will refuse"),
        (f"  tls: [{{hosts: [{OLD}]}}]\n", f"names no issuer, so no certificate is made for {NEW} by itself"),
    ],
)
def test_what_does_not_follow_is_warned_of(rest: str, said: str) -> None:
    assert any(said in warning for warning in to_new_host(f"  host: {OLD}\n{rest}")[1])


def test_names_that_only_contain_the_old_host_are_not_warned_of() -> None:
    assert to_new_host(f"  host: {OLD}\n  annotations: {{a: x{OLD}, b: {OLD}.org, c: www.{OLD}}}\n")[1] == []


def plan(actor: Actor, **changes: Any) -> dict[str, Any]:
    service = {"action": "update-config", "team_name": "payments", "component_name": "checkout-web"}
    return actions.plan(actor, "deploy-service", {**service, **changes})


@pytest.mark.django_db
def test_the_plan_says_it_before_anybody_confirms(repository: Gitops, dev: Actor) -> None:
    builders.tenant("payments", {"dev": "developer"})
    ingress = f"ingress:\n  enabled: true\n  host: {OLD}\n  annotations: {{external-dns/hostname: {OLD}}}\n"
    edit = FileEdit(repository.service_path("payments", "checkout-web"), lambda _: IMAGE + ingress)
    repository.commit(Change((edit,), "By hand", "ada"), key="by-hand")
    warnings = plan(dev, host="payments-checkout-web.apps.example.dev")["warnings"]
    assert [warning for warning in warnings if f"still names {OLD}" in warning]
    assert not [warning for warning in plan(dev, replicas=2)["warnings"] if OLD in warning]
