"""Where a service answers is read from its values as the chart renders them, and from nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations import helm
from integrations.gitops import Route, UnreadableYaml, parse, routes_of
from integrations.helm import RenderJob, render_many

CHART = Path(__file__).resolve().parents[3] / "deploy" / "gitops" / "helm-charts" / "base-service"
IMAGE = "image: {repository: ghcr.io/acme/echo, tag: 1.0.0}"
FILES = [
    "{}",
    "ingress: {enabled: true, host: a.example.dev}",
    "ingress: {enabled: false, host: a.example.dev}",
    "ingress: {enabled: true, host: a.example.dev, hosts: [b.example.dev, c.example.dev], path: /b}",
    "ingress: {enabled: true, hosts: [{host: a.example.dev, paths: [{path: /x}]}, {host: b.example.dev}]}",
    "ingress: {enabled: true, hosts: ['', {paths: []}]}",
    "ingress: {enabled: true, host: a.example.dev, path: /api/}",
    "extraIngresses: [{name: hooks, host: w3.example.dev}, {hosts: [x.example.dev], path: /x}]",
    "extraIngresses: {first: {name: hooks, host: w3.example.dev}}",
    "{componentType: worker-service, ingress: {enabled: true, host: a.dev}, extraIngresses: [{host: b.dev}]}",
    """
extraObjects:
  - kind: Ingress
    apiVersion: networking.k8s.io/v1
    metadata: {name: own}
    spec:
      rules:
        - host: a.example.dev
          http: {paths: [{path: /one}, {path: /two}]}
        - http: {paths: [{path: /}]}
  - {kind: ConfigMap, apiVersion: v1, metadata: {name: host}}
""",
]


@pytest.mark.skipif(not helm.has_engine(), reason="needs helm or helm-python-sdk")
def test_what_is_read_is_what_helm_renders() -> None:
    outcomes = render_many([RenderJob(CHART, "labs-echo", "labs", (IMAGE, text)) for text in FILES])
    for text, objects in zip(FILES, outcomes, strict=True):
        assert isinstance(objects, list), f"{text}: {objects}"
        read = {(route.host, route.path) for route in routes_of(parse(text))}
        assert read == set(rendered(objects)), text


def rendered(objects: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for item in objects:
        for rule in item["spec"]["rules"] if item["kind"] == "Ingress" else ():
            for path in rule["http"]["paths"]:
                yield rule.get("host") or "*", path["path"].rstrip("/") or "/"


def test_case_and_a_final_dot_make_no_other_host() -> None:
    assert routes_of(parse("ingress: {enabled: true, host: Shop.Example.DEV.}")) == (
        Route("shop.example.dev", "/", "ingress"),
    )


@pytest.mark.parametrize("host", ['"a\\0b.dev"', '"a\\nb.dev"', "a" * 254, "[a, b]", "12345"])
def test_what_can_be_no_host_is_none(host: str) -> None:
    read = routes_of(parse(f"extraIngresses: [{{hosts: [{host}, good.example.dev]}}]"))
    assert read == (Route("good.example.dev", "/", "extra-ingress"),)


def test_aliases_that_multiply_hosts_make_a_file_unreadable_and_no_more() -> None:
    hosts, blocks = ", ".join(["a.dev"] * 100), ", ".join(["*block"] * 100)
    with pytest.raises(UnreadableYaml, match="more than 2,000 hosts"):
        routes_of(parse(f"x: &block {{hosts: [{hosts}]}}\nextraIngresses: [{blocks}]"))
