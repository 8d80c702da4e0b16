"""Where a service answers is read from its values as the chart renders them, and from nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations import helm
from integrations.gitops import Route, UnreadableYaml, parse, routes_of, unread_objects
from integrations.helm import RenderJob, render_many

CHART = Path(__file__).resolve().parents[3] / "deploy" / "gitops" / "helm-charts" / "base-service"
IMAGE = "image: {repository: ghcr.io/acme/echo, tag: 1.0.0}"
FILES = [
    "{}",
    "ingress: {enabled: true, host: a.example.dev}",
    "ingress: {enabled: false, host: a.example.dev}",
    "ingress: {enabled: true, host: a.example.dev, hosts: [b.example.dev, c.example.dev], path: /b}",
    "ingress: {enabled: true, hosts: [{host: a.example.dev, paths: [{path: /x}]}, {host: b.example.dev}]}",
    "ingress: {enabled: true, host: a.example.dev, path: /api/}",
    "extraIngresses: [{name: hooks, host: w3.example.dev}, {hosts: [x.example.dev], path: /x}]",
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


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("ingress: {enabled: true, hosts: ['', {paths: []}]}", "*"),
        ("extraIngresses: {first: {name: hooks, host: w3.example.dev}}", "w3.example.dev"),
    ],
)
def test_hosts_are_read_where_an_older_chart_rendered_what_this_one_refuses(text: str, host: str) -> None:
    assert {(route.host, route.path) for route in routes_of(parse(text))} == {(host, "/")}


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


def extra_object(kind: str, spec: str, version: str = "traefik.io/v1alpha1", metadata: str = "{name: own}") -> Any:
    return parse(f"extraObjects: [{{kind: {kind}, apiVersion: {version}, metadata: {metadata}, spec: {spec}}}]")


def rule(match: str) -> Any:
    return extra_object("IngressRoute", f"{{routes: [{{match: {match!r}}}]}}")


def places(values: Any) -> set[str]:
    return {f"{route.host}{route.path}" for route in routes_of(values)}


ALIAS = "{nginx.ingress.kubernetes.io/server-alias: 'b.dev, C.dev.'}"
INGRESS = "networking.k8s.io/v1"
GATEWAY = "gateway.networking.k8s.io/v1"


@pytest.mark.parametrize(
    ("values", "read"),
    [
        (parse(f"ingress: {{enabled: true, host: a.dev, annotations: {ALIAS}}}"), {"a.dev/", "b.dev/", "c.dev/"}),
        (
            parse(f"extraIngresses: [{{host: a.dev, path: /x, annotations: {ALIAS}}}]"),
            {"a.dev/x", "b.dev/x", "c.dev/x"},
        ),
        (
            extra_object("Ingress", "{rules: [{host: a.dev}]}", INGRESS, f"{{annotations: {ALIAS}}}"),
            {"a.dev/", "b.dev/", "c.dev/"},
        ),
        (extra_object("Ingress", "{defaultBackend: {service: {name: x}}}", INGRESS), {"*/"}),
        (extra_object("IngressRouteTCP", "{routes: [{match: 'HostSNI(`a.dev`)'}]}"), {"a.dev/"}),
        (extra_object("TLSRoute", "{hostnames: [a.dev]}", GATEWAY), {"a.dev/"}),
        (extra_object("GRPCRoute", "{hostnames: [a.dev, b.dev]}", GATEWAY), {"a.dev/", "b.dev/"}),
        (extra_object("HTTPRoute", "{rules: [{}]}", GATEWAY), {"*/"}),
        (
            extra_object("HTTPRoute", "{hostnames: [a.dev], rules: [{matches: [{path: {value: /x}}]}]}", GATEWAY),
            {"a.dev/x"},
        ),
        (rule("Host(`a.dev`) || Host(`b.dev`)"), {"a.dev/", "b.dev/"}),
        (rule("(HOST(`a.dev`, `b.dev`)) && !PathPrefix(`/x`)"), {"a.dev/", "b.dev/"}),
        (rule('PathPrefix(`/x`) && (Host("a.dev") || Host("b.dev"))'), {"a.dev/", "b.dev/"}),
        (rule("Host(`a.dev`) && HostRegexp(`.*`)"), {"a.dev/"}),
        (rule("PathPrefix(`/x`)"), {"*/"}),
        (rule(""), {"*/"}),
    ],
)
def test_aliases_and_the_objects_of_every_router_are_read(values: Any, read: set[str]) -> None:
    assert places(values) == read
    assert unread_objects(values) == []


@pytest.mark.parametrize(
    "values",
    [
        rule("HostRegexp(`.*`)"),
        rule("Host(`a.dev`) || HostRegexp(`.*`)"),
        rule("Host(`a.dev`) || PathPrefix(`/x`)"),
        rule("!Host(`a.dev`)"),
        rule("(PathPrefix(`/x`) || PathPrefix(`/y`)) && Host(`a.dev`)"),
        rule("Host(`a.dev`)" + " " * 10_000),
        rule('Host(`a.dev`) || Host("b\\x2edev")'),
        extra_object("VirtualService", "{hosts: [a.dev]}", "networking.istio.io/v1"),
        extra_object("TCPRoute", "{}", GATEWAY),
        extra_object("IngressRouteUDP", "{}", "traefik.containo.us/v1alpha1"),
    ],
)
def test_an_object_whose_hosts_cannot_be_told_is_known_as_such(values: Any) -> None:
    assert unread_objects(values) == values["extraObjects"]


@pytest.mark.parametrize(("kind", "version"), [("Middleware", "traefik.io/v1alpha1"), ("ConfigMap", "v1")])
def test_what_routes_nothing_is_none_of_them(kind: str, version: str) -> None:
    assert unread_objects(extra_object(kind, "{}", version)) == []


@pytest.mark.parametrize("rest", ["a" * 300_000, "o(`x`)&&" * 40_000, "Host(" + "`x` " * 80_000, "H(`" * 100_000])
def test_a_hostile_rule_is_read_in_one_pass(rest: str) -> None:
    assert len(places(rule(f"Host(`a.dev`) && {rest}"))) < 3
