"""All rights that MCTL needs in Kubernetes. The manifest in deploy/rbac and `manage.py doctor` are made from them.

An app lists its own as `RIGHTS` in its `rights.py`.
"""

from core.discovery import app_modules
from integrations.kubernetes.rights import Right, merge


def needed_rights() -> tuple[Right, ...]:
    """One right for each resource and place, required ones first."""
    declared = [right for module in app_modules("rights") for right in getattr(module, "RIGHTS", ())]
    return tuple(sorted(merge(declared), key=_place_in_manifest))


def _place_in_manifest(right: Right) -> tuple[bool, str, str, str]:
    return right.is_optional, right.place.value, right.kind.group, right.resource
