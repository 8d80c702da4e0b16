"""Which Secrets and ConfigMaps the target's pods name, wherever in the spec."""

from diagnosis.rules.facts.objects import Obj, items, text_at
from diagnosis.rules.facts.routes import tls_secrets
from diagnosis.rules.facts.scope import Scope


def secret_names(scope: Scope) -> list[str]:
    """Secrets of variables, volumes, image pulls and of the Ingresses' TLS, in that order, each once."""
    spec = scope.template.get("spec") or {}
    found: list[str] = []
    for container in [*items(spec, "initContainers"), *items(spec, "containers")]:
        found += [text_at(entry, "secretRef", "name") for entry in items(container, "envFrom")]
        found += [text_at(entry, "valueFrom", "secretKeyRef", "name") for entry in items(container, "env")]
    found += [name for volume in items(spec, "volumes") for name in _of_volume(volume)]
    found += [text_at(entry, "name") for entry in items(spec, "imagePullSecrets")]
    found += list(tls_secrets(scope))
    return [name for name in dict.fromkeys(found) if name]


def _of_volume(volume: Obj) -> list[str]:
    projected = [text_at(source, "secret", "name") for source in items(volume, "projected", "sources")]
    return [text_at(volume, "secret", "secretName"), *projected]
