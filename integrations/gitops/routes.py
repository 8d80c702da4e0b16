"""Where a service answers: host and path of every Ingress that the chart makes of its values."""

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any, NamedTuple

from integrations.gitops.yaml_events import UnreadableYaml

INGRESS, EXTRA_INGRESS, EXTRA_OBJECT = "ingress", "extra-ingress", "extra-object"
# What a values file can claim; other sources are claimed by other means.
FILE_SOURCES = (INGRESS, EXTRA_INGRESS, EXTRA_OBJECT)
# A rule without a host answers at every name.
EVERY_HOST = "*"
NO_HOST = ""
LONGEST_HOST, LONGEST_PATH = 253, 200
# Aliases multiply: a short file can name some 100,000 hosts, each of them a row.
MOST_ROUTES = 2_000


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


def _ingresses(values: Mapping[str, Any]) -> Iterator[Route]:
    """As templates/ingress.yaml does: `hosts` wins over `host`, and a path stands beside them, not in an entry."""
    ingress = _mapping(values.get("ingress"))
    blocks = [(INGRESS, ingress)] if ingress.get("enabled") else []
    blocks += [(EXTRA_INGRESS, _mapping(extra)) for extra in _items(values.get("extraIngresses"))]
    for source, block in blocks:
        entries = _items(block.get("hosts")) or ([block["host"]] if block.get("host") else [])
        for entry in entries:
            yield Route(_host(entry.get("host") if isinstance(entry, Mapping) else entry), _path(block), source)


def _objects(values: Mapping[str, Any]) -> Iterator[Route]:
    """An Ingress that stands in the file whole."""
    for item in map(_mapping, _items(values.get("extraObjects"))):
        if item.get("kind") == "Ingress":
            for rule in map(_mapping, _items(_mapping(item.get("spec")).get("rules"))):
                paths = _items(_mapping(rule.get("http")).get("paths")) or [{}]
                for path in paths:
                    yield Route(_host(rule.get("host")), _path(_mapping(path)), EXTRA_OBJECT)


def _host(value: Any) -> str:
    return (_text(value).lower().rstrip(".") or EVERY_HOST) if value is None or isinstance(value, str) else NO_HOST


def _path(block: Mapping[str, Any]) -> str:
    path = _text(block.get("path"))
    return (path.rstrip("/") or "/") if path.isprintable() and len(path) <= LONGEST_PATH else "/"


def _text(value: Any) -> str:
    """Never the text of a list or of a number: that of a few nested aliases, or digits, fills the memory."""
    return value if isinstance(value, str) else ""


def _can_be_a_host(host: str) -> bool:
    """Kubernetes refuses what is longer, and so does a database what is not text."""
    return 0 < len(host) <= LONGEST_HOST and host.isprintable()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _items(value: Any) -> list[Any]:
    """A template ranges over the values of a mapping as over a list."""
    return list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else []
