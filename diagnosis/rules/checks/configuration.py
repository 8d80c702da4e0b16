"""A Secret or ConfigMap (or a key of it) that the pods name is not there."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from core.patterns import Pattern
from core.resource_names import is_database_secret
from diagnosis.choices import Verdict
from diagnosis.rules.facts.containers import Trouble, containers_of
from diagnosis.rules.facts.environment import data_of
from diagnosis.rules.facts.objects import Obj, items, name, namespace, text_at
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Evidence, Finding, Remedy, field_fact, finding, ref
from diagnosis.rules.wording import count_of, listed, shown

_ROWS = (
    (r"couldn't find key (?P<key>\S+) in (?P<kind>Secret|ConfigMap) (?:\S+/)?(?P<name>[\w.\-]+)", True),
    (r"references non-existent (?P<kind>secret|config) key:? (?P<key>\S+)", True),
    (r"(?P<kind>secret|configmap) \"(?P<name>[^\"]+)\" not found", False),
    (r"object \"[^\"/]+\"/\"(?P<name>[^\"]+)\" not registered", False),
)
EXPRESSIONS = tuple((Pattern(f"(?i){row}"), is_key) for row, is_key in _ROWS)
VOLUME = Pattern(r'for volume "([^"]+)"')


@dataclass(frozen=True, slots=True)
class Lack:
    """What is missing: a holder ("Secret" or "ConfigMap", its name) or one key of it; who says so and where."""

    kind: str
    name: str
    key: str
    pod: Obj
    field: str
    message: str


def lacks(scope: Scope) -> list[Lack]:
    """By the kubelet's words about containers and mounts that cannot be set up now."""
    found: list[Lack] = []
    for container in scope.in_trouble(Trouble.WAITING):
        if container.waiting_reason in {"CreateContainerConfigError", "CreateContainerError"}:
            path = f"status.containerStatuses[{container.name}].state.waiting.message"
            found += _read(container.pod, container.waiting_message, path)
    for pod in scope.pods:
        if text_at(pod, "status", "phase") != "Pending" or any(entry.running_since for entry in containers_of(pod)):
            continue
        for event in reversed(scope.events_of(pod)):
            if event.reason == "FailedMount":
                found += _read(pod, event.message, "events[FailedMount].message")
    unique: dict[tuple[str, str, str], Lack] = {}
    for lack in found:
        unique.setdefault((lack.kind, lack.name, lack.key), lack)
    return list(unique.values())


def _read(pod: Obj, message: str, path: str) -> list[Lack]:
    for expression, is_key in EXPRESSIONS:
        match = expression.search(message)
        if match:
            words = match.groupdict()
            kind = "ConfigMap" if (words.get("kind") or "").lower().startswith("config") else "Secret"
            holder = words.get("name") or _of_volume(pod, message, kind)
            return [Lack(kind, holder, (words.get("key") or "") if is_key else "", pod, path, message)]
    return []


def _of_volume(pod: Obj, message: str, kind: str) -> str:
    """The holder behind a volume named in a mount message."""
    found = VOLUME.search(message)
    for volume in items(pod, "spec", "volumes"):
        if found and volume.get("name") == found.group(1):
            return text_at(volume, "secret", "secretName") if kind == "Secret" else text_at(volume, "configMap", "name")
    return ""


def check_configuration(scope: Scope) -> Iterator[Finding]:
    for lack in lacks(scope):
        yield _finding(scope, lack)


def _finding(scope: Scope, lack: Lack) -> Finding:
    holder = scope.snapshot.get(lack.kind, scope.namespace, lack.name)
    waiting = [pod for pod in scope.new_pods if pod not in scope.ready_pods]
    detail = f"{count_of(len(waiting), 'pod')} of {scope.service} cannot start without it."
    evidence = [Evidence("object", "the kubelet's words", ref(lack.pod), lack.field, shown(lack.message), None, True)]
    if lack.key:
        keys = sorted(data_of(holder))
        near = [key for key in keys if key.lower() in lack.key.lower()] or get_close_matches(lack.key, keys, 2, 0.8)
        has = f" It has the keys {listed(keys, 12)}." if keys else ""
        title = f"The {lack.kind} {lack.name} lacks the key {lack.key} that the pods ask for"
        if holder is not None:
            evidence.append(field_fact(holder, "data", listed(keys, 12), "the keys it has"))
        cause = "secret-key-missing" if lack.kind == "Secret" else "configmap-missing"
        hint = f" Nearest: {listed(near)}." if near else ""
        return finding(
            cause, title, detail + has + hint, evidence, _key_remedies(scope, lack), key=f"{lack.name}/{lack.key}"
        )
    title = f"The {lack.kind} {lack.name} that the pods name does not exist in {scope.namespace}"
    cause = "secret-missing" if lack.kind == "Secret" else "configmap-missing"
    verdict = Verdict.SUSPECTED if holder is not None else Verdict.CONFIRMED
    return finding(
        cause,
        title,
        detail + _elsewhere(scope, lack),
        evidence,
        _missing_remedies(scope, lack),
        verdict=verdict,
        key=lack.name,
    )


def _elsewhere(scope: Scope, lack: Lack) -> str:
    """Where something of that name does exist, or what is named nearly so."""
    other_kind = "ConfigMap" if lack.kind == "Secret" else "Secret"
    if scope.snapshot.get(other_kind, scope.namespace, lack.name):
        return f" There is a {other_kind} of that name, not a {lack.kind}."
    spaces = [namespace(obj) for obj in scope.snapshot.all(lack.kind) if name(obj) == lack.name]
    if spaces:
        return f" One of that name exists in {listed(spaces)}; pods read only their own namespace."
    near = get_close_matches(lack.name, [name(obj) for obj in scope.snapshot.all(lack.kind, scope.namespace)], 2, 0.6)
    return f" Named nearly so: {listed(near)}." if near else ""


def _missing_remedies(scope: Scope, lack: Lack) -> list[Remedy]:
    if lack.kind == "Secret" and is_database_secret(lack.name):
        return [
            remedies.provision_database(scope, "Provision the database, which makes this Secret"),
            remedies.roll_back(scope),
        ]
    return [
        remedies.say(f"Create the {lack.kind} {lack.name} in {scope.namespace}, or correct the name"),
        remedies.roll_back(scope),
    ]


def _key_remedies(scope: Scope, lack: Lack) -> list[Remedy]:
    if lack.kind == "Secret":
        return [
            remedies.configure(scope, f"Set the secret value {lack.key}", secret_env_vars=f"{lack.key}="),
            remedies.roll_back(scope),
        ]
    return [
        remedies.say(f"Add the key {lack.key} to the ConfigMap {lack.name}, or correct the reference"),
        remedies.roll_back(scope),
    ]
