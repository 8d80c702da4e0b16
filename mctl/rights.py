"""All rights that MCTL needs in Kubernetes. The manifest in deploy/rbac and `manage.py doctor` are made from them."""

from diagnosis.queries import asked, live_kinds
from integrations.kubernetes.rights import Right, merge
from observer import kinds
from services.queries import live
from services.runners import steps


def needed_rights() -> tuple[Right, ...]:
    """One right for each resource and place, required ones first."""
    declared = (*kinds.rights(), *steps.RIGHTS, *live.RIGHTS, *asked.RIGHTS, *live_kinds.RIGHTS)
    return tuple(sorted(merge(declared), key=_place_in_manifest))


def _place_in_manifest(right: Right) -> tuple[bool, str, str, str]:
    return right.is_optional, right.place.value, right.kind.group, right.resource
