"""Probes: what each asks, and the kubelet's latest words about each."""

from dataclasses import dataclass

from core.patterns import Pattern
from diagnosis.rules.facts.containers import Container
from diagnosis.rules.facts.events import Event
from diagnosis.rules.facts.objects import Obj, items, mapping, text_at
from diagnosis.rules.facts.scope import Scope

KINDS = ("startup", "liveness", "readiness")
HEAD = Pattern(r"(?i)^(readiness|liveness|startup) probe (failed|errored)[^:]*:?\s*")
STATUS = Pattern(r"(?i)statuscode:?\s*(\d{3})")
ADDRESS = Pattern(r"(?:dial tcp |https?://|service \")\[?[^\s/\"]*?\]?:(\d{2,5})")


@dataclass(frozen=True, slots=True)
class Failure:
    """One probe's latest failure. `how`: refused, timeout, status (with `code`), exec, unresolved or other."""

    probe: str
    how: str
    code: int
    port: int
    event: Event


def spec_of(container: Container, probe: str) -> Obj:
    return mapping(container.spec, f"{probe}Probe")


def asked(container: Container, probe: str) -> str:
    """ "HTTP /healthz on port 8080", "TCP port 6379", "command cat /tmp/ready", "gRPC port 9090"."""
    spec = spec_of(container, probe)
    http = mapping(spec, "httpGet")
    if http:
        return (
            f"HTTP {text_at(http, 'path') or '/'} on port {text_at(http, 'port')}{_number(container, http.get('port'))}"
        )
    for key, word in (("tcpSocket", "TCP"), ("grpc", "gRPC")):
        if mapping(spec, key):
            port = mapping(spec, key).get("port")
            return f"{word} port {port}{_number(container, port)}"
    command = mapping(spec, "exec").get("command") or []
    return f"the command {' '.join(str(part) for part in command)}" if command else "nothing"


def _number(container: Container, port: object) -> str:
    return f" ({port_of(container, port)})" if isinstance(port, str) and not port.isdigit() else ""


def port_of(container: Container, port: object) -> int:
    """A probe's or Service's port as a number; a name is looked up among the container's ports, 0 if unknown."""
    if isinstance(port, int):
        return port
    if isinstance(port, str) and port.isdigit():
        return int(port)
    return next((int(entry.get("containerPort", 0)) for entry in container.ports if entry.get("name") == port), 0)


def probe_port(container: Container, probe: str) -> int:
    spec = spec_of(container, probe)
    for key in ("httpGet", "tcpSocket", "grpc"):
        if mapping(spec, key):
            return port_of(container, mapping(spec, key).get("port"))
    return 0


def failures(scope: Scope, container: Container) -> list[Failure]:
    """The newest failure of each probe, startup first, that is still true of the container's present trouble."""
    found: dict[str, Failure] = {}
    for event in scope.events_of(container.pod):
        match = HEAD.match(event.message) if event.reason in {"Unhealthy", "ProbeError", "ProbeWarning"} else None
        if not match or event.container not in {"", container.name} or event.last is None:
            continue
        probe = match.group(1).lower()
        if not spec_of(container, probe) or (
            len(items(container.pod, "spec", "containers")) > 1 and not event.container
        ):
            continue
        found[probe] = _failure(container, probe, event, event.message[match.end() :])
    return [found[probe] for probe in KINDS if probe in found]


def _failure(container: Container, probe: str, event: Event, text: str) -> Failure:
    status, address = STATUS.search(text), ADDRESS.search(text)
    port = int(address.group(1)) if address else probe_port(container, probe)
    lower = text.lower()
    if status:
        return Failure(probe, "status", int(status.group(1)), port, event)
    if "connection refused" in lower or "connection reset" in lower:
        return Failure(probe, "refused", 0, port, event)
    if "strconv" in lower or "couldn't find port" in lower or "invalid port" in lower:
        return Failure(probe, "unresolved", 0, port, event)
    if "timeout" in lower or "deadline exceeded" in lower or "timed out" in lower:
        return Failure(probe, "timeout", 0, port, event)
    return Failure(probe, "exec" if mapping(spec_of(container, probe), "exec") else "other", 0, port, event)
