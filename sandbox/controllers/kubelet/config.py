"""The variables and volumes a container is given, and the kubelet's words for what is missing."""

import base64
from typing import Any

from sandbox.controllers.client import Client, Thing
from sandbox.controllers.kinds import CLAIM, CONFIG_MAP, SECRET, Kind

Reference = dict[str, Any]


class ConfigMissing(Exception):
    """The text is what the kubelet writes into the waiting state and the event."""


async def environment(client: Client, pod: Thing, container: dict[str, Any]) -> dict[str, str]:
    """Resolved `envFrom` and `env`. Raises ConfigMissing."""
    namespace = pod["metadata"]["namespace"]
    found: dict[str, str] = {}
    for source in container.get("envFrom") or []:
        for field, kind in (("secretRef", SECRET), ("configMapRef", CONFIG_MAP)):
            if reference := source.get(field):
                thing = await _object(client, kind, namespace, reference)
                prefix = source.get("prefix", "")
                found.update({prefix + name: text for name, text in _texts(thing).items()})
    for variable in container.get("env") or []:
        found[variable["name"]] = await _value(client, pod, variable)
    return found


async def missing_volume(client: Client, pod: Thing) -> tuple[str, str] | None:
    """(volume, the kubelet's complaint) for the first volume that cannot be mounted."""
    namespace = pod["metadata"]["namespace"]
    for volume in pod["spec"].get("volumes") or []:
        wanted: list[tuple[Kind, str, bool]] = []
        if secret := volume.get("secret"):
            wanted.append((SECRET, secret["secretName"], bool(secret.get("optional"))))
        if config := volume.get("configMap"):
            wanted.append((CONFIG_MAP, config["name"], bool(config.get("optional"))))
        if claim := volume.get("persistentVolumeClaim"):
            wanted.append((CLAIM, claim["claimName"], False))
        for kind, name, optional in wanted:
            if not optional and await client.find(kind, namespace, name) is None:
                return volume["name"], f'{_word(kind)} "{name}" not found'
    return None


async def pull_secrets(client: Client, pod: Thing) -> tuple[bool, list[str]]:
    """(whether a usable registry credential is there, names of pull secrets that are not)."""
    usable, absent = False, []
    for reference in pod["spec"].get("imagePullSecrets") or []:
        secret = await client.find(SECRET, pod["metadata"]["namespace"], reference["name"])
        if secret is None:
            absent.append(reference["name"])
        elif secret.get("type") == "kubernetes.io/dockerconfigjson" and _texts(secret).get(".dockerconfigjson"):
            usable = True
    return usable, absent


async def _value(client: Client, pod: Thing, variable: dict[str, Any]) -> str:
    source = variable.get("valueFrom") or {}
    for field, kind in (("secretKeyRef", SECRET), ("configMapKeyRef", CONFIG_MAP)):
        if reference := source.get(field):
            thing = await _object(client, kind, pod["metadata"]["namespace"], reference)
            texts = _texts(thing)
            if reference["key"] not in texts and not reference.get("optional"):
                where = f"{pod['metadata']['namespace']}/{reference['name']}"
                raise ConfigMissing(f"couldn't find key {reference['key']} in {kind.kind} {where}")
            return texts.get(reference["key"], "")
    if path := (source.get("fieldRef") or {}).get("fieldPath"):
        return _field(pod, path)
    return str(variable.get("value") or "")


async def _object(client: Client, kind: Kind, namespace: str, reference: Reference) -> Thing:
    thing = await client.find(kind, namespace, reference["name"])
    if thing is None:
        if reference.get("optional"):
            return {}
        raise ConfigMissing(f'{_word(kind)} "{reference["name"]}" not found')
    return thing


def _word(kind: Kind) -> str:
    return kind.plural.removesuffix("s")


def _texts(thing: Thing) -> dict[str, str]:
    """A secret's data decoded; bytes that are no text are replaced."""
    found = dict(thing.get("data") or {})
    if thing.get("kind") == "Secret":
        return {name: base64.b64decode(text).decode(errors="replace") for name, text in found.items()}
    return found


def _field(pod: Thing, path: str) -> str:
    known = {
        "metadata.name": pod["metadata"]["name"],
        "metadata.namespace": pod["metadata"]["namespace"],
        "metadata.uid": pod["metadata"]["uid"],
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", ""),
        "status.podIP": (pod.get("status") or {}).get("podIP", ""),
    }
    return known.get(path, "")
