"""A Secret that external-secrets should make is not made: the store, the permission, or the path."""

from collections.abc import Iterator
from datetime import timedelta

from core.patterns import Pattern
from core.resource_names import database_secret_name
from diagnosis.choices import Severity, Verdict
from diagnosis.rules.facts.objects import Obj, age, condition, created, dig, items, name, namespace, text_at, when
from diagnosis.rules.facts.postgres import clusters, databases
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.facts.secret_references import secret_names
from diagnosis.rules.patterns.secret_messages import secret_cause
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Evidence, Finding, Remedy, field_fact, finding, ref
from diagnosis.rules.wording import listed, shown

SETTLED = timedelta(minutes=1)
PLACE = Pattern(r"spec\.data\[(\d{1,6})\]")
QUOTED = Pattern(r'(?:data for key|property):? \\?"?([\w.\-]+)')


def externals(scope: Scope) -> list[Obj]:
    """ExternalSecrets that make a Secret the target names, belong to its application, or feed its database role."""
    itself = scope.asked_about("ExternalSecret")
    if itself:
        return itself
    wanted = set(secret_names(scope))
    found = [
        obj for obj in scope.snapshot.all("ExternalSecret", scope.namespace)
        if made_by(obj) in wanted or scope.in_application(obj)
    ]  # fmt: skip
    spaces = {namespace(obj) for obj in databases(scope)} - {scope.namespace}
    owners = {text_at(obj, "spec", "owner") for obj in databases(scope)}
    roles = [
        role
        for cluster in clusters(scope)
        for role in items(cluster, "spec", "managed", "roles")
        if role.get("name") in owners
    ]
    passwords = {text_at(role, "passwordSecret", "name") for role in roles} | set(map(database_secret_name, owners))
    for space in spaces:
        found += [obj for obj in scope.snapshot.all("ExternalSecret", space) if made_by(obj) in passwords]
    return found


def made_by(external: Obj) -> str:
    return text_at(external, "spec", "target", "name") or name(external)


def check_secrets(scope: Scope) -> Iterator[Finding]:
    for external in externals(scope):
        ready = condition(external, "Ready")
        waited = age(scope.now, when(ready.get("lastTransitionTime")) or created(external)) or SETTLED
        if ready.get("status") == "True" or (not ready and waited < SETTLED):
            continue
        yield _judged(scope, external, ready)


def _judged(scope: Scope, external: Obj, ready: Obj) -> Finding:
    messages = _messages(scope, external, ready)
    store, store_said = _store(scope, external)
    told = next((found for found in map(secret_cause, messages) if found), "")
    # What Vault itself has answered proves that there is a store.
    if store is None and told in {"vault-permission-denied", "vault-key-missing"}:
        store_said = ""
    cause = "secret-store-not-ready" if store_said else told
    said = next((message for message in messages if secret_cause(message) == cause), messages[0] if messages else "")
    evidence = _evidence(external, ready, said, cause)
    if store_said:
        evidence.append(
            Evidence(
                "object",
                "the store's own words",
                ref(store),
                "status.conditions[Ready].message",
                shown(store_said),
                None,
                True,
            )
        )
    exists = scope.snapshot.get("Secret", namespace(external), made_by(external)) is not None
    detail = (
        f"The Secret {made_by(external)} in {namespace(external)} "
        f"{'keeps its old values' if exists else 'is not made'}, "
        f"and {scope.service} reads it."
    )
    title, options = _words(external, cause, said, store, store_said)
    severity = Severity.WARNING if exists and scope.is_complete else Severity.PROBLEM
    if not cause:
        return finding(
            "externalsecret-not-synced", title, detail, evidence, options, severity=severity, key=name(external)
        )
    return finding(
        cause, title, detail, evidence, options, severity=severity, key=name(external), verdict=Verdict.CONFIRMED
    )


def _messages(scope: Scope, external: Obj, ready: Obj) -> list[str]:
    """Newest event first: the condition says only that it failed, the event says why."""
    events = [event.message for event in reversed(scope.events_of(external)) if event.type == "Warning"]
    return [*events, text_at(ready, "message")]


def _store(scope: Scope, external: Obj) -> tuple[Obj | None, str]:
    """(the store, why it is not ready); "" when it is ready or not to be seen."""
    which = text_at(external, "spec", "secretStoreRef", "name") or text_at(
        external, "spec", "data", 0, "sourceRef", "storeRef", "name"
    )
    kind = text_at(external, "spec", "secretStoreRef", "kind") or "SecretStore"
    store = scope.snapshot.get(kind, "" if kind == "ClusterSecretStore" else namespace(external), which)
    if store is None:
        readable = scope.snapshot.readable(kind)
        return None, f"{kind} {which} does not exist" if which and readable else ""
    ready = condition(store, "Ready")
    if ready.get("status") != "False":
        return store, ""
    events = [event.message for event in scope.events_of(store) if event.type == "Warning"]
    return store, f"{text_at(ready, 'reason')}: {text_at(ready, 'message')} {events[-1] if events else ''}".strip()


def _keys(external: Obj) -> list[str]:
    found = [text_at(entry, "remoteRef", "key") for entry in items(external, "spec", "data")]
    found += [text_at(entry, "extract", "key") for entry in items(external, "spec", "dataFrom")]
    return [key for key in dict.fromkeys(found) if key]


def _path(external: Obj, said: str) -> str:
    keys = _keys(external)
    return next((key for key in keys if key in said), keys[0] if keys else "its path")


def _property(external: Obj, said: str) -> str:
    """The property a message names: by its place in spec.data, or by its own words."""
    place = PLACE.search(said)
    if place:
        return text_at(external, "spec", "data", int(place.group(1)), "remoteRef", "property")
    quoted = QUOTED.search(said)
    return quoted.group(1) if quoted else ""


def _words(external: Obj, cause: str, said: str, store: Obj | None, store_said: str) -> tuple[str, list[Remedy]]:
    path, which = _path(external, said), name(external)
    server = text_at(store, "spec", "provider", "vault", "server") or "Vault"
    role = text_at(store, "spec", "provider", "vault", "auth", "kubernetes", "role")
    if cause == "secret-store-not-ready":
        called = name(store) if store else text_at(external, "spec", "secretStoreRef", "name")
        why = shown(store_said or said, 200)
        return f"The secret store {called} cannot be used ({server}): {why}", [
            remedies.ask_platform(f"repair the store {called}: address, role and login at Vault")
        ]
    if cause == "vault-permission-denied":
        title = (
            f"Vault refuses the path {path} for ExternalSecret {which} (403, permission denied): the "
            f"policy{f' of role {role}' if role else ''} does not cover it"
        )
        return title, [
            remedies.ask_platform(f"add {path} to the tenant's Vault policy (running create-tenant again writes it)")
        ]
    if cause == "vault-key-missing":
        wanted = _property(external, said)
        what = (
            f"the property {wanted} at {path}"
            if wanted and "find secret data" in said
            else f"the path {path}{f' (property {wanted})' if wanted else ''}"
        )
        return f"Vault has no {what.removeprefix('the ')}, which ExternalSecret {which} asks for", [
            remedies.say(f"Write {path} in Vault (deploy-service with secret_env_vars does), or correct the key")
        ]
    return f"The ExternalSecret {which} is not synced: {shown(said, 200)}", [
        remedies.ask_platform("look at the external-secrets controller")
    ]


def _evidence(external: Obj, ready: Obj, said: str, cause: str) -> list[Evidence]:
    since = when(ready.get("lastTransitionTime"))
    found = [
        field_fact(external, "status.conditions[Ready].reason", text_at(ready, "reason") or "none", "not synced", since)
    ]
    found.append(
        Evidence("event", "the controller's words", ref(external), "events[].message", shown(said), None, True)
    )
    found.append(field_fact(external, "spec.data[].remoteRef.key", listed(_keys(external)), "the Vault path it reads"))
    synced = when(dig(external, "status", "refreshTime"))
    if synced:
        found.append(field_fact(external, "status.refreshTime", synced.isoformat(), "last synced", synced))
    return found if cause else found[:2]
