"""Volumes of a pod, and where containers mount them."""

from collections.abc import Callable
from typing import Any

from sandbox.kubeapi import quantities
from sandbox.kubeapi.errors import (
    Cause,
    duplicate_value,
    forbidden_field,
    invalid_value,
    required,
    unsupported_value,
)
from sandbox.kubeapi.rules import names
from sandbox.kubeapi.rules.names import refuse

_LARGEST_MODE = 0o777
_MODE_REFUSAL = "must be a number between 0 and 0777 (octal), both inclusive"
_HOST_PATH_TYPES = ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")


def check_volumes(volumes: Any, field: str) -> tuple[set[str], list[Cause]]:
    """The names that containers may mount, and what is wrong."""
    known: set[str] = set()
    causes = []
    for index, volume in enumerate(volumes):
        here = f"{field}[{index}]"
        name = volume.get("name", "")
        wrong = _check_source(volume, here)
        wrong += refuse(f"{here}.name", name, names.label) if name else [required(f"{here}.name")]
        if name in known:
            wrong.append(duplicate_value(f"{here}.name", name))
        if not wrong:
            known.add(name)
        causes += wrong
    return known, causes


def _check_source(volume: dict[str, Any], field: str) -> list[Cause]:
    sources = [name for name in volume if name != "name" and isinstance(volume[name], dict)]
    # The order in which the real server looks at sources decides which of two is one too many.
    sources.sort(key=lambda name: list(_SOURCES).index(name) if name in _SOURCES else len(_SOURCES))
    if not sources:
        return [required(field, "must specify a volume type")]
    first, *more = sources
    checker = _SOURCES.get(first)
    causes = checker(volume[first], f"{field}.{first}") if checker else []
    return causes + [forbidden_field(f"{field}.{name}", "may not specify more than 1 volume type") for name in more]


def _empty_dir(source: dict[str, Any], field: str) -> list[Cause]:
    if "sizeLimit" in source and quantities.parse(source["sizeLimit"]) < 0:
        return [forbidden_field(f"{field}.sizeLimit", "SizeLimit field must be a valid resource quantity")]
    return []


def _host_path(source: dict[str, Any], field: str) -> list[Cause]:
    if not source.get("path"):
        return [required(f"{field}.path")]
    causes = _no_climb(source["path"], f"{field}.path")
    if source.get("type", "") not in _HOST_PATH_TYPES:
        causes.append(unsupported_value(f"{field}.type", source["type"], _HOST_PATH_TYPES))
    return causes


def _files(naming: str) -> Callable[[dict[str, Any], str], list[Cause]]:
    def check(source: dict[str, Any], field: str) -> list[Cause]:
        causes = [] if source.get(naming) else [required(f"{field}.{naming}")]
        causes += _mode(source.get("defaultMode"), f"{field}.defaultMode")
        return causes + _items(source.get("items") or (), f"{field}.items")

    return check


def _claim(source: dict[str, Any], field: str) -> list[Cause]:
    return [] if source.get("claimName") else [required(f"{field}.claimName")]


def _projected(source: dict[str, Any], field: str) -> list[Cause]:
    causes = _mode(source.get("defaultMode"), f"{field}.defaultMode")
    for index, one in enumerate(source.get("sources") or ()):
        here = f"{field}.sources[{index}]"
        for kind in ("configMap", "secret"):
            if isinstance(one.get(kind), dict):
                if not one[kind].get("name"):
                    causes.append(required(f"{here}.{kind}.name"))
                causes += _items(one[kind].get("items") or (), f"{here}.{kind}.items")
    return causes


def _mode(mode: Any, field: str) -> list[Cause]:
    wrong = isinstance(mode, int) and not 0 <= mode <= _LARGEST_MODE
    return [invalid_value(field, mode, _MODE_REFUSAL)] if wrong else []


def _items(items: Any, field: str) -> list[Cause]:
    causes = []
    for index, item in enumerate(items):
        here, path = f"{field}[{index}]", item.get("path", "")
        if not item.get("key"):
            causes.append(required(f"{here}.key"))
        causes += check_relative(path, f"{here}.path") if path else [required(f"{here}.path")]
        if path.startswith("..") and not path.startswith("../"):
            causes.append(invalid_value(f"{here}.path", path, "must not start with '..'"))
        causes += _mode(item.get("mode"), f"{here}.mode")
    return causes


def check_relative(path: str, field: str) -> list[Cause]:
    causes = [invalid_value(field, path, "must be a relative path")] if path.startswith("/") else []
    return causes + _no_climb(path, field)


def _no_climb(path: str, field: str) -> list[Cause]:
    return [invalid_value(field, path, "must not contain '..'")] if ".." in path.split("/") else []


_SOURCES: dict[str, Callable[[dict[str, Any], str], list[Cause]]] = {
    "emptyDir": _empty_dir,
    "hostPath": _host_path,
    "secret": _files("secretName"),
    "persistentVolumeClaim": _claim,
    "configMap": _files("name"),
    "projected": _projected,
}


def check_mounts(mounts: Any, volumes: set[str], field: str) -> list[Cause]:
    causes = []
    paths = set()
    for index, mount in enumerate(mounts):
        here, name, path = f"{field}[{index}]", mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            causes.append(required(f"{here}.name"))
        if name not in volumes:
            causes.append(Cause(f"{here}.name", "FieldValueNotFound", f'Not found: "{name}"'))
        if not path:
            causes.append(required(f"{here}.mountPath"))
        if path in paths:
            causes.append(invalid_value(f"{here}.mountPath", path, "must be unique"))
        paths.add(path)
        # The real server leaves out the index here.
        if mount.get("subPath"):
            causes += check_relative(mount["subPath"], f"{field}.subPath")
    return causes
