"""The Services and Ingresses of a target, found through selectors and backends, and those meant for it that miss."""

from diagnosis.rules.facts.finders import INSTANCE
from diagnosis.rules.facts.objects import (
    Obj,
    dig,
    items,
    labels,
    mapping,
    matches_labels,
    name,
    namespace,
    text_at,
)
from diagnosis.rules.facts.scope import JOBS, Scope


def services(scope: Scope) -> list[Obj]:
    """Services whose selector matches the target's pods."""
    return [
        obj for obj in scope.snapshot.all("Service", scope.namespace)
        if mapping(obj, "spec", "selector") and scope.template_labels
        and matches_labels(mapping(obj, "spec", "selector"), scope.template_labels)
    ]  # fmt: skip


def strays(scope: Scope) -> list[Obj]:
    """Services meant for the target by name, label or application, whose selector does not match its pods."""
    own = {name(obj) for obj in services(scope)}
    return [
        obj for obj in scope.snapshot.all("Service", scope.namespace)
        if name(obj) not in own and mapping(obj, "spec", "selector") and _is_meant(scope, obj)
    ]  # fmt: skip


def _is_meant(scope: Scope, service: Obj) -> bool:
    if scope.workload is None or scope.workload_kind in JOBS:
        return False
    if name(service) in {scope.target.name, name(scope.workload)} or scope.in_application(service):
        return not _serves_another(scope, service) or name(service) == name(scope.workload)
    instance = labels(service).get(INSTANCE)
    return bool(instance) and instance == scope.template_labels.get(INSTANCE) and not _serves_another(scope, service)


def _serves_another(scope: Scope, service: Obj) -> bool:
    """The Service selects pods of another workload, for which it may well be meant."""
    selector = mapping(service, "spec", "selector")
    return bool(scope.pods_matching(selector, scope.namespace))


def backends(ingress: Obj) -> list[tuple[str, str, str, Obj]]:
    """(host, path, service name, the backend's port) of every rule and of the default backend."""
    found = []
    for rule in items(ingress, "spec", "rules"):
        for path in items(rule, "http", "paths"):
            service = mapping(path, "backend", "service")
            found.append(
                (
                    text_at(rule, "host"),
                    text_at(path, "path") or "/",
                    text_at(service, "name"),
                    mapping(service, "port"),
                )
            )
    default = mapping(ingress, "spec", "defaultBackend", "service")
    if default:
        found.append(("", "/", text_at(default, "name"), mapping(default, "port")))
    return found


def ingresses(scope: Scope) -> list[Obj]:
    """Ingresses that lead to the target's Services, and those meant for it whose backend is missing."""
    own = {name(obj) for obj in services(scope)} | {name(obj) for obj in strays(scope)}
    here = scope.snapshot.all("Ingress", scope.namespace)
    leading = [obj for obj in here if any(service in own for _, _, service, _ in backends(obj))]
    taken = {name(obj) for obj in leading}
    meant = [obj for obj in here if name(obj) not in taken and _ingress_is_meant(scope, obj)]
    itself = [obj for obj in scope.asked_about("Ingress") if name(obj) not in taken]
    return [*leading, *meant, *itself]


def _ingress_is_meant(scope: Scope, ingress: Obj) -> bool:
    """Named like the target or in its application, and leading nowhere else."""
    if scope.workload is None:
        return False
    found = [scope.snapshot.get("Service", scope.namespace, service) for _, _, service, _ in backends(ingress)]
    if any(found) or is_solver(ingress):
        return False
    instance = labels(ingress).get(INSTANCE)
    alike = name(ingress) in {scope.target.name, name(scope.workload)} or bool(
        instance and instance == labels(scope.workload).get(INSTANCE)
    )
    return (
        alike
        or scope.in_application(ingress)
        or any(scope.target.name in service for _, _, service, _ in backends(ingress))
    )


def is_solver(ingress: Obj) -> bool:
    """cert-manager's own short-lived Ingress for a challenge."""
    return name(ingress).startswith("cm-acme-http-solver") or "acme.cert-manager.io/http01-solver" in labels(ingress)


def ingress_class(ingress: Obj) -> str:
    annotation = (dig(ingress, "metadata", "annotations") or {}).get("kubernetes.io/ingress.class", "")
    return text_at(ingress, "spec", "ingressClassName") or str(annotation)


def tls_secrets(scope: Scope) -> dict[str, tuple[Obj, list[str]]]:
    """Secret name -> (Ingress, hosts) of the target's Ingresses."""
    return {
        text_at(entry, "secretName"): (ingress, [str(host) for host in entry.get("hosts") or []])
        for ingress in ingresses(scope)
        for entry in items(ingress, "spec", "tls")
        if entry.get("secretName")
    }


def full_name(obj: Obj) -> str:
    return f"{namespace(obj)}/{name(obj)}"
