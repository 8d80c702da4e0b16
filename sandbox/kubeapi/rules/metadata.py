"""Names, labels, annotations, finalizers and owners of any object."""

from typing import Any

from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.errors import Cause, forbidden_field, invalid_value, required
from sandbox.kubeapi.resources import Resource
from sandbox.kubeapi.rules import names
from sandbox.kubeapi.rules.names import refuse

_FREE_NAMES = ("rbac.authorization.k8s.io",)
_LARGEST_ANNOTATIONS = 256 * 1024
_DNS_LABELS = ("Service", "Namespace")
_PLAIN_FINALIZERS = ("orphan", "foregroundDeletion", "kubernetes")


def check_metadata(resource: Resource, metadata: dict[str, Any], before: Object | None) -> list[Cause]:
    causes = []
    if before is None:
        causes += _check_prefix(resource, metadata.get("generateName", ""))
        causes += check_name(resource, metadata["name"])
    causes += check_labels(metadata.get("labels"), "metadata.labels")
    causes += check_annotations(metadata.get("annotations"), "metadata.annotations")
    causes += _check_owners(metadata.get("ownerReferences") or ())
    return causes + _check_finalizers(metadata.get("finalizers") or (), custom=resource.custom)


def _check_prefix(resource: Resource, prefix: str) -> list[Cause]:
    """What names are generated from; it may end with a dash."""
    if not prefix:
        return []
    wrong = check_name(resource, f"{prefix.removesuffix('-')}a" if prefix.endswith("-") else prefix)
    told = [one.message.partition(": ")[2].partition(": ")[2] for one in wrong]
    return [invalid_value("metadata.generateName", prefix, why) for why in told]


def check_name(resource: Resource, name: str) -> list[Cause]:
    field = "metadata.name"
    if resource.group in _FREE_NAMES and not resource.custom:
        if name in (".", ".."):
            return [invalid_value(field, name, f"may not be '{name}'")]
        return [invalid_value(field, name, f"may not contain '{sign}'") for sign in "/%" if sign in name]
    if resource.kind in _DNS_LABELS and not resource.custom:
        return refuse(field, name, names.label)
    return refuse(field, name, names.subdomain)


def check_labels(labels: Any, field: str) -> list[Cause]:
    causes = []
    for key, value in (labels or {}).items():
        causes += refuse(field, key, names.qualified_name)
        causes += refuse(field, value, names.label_value)
    return causes


def check_annotations(annotations: Any, field: str) -> list[Cause]:
    causes = []
    size = 0
    for key, value in (annotations or {}).items():
        causes += refuse(field, key.lower(), names.qualified_name)
        size += len(key.encode()) + len(value.encode())
    if size > _LARGEST_ANNOTATIONS:
        causes.append(Cause(field, "FieldValueTooLong", f"Too long: may not be more than {_LARGEST_ANNOTATIONS} bytes"))
    return causes


def check_selector(selector: Any, field: str) -> list[Cause]:
    """A selector of labels: its keys, values and operators."""
    causes = []
    selector = selector or {}
    causes += check_labels(selector.get("matchLabels"), f"{field}.matchLabels")
    for index, one in enumerate(selector.get("matchExpressions") or ()):
        here, operator, values = f"{field}.matchExpressions[{index}]", one.get("operator"), one.get("values") or []
        if operator in ("In", "NotIn"):
            if not values:
                why = "must be specified when `operator` is 'In' or 'NotIn'"
                causes.append(required(f"{here}.values", why))
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                causes.append(forbidden_field(f"{here}.values", why))
        else:
            causes.append(invalid_value(f"{here}.operator", operator, "not a valid selector operator"))
        causes += refuse(f"{here}.key", one.get("key", ""), names.qualified_name)
        for at, value in enumerate(values):
            causes += refuse(f"{here}.values[{at}]", value, names.label_value)
    return causes


def _check_owners(owners: Any) -> list[Cause]:
    causes = []
    field = "metadata.ownerReferences"
    for owner in owners:
        if not owner.get("apiVersion") or owner["apiVersion"].count("/") > 1:
            causes.append(
                invalid_value(f"{field}.apiVersion", owner.get("apiVersion", ""), "version must not be empty")
            )
        for name in ("kind", "name", "uid"):
            if not owner.get(name):
                causes.append(invalid_value(f"{field}.{name}", "", "must not be empty"))
    controllers = [owner for owner in owners if owner.get("controller")]
    if len(controllers) > 1:
        told = f'Found "true" in references for {controllers[0]["kind"]}/{controllers[0]["name"]} and '
        told += f"{controllers[1]['kind']}/{controllers[1]['name']}"
        why = f"Only one reference can have Controller set to true. {told}"
        causes.append(invalid_value(field, owners, why))
    return causes


def _check_finalizers(finalizers: Any, *, custom: bool) -> list[Cause]:
    causes = []
    field = "metadata.finalizers"
    for index, one in enumerate(finalizers):
        causes += refuse(field, one, names.qualified_name)
        if is_plain(one) and not custom:
            why = "name is neither a standard finalizer name nor is it fully qualified"
            causes.append(invalid_value(f"{field}[{index}]", one, why))
    return causes


def is_plain(finalizer: str) -> bool:
    """Neither one of Kubernetes' own nor of a domain."""
    return "/" not in finalizer and finalizer not in _PLAIN_FINALIZERS
