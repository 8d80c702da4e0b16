"""The environment variables a container gets: names, the values that are no secret, and where each comes from."""

from dataclasses import dataclass

from core.patterns import Pattern
from diagnosis.rules.facts.containers import Container
from diagnosis.rules.facts.objects import Obj, dig, items, mapping, text_at
from diagnosis.rules.facts.scope import Scope


@dataclass(frozen=True, slots=True)
class Variable:
    """`value` is None when it comes from a Secret (never read) or from a source that does not exist."""

    name: str
    value: str | None
    origin: str


def variables(scope: Scope, spec: Obj) -> dict[str, Variable]:
    """Declared variables of a container spec; what envFrom brings first, env over it, as Kubernetes does."""
    found: dict[str, Variable] = {}
    for source in items(spec, "envFrom"):
        found.update(_from_source(scope, source))
    for entry in items(spec, "env"):
        name = text_at(entry, "name")
        found[name] = _variable(scope, name, entry)
    return found


def _from_source(scope: Scope, source: Obj) -> dict[str, Variable]:
    prefix = text_at(source, "prefix")
    for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
        holder = text_at(source, key, "name")
        if holder:
            data = data_of(scope.snapshot.get(kind, scope.namespace, holder))
            origin = f"{kind} {holder}"
            return {
                prefix + name: Variable(prefix + name, value if kind == "ConfigMap" else None, origin)
                for name, value in data.items()
            }
    return {}


def _variable(scope: Scope, name: str, entry: Obj) -> Variable:
    if "value" in entry or "valueFrom" not in entry:
        return Variable(name, text_at(entry, "value"), "the container's env")
    chosen = mapping(entry, "valueFrom", "configMapKeyRef")
    if chosen:
        holder, key = text_at(chosen, "name"), text_at(chosen, "key")
        value = dig(scope.snapshot.get("ConfigMap", scope.namespace, holder), "data", key)
        return Variable(name, str(value) if value is not None else None, f"ConfigMap {holder}, key {key}")
    secret = mapping(entry, "valueFrom", "secretKeyRef")
    if secret:
        return Variable(name, None, f"Secret {text_at(secret, 'name')}, key {text_at(secret, 'key')}")
    return Variable(name, None, "the pod's own fields")


def data_of(holder: Obj | None) -> dict[str, str]:
    """Keys and values of a ConfigMap or Secret; a Secret's values must not leave this process."""
    merged = {**mapping(holder, "binaryData"), **mapping(holder, "data"), **mapping(holder, "stringData")}
    return {str(key): str(value) for key, value in merged.items()}


def of_container(scope: Scope, container: Container) -> dict[str, Variable]:
    return variables(scope, container.spec)


def naming(found: dict[str, Variable], text: str) -> Variable | None:
    """The variable whose (non-secret) value holds the text, such as a host name."""
    exact = [entry for entry in found.values() if entry.value == text]
    inside = [entry for entry in found.values() if entry.value and text in entry.value]
    return next(iter(exact or inside), None)


HOSTS = Pattern(
    r"(?:\w+://(?:[^@/\s]+@)?|\b(?:nslookup|getent hosts|pg_isready -h|redis-cli -h|mysqladmin ping -h|-h|--host)[ =]"
    r"|\bnc(?: -\w+(?: \d+)?)* |wait-for(?:-it)?(?:\.sh)? )[\"']?([A-Za-z][\w.\-]*)"
)
ADDRESS = Pattern(r"[A-Za-z][\w.\-]*(?::\d+)?")


def hosts_of(scope: Scope, container: Container) -> list[str]:
    """Host names the container is told: in its variables' values and in its command, in that order."""
    found = []
    for variable in of_container(scope, container).values():
        value = variable.value or ""
        found += HOSTS.findall(value)
        if ADDRESS.fullmatch(value):
            found.append(value.partition(":")[0])
    command = [*(container.spec.get("command") or []), *(container.spec.get("args") or [])]
    found += HOSTS.findall(" ".join(str(part) for part in command))
    return list(dict.fromkeys(found))
