"""Where a service answers: host and path of everything that routes requests to it, as its values make it."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, NamedTuple

from core.patterns import Pattern
from integrations.gitops.values_file import items, mapping
from integrations.yaml.events import UnreadableYaml

INGRESS, EXTRA_INGRESS, EXTRA_OBJECT = "ingress", "extra-ingress", "extra-object"
# What a values file can claim; other sources are claimed by other means.
FILE_SOURCES = (INGRESS, EXTRA_INGRESS, EXTRA_OBJECT)
# A rule without a host answers at every name.
EVERY_HOST = "*"
NO_HOST = ""
LONGEST_HOST, LONGEST_PATH = 253, 200
# Aliases multiply: a short file can name some 100,000 hosts, each of them a row.
MOST_ROUTES = 2_000

SERVER_ALIAS = "nginx.ingress.kubernetes.io/server-alias"
TRAEFIK_ROUTES = ("IngressRoute", "IngressRouteTCP")
GATEWAY_ROUTES = ("HTTPRoute", "GRPCRoute", "TLSRoute")
READ_KINDS = ("Ingress", *TRAEFIK_ROUTES, *GATEWAY_ROUTES)
# Used by routes, which name the hosts.
HOSTLESS_KINDS = ("Middleware", "MiddlewareTCP", "ServersTransport", "ServersTransportTCP", "TraefikService")
ROUTING_GROUPS = (
    "networking.k8s.io", "traefik.io", "traefik.containo.us", "gateway.networking.k8s.io", "networking.istio.io",
)  # fmt: skip

_TEXT = r"(?:`[^`]*`|\"[^\"\\]*\")"
_QUOTED = Pattern(_TEXT)
_MATCHER = Pattern(rf"(\w+)\s*\(\s*((?:{_TEXT}\s*,?\s*)*)\)")
_HOST_MATCHERS, _PATTERN_MATCHERS = ("host", "hostheader", "hostsni"), ("hostregexp", "hostsniregexp")
# Each alternative demands a host (H), whatever else (o) it demands besides.
_HOST_IN_EACH = Pattern(r"(?:!?o&&)*\(?(?:!?o&&)*H(?:&&!?o)*\)?(?:&&!?o)*")
# Of a longer one only the beginning could be read.
LONGEST_RULE = 10_000


class Route(NamedTuple):
    """`host` is in lower case without a final dot; `path` begins with a slash and ends with none, except for "/"."""

    host: str
    path: str
    source: str


def routes_of(values: Mapping[str, Any]) -> tuple[Route, ...]:
    """In the order of the file, each once. Raises UnreadableYaml for more than anybody can mean."""
    is_worker = values.get("componentType") == "worker-service"
    named = list(islice(chain(() if is_worker else _ingresses(values), _objects(values)), MOST_ROUTES + 1))
    if len(named) > MOST_ROUTES:
        raise UnreadableYaml(f"It names more than {MOST_ROUTES:,} hosts.")
    return tuple(dict.fromkeys(route for route in named if _can_be_a_host(route.host)))


def unread_objects(values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The extra objects that route requests, and whose hosts `routes_of` cannot tell."""
    return [item for item in map(mapping, _ranged(values.get("extraObjects"))) if not _is_read(item)]


def _is_read(item: Mapping[str, Any]) -> bool:
    kind = item.get("kind")
    if kind in TRAEFIK_ROUTES:
        return all(_is_clear(rule) for rule in _rules(mapping(item.get("spec"))))
    group = _text(item.get("apiVersion")).partition("/")[0]
    return group not in ROUTING_GROUPS or kind in READ_KINDS or kind in HOSTLESS_KINDS


def _ingresses(values: Mapping[str, Any]) -> Iterator[Route]:
    """As templates/ingress.yaml does: `hosts` wins over `host`, and a path stands beside them, not in an entry."""
    ingress = mapping(values.get("ingress"))
    blocks = [(INGRESS, ingress)] if ingress.get("enabled") else []
    blocks += [(EXTRA_INGRESS, mapping(extra)) for extra in _ranged(values.get("extraIngresses"))]
    for source, block in blocks:
        entries = _ranged(block.get("hosts")) or ([block["host"]] if block.get("host") else [])
        hosts = [entry.get("host") if isinstance(entry, Mapping) else entry for entry in entries]
        for host in [*hosts, *_aliases(block)]:
            yield Route(_host(host), _path(block.get("path")), source)


def _objects(values: Mapping[str, Any]) -> Iterator[Route]:
    """Objects that stand in the file whole."""
    for item in map(mapping, _ranged(values.get("extraObjects"))):
        spec, kind = mapping(item.get("spec")), item.get("kind")
        places: Iterable[tuple[Any, Any]]
        if kind == "Ingress":
            places = _places_of_ingress(spec, _aliases(mapping(item.get("metadata"))))
        elif kind in TRAEFIK_ROUTES:
            # Of paths nothing is read: of one tenant's services, one has the host whole.
            places = ((host, "/") for rule in _rules(spec) for host in _hosts_of_rule(rule))
        elif kind in GATEWAY_ROUTES:
            places = _places_of_gateway_route(spec)
        else:
            continue
        for host, path in places:
            yield Route(_host(host), _path(path), EXTRA_OBJECT)


def _places_of_ingress(spec: Mapping[str, Any], aliases: list[str]) -> Iterator[tuple[Any, Any]]:
    """Without rules its default backend answers at every name."""
    for rule in map(mapping, _ranged(spec.get("rules")) or [{}]):
        for path in _ranged(mapping(rule.get("http")).get("paths")) or [{}]:
            for host in [rule.get("host"), *aliases]:
                yield host, mapping(path).get("path")


def _places_of_gateway_route(spec: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    for rule in map(mapping, items(spec.get("rules")) or [{}]):
        for match in map(mapping, items(rule.get("matches")) or [{}]):
            for host in items(spec.get("hostnames")) or [None]:
                yield host, mapping(match.get("path")).get("value")


def _aliases(block: Mapping[str, Any]) -> list[str]:
    """The names at which ingress-nginx answers besides those of the rules."""
    named = _text(mapping(block.get("annotations")).get(SERVER_ALIAS)).split(",")
    return [name.strip() for name in named if name.strip()]


# --- rules of Traefik, such as Host(`a.dev`) && PathPrefix(`/x`)


def _rules(spec: Mapping[str, Any]) -> list[str]:
    return [_text(mapping(route).get("match")) for route in items(spec.get("routes"))]


def _hosts_of_rule(rule: str) -> list[str]:
    """Those it names. Without any it answers at every host, unless a pattern stands for some."""
    calls = [(name.lower(), arguments) for name, arguments in _MATCHER.findall(rule)]
    named = [text[1:-1] for name, held in calls if name in _HOST_MATCHERS for text in _QUOTED.findall(held)]
    return named if named or any(name in _PATTERN_MATCHERS for name, _ in calls) else [EVERY_HOST]


def _is_clear(rule: str) -> bool:
    """Whether it answers at the hosts of `_hosts_of_rule` and nowhere else."""
    if len(rule) > LONGEST_RULE:
        return False
    if _hosts_of_rule(rule) == [EVERY_HOST]:
        return True
    shape = "".join(_MATCHER.sub(lambda call: "H" if call[1].lower() in _HOST_MATCHERS else "o", rule).split())
    return all(_HOST_IN_EACH.fullmatch(alternative) for alternative in shape.split("||"))


def _host(value: Any) -> str:
    return (_text(value).lower().rstrip(".") or EVERY_HOST) if value is None or isinstance(value, str) else NO_HOST


def _path(value: Any) -> str:
    path = _text(value)
    return (path.rstrip("/") or "/") if path.isprintable() and len(path) <= LONGEST_PATH else "/"


def _text(value: Any) -> str:
    """Never the text of a list or of a number: that of a few nested aliases, or digits, fills the memory."""
    return value if isinstance(value, str) else ""


def _can_be_a_host(host: str) -> bool:
    """Kubernetes refuses what is longer, and so does a database what is not text."""
    return 0 < len(host) <= LONGEST_HOST and host.isprintable()


def _ranged(value: Any) -> list[Any]:
    """A template ranges over the values of a mapping as over a list."""
    return list(value.values()) if isinstance(value, Mapping) else items(value)
