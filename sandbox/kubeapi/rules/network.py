"""Services, Ingresses and NetworkPolicies."""

import ipaddress
from typing import Any

from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.errors import (
    Cause,
    duplicate_value,
    forbidden_field,
    invalid_value,
    required,
    unsupported_value,
)
from sandbox.kubeapi.rules import names
from sandbox.kubeapi.rules.containers import PROTOCOLS
from sandbox.kubeapi.rules.metadata import check_labels, check_selector
from sandbox.kubeapi.rules.names import refuse

Spec = dict[str, Any]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_WRONG_IN_PATH = ("//", "/./", "/../", "%2f", "%2F")
_WRONG_PATH_END = ("/..", "/.")
_CLASS_NOTE = "kubernetes.io/ingress.class"
_POLICY_PROTOCOLS = ("TCP", "UDP", "SCTP")
_LOOSE_BITS = "must not have bits set beyond the prefix length"
_BAD_RANGE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


def check_service(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    kind = spec.get("type", "ClusterIP")
    causes = []
    ports = spec.get("ports") or []
    if not ports and kind != "ExternalName" and spec.get("clusterIP") != "None":
        causes.append(required("spec.ports"))
    if kind == "ExternalName":
        host = spec.get("externalName", "").removesuffix(".")
        field = "spec.externalName"
        causes += refuse(field, host, names.subdomain) if host else [required(field)]
    causes += _check_service_ports(ports)
    causes += check_labels(spec.get("selector"), "spec.selector")
    affinity = spec.get("sessionAffinity", "None")
    if affinity not in ("ClientIP", "None"):
        causes.append(unsupported_value("spec.sessionAffinity", affinity, ["ClientIP", "None"]))
    address = spec.get("clusterIP", "")
    if address not in ("", "None"):
        causes += refuse("spec.clusterIPs[0]", address, names.address)
    if kind not in _SERVICE_TYPES:
        causes.append(unsupported_value("spec.type", kind, _SERVICE_TYPES))
    return causes + _check_port_pairs(ports)


def _check_service_ports(ports: list[Spec]) -> list[Cause]:
    causes = []
    seen = set()
    for index, port in enumerate(ports):
        here, name = f"spec.ports[{index}]", port.get("name", "")
        if name:
            causes += refuse(f"{here}.name", name, names.label)
            causes += [duplicate_value(f"{here}.name", name)] if name in seen else []
            seen.add(name)
        elif len(ports) > 1:
            causes.append(required(f"{here}.name"))
        causes += refuse(f"{here}.port", port.get("port", 0), names.port_number)
        if port.get("protocol", "TCP") not in PROTOCOLS:
            causes.append(unsupported_value(f"{here}.protocol", port["protocol"], PROTOCOLS))
        if port.get("appProtocol"):
            causes += refuse(f"{here}.appProtocol", port["appProtocol"], names.qualified_name)
        causes += refuse(f"{here}.targetPort", port.get("targetPort", port.get("port", 0)), names.port)
    return causes


def _check_port_pairs(ports: list[Spec]) -> list[Cause]:
    causes = []
    seen = set()
    for index, port in enumerate(ports):
        pair = (port.get("protocol", "TCP"), port.get("port", 0))
        if pair in seen:
            shown = {"Name": "", "Protocol": pair[0], "AppProtocol": None, "Port": pair[1], "TargetPort": 0,
                     "NodePort": 0}  # fmt: skip
            causes.append(duplicate_value(f"spec.ports[{index}]", shown))
        seen.add(pair)
    return causes


def check_ingress(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = []
    if not spec.get("rules") and not spec.get("defaultBackend"):
        causes.append(invalid_value("spec", None, "either `defaultBackend` or `rules` must be specified"))
    if spec.get("defaultBackend") is not None:
        causes += _check_backend(spec["defaultBackend"], "spec.defaultBackend")
    for index, rule in enumerate(spec.get("rules") or ()):
        causes += _check_rule(rule, f"spec.rules[{index}]")
    for index, tls in enumerate(spec.get("tls") or ()):
        for at, host in enumerate(tls.get("hosts") or ()):
            causes += _check_host(host, f"spec.tls[{index}].hosts[{at}]")
        if tls.get("secretName"):
            causes += refuse(f"spec.tls[{index}].secretName", tls["secretName"], names.subdomain)
    chosen = spec.get("ingressClassName")
    if chosen is not None:
        causes += refuse("spec.ingressClassName", chosen, names.subdomain)
    noted = (obj["metadata"].get("annotations") or {}).get(_CLASS_NOTE)
    if chosen is not None and noted is not None and noted != chosen:
        why = "must match `ingressClassName` when both are specified"
        causes.append(invalid_value(f"annotations.{_CLASS_NOTE}", noted, why))
    return causes


def _check_host(host: str, field: str) -> list[Cause]:
    return refuse(field, host, names.wildcard_subdomain if "*" in host else names.subdomain)


def _check_rule(rule: Spec, field: str) -> list[Cause]:
    causes = []
    if host := rule.get("host"):
        if not names.address(host):
            causes.append(invalid_value(f"{field}.host", host, "must be a DNS name, not an IP address"))
        causes += _check_host(host, f"{field}.host")
    if rule.get("http") is None:
        return causes
    paths = rule["http"].get("paths") or ()
    if not paths:
        causes.append(required(f"{field}.http.paths"))
    for index, path in enumerate(paths):
        causes += _check_path(path, f"{field}.http.paths[{index}]")
    return causes


def _check_path(path: Spec, field: str) -> list[Cause]:
    kind, text = path.get("pathType"), path.get("path", "")
    if kind is None:
        return [required(f"{field}.pathType", "pathType must be specified")]
    causes = []
    if kind not in _PATH_TYPES:
        causes.append(unsupported_value(f"{field}.pathType", kind, _PATH_TYPES))
    elif not text.startswith("/") and (text or kind != "ImplementationSpecific"):
        causes.append(invalid_value(f"{field}.path", text, "must be an absolute path"))
    if kind in ("Exact", "Prefix"):
        wrong = [f"must not contain '{one}'" for one in _WRONG_IN_PATH if one in text]
        wrong += [f"cannot end with '{one}'" for one in _WRONG_PATH_END if text.endswith(one)]
        causes += [invalid_value(f"{field}.path", text, why) for why in wrong]
    return causes + _check_backend(path.get("backend") or {}, f"{field}.backend")


def _check_backend(backend: Spec, field: str) -> list[Cause]:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        return [invalid_value(field, "", "cannot set both resource and service backends")]
    if resource is not None:
        return []
    if service is None:
        return [invalid_value(field, "", "resource or service backend is required")]
    here = f"{field}.service"
    name, port = service.get("name", ""), service.get("port") or {}
    causes = refuse(f"{here}.name", name, names.label) if name else [required(f"{here}.name")]
    if port.get("name") and port.get("number"):
        causes.append(invalid_value(field, "", "cannot set both port name & port number"))
    elif port.get("name"):
        causes += refuse(f"{here}.port.name", port["name"], names.port_name)
    elif port.get("number"):
        causes += refuse(f"{here}.port.number", port["number"], names.port_number)
    else:
        causes.append(required(field, "port name or number is required"))
    return causes


def check_network_policy(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = check_selector(spec.get("podSelector"), "spec.podSelector")
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or ()):
            here = f"spec.{direction}[{index}]"
            for at, port in enumerate(rule.get("ports") or ()):
                causes += _check_policy_port(port, f"{here}.ports[{at}]")
            for at, peer in enumerate(rule.get(peers) or ()):
                causes += _check_peer(peer, f"{here}.{peers}[{at}]")
    for index, kind in enumerate(spec.get("policyTypes") or ()):
        if kind not in ("Ingress", "Egress"):
            causes.append(unsupported_value(f"spec.policyTypes[{index}]", kind, ["Ingress", "Egress"]))
    return causes


def _check_policy_port(port: Spec, field: str) -> list[Cause]:
    causes = []
    if port.get("protocol", "TCP") not in _POLICY_PROTOCOLS:
        causes.append(unsupported_value(f"{field}.protocol", port["protocol"], _POLICY_PROTOCOLS))
    number, end = port.get("port"), port.get("endPort")
    if isinstance(number, str):
        if end is not None:
            causes.append(invalid_value(f"{field}.endPort", end, "may not be specified when `port` is non-numeric"))
        return causes + refuse(f"{field}.port", number, names.port_name)
    if number is None:
        why = "may not be specified when `port` is not specified"
        return causes + ([invalid_value(f"{field}.endPort", end, why)] if end is not None else [])
    causes += refuse(f"{field}.port", number, names.port_number)
    if end is not None:
        if end < number:
            # The real server shows the port here, not its end.
            causes.append(invalid_value(f"{field}.endPort", number, "must be greater than or equal to `port`"))
        causes += refuse(f"{field}.endPort", end, names.port_number)
    return causes


def _check_peer(peer: Spec, field: str) -> list[Cause]:
    causes = []
    given = [name for name in ("podSelector", "namespaceSelector", "ipBlock") if peer.get(name) is not None]
    for name in given:
        here = f"{field}.{name}"
        causes += _check_block(peer[name], here) if name == "ipBlock" else check_selector(peer[name], here)
    if not given:
        causes.append(required(field, "must specify a peer"))
    elif "ipBlock" in given and len(given) > 1:
        causes.append(forbidden_field(field, "may not specify both ipBlock and another peer"))
    return causes


def _check_block(block: Spec, field: str) -> list[Cause]:
    if not block.get("cidr"):
        return [required(f"{field}.cidr")]
    whole = _as_range(block["cidr"])
    if whole is None:
        return [invalid_value(f"{field}.cidr", block["cidr"], _BAD_RANGE)]
    causes = _check_bits(whole, block["cidr"], f"{field}.cidr")
    for index, text in enumerate(block.get("except") or ()):
        here, part = f"{field}.except[{index}]", _as_range(text)
        if part is None:
            causes.append(invalid_value(here, text, _BAD_RANGE))
            continue
        causes += _check_bits(part, text, here)
        if part.version != whole.version or part.prefixlen <= whole.prefixlen or part[0] not in whole:
            causes.append(invalid_value(here, text, "must be a strict subset of `cidr`"))
    return causes


def _check_bits(network: Network, text: str, field: str) -> list[Cause]:
    loose = ipaddress.ip_address(text.partition("/")[0]) != network[0]
    return [invalid_value(field, text, _LOOSE_BITS)] if loose else []


def _as_range(text: str) -> Network | None:
    _, slash, mask = text.partition("/")
    if not slash or not mask.isdecimal():
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
