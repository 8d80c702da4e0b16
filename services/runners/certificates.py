"""What else names a service's host: the certificate's hosts follow it, and whatever does not is warned of."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from integrations.gitops import items, mapping

Path = tuple[str | int, ...]
ISSUERS = ("cert-manager.io/cluster-issuer", "cert-manager.io/issuer")


def place_of_host(values: Mapping[str, Any]) -> Path:
    """Where the file keeps the first host: `hosts` wins over `host`, as in the chart."""
    several = mapping(values.get("ingress")).get("hosts")
    if not several:
        return ("ingress", "host")
    first = several[0] if isinstance(several, list) else None
    return ("ingress", "hosts", 0, "host") if isinstance(first, Mapping) else ("ingress", "hosts", 0)


def hosts_that_follow(values: Mapping[str, Any], old: object, new: str) -> dict[Path, str]:
    """The places in ingress.tls that name the old host, each with the new one."""
    found: dict[Path, str] = {}
    for number, entry in enumerate(items(mapping(values.get("ingress")).get("tls"))):
        names = items(mapping(entry).get("hosts"))
        if isinstance(old, str) and old in names and new not in names:
            found["ingress", "tls", number, "hosts", names.index(old)] = new
    return found


def certificate_warnings(ingress: Mapping[str, Any], old: object, new: str) -> list[str]:
    """`ingress` is that of the file after the change from one host to another."""
    if old == new:
        return []
    warnings = []
    if isinstance(old, str) and old and (places := list(_places_that_name(ingress, old, "ingress"))):
        verb = "still names" if len(places) == 1 else "still name"
        warnings.append(f"{', '.join(places[:5])} {verb} {old}. MCTL cannot change that; change it by hand in git.")
    entries = items(ingress.get("tls"))
    named = any(new in items(mapping(entry).get("hosts")) for entry in entries)
    if ingress.get("tls") and not named and not any(_covers(mapping(entry), new) for entry in entries):
        warnings.append(
            f"No entry of ingress.tls names {new}, so browsers will refuse its certificate. Add one in git."
        )
    annotations = mapping(ingress.get("annotations"))
    if named and not any(annotations.get(issuer) for issuer in ISSUERS):
        warnings.append(f"ingress.annotations names no issuer, so no certificate is made for {new} by itself.")
    return warnings


def _covers(entry: Mapping[str, Any], host: str) -> bool:
    """By a wildcard of its parent domain. An entry without hosts counts for all."""
    return not entry.get("hosts") or f"*.{host.partition('.')[2]}" in items(entry.get("hosts"))


def _places_that_name(held: Any, host: str, place: str) -> Iterator[str]:
    """Each place whose text holds the host as a whole name."""
    if isinstance(held, Mapping):
        for key, inner in held.items():
            yield from _places_that_name(inner, host, f"{place}.{key}")
    elif isinstance(held, list):
        for number, inner in enumerate(held):
            yield from _places_that_name(inner, host, f"{place}[{number}]")
    elif isinstance(held, str) and re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w-]|\.\w)", held):
        yield place
