"""The kinds that the observer mirrors: one module for each built-in one, and those that apps declare."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from core.discovery import app_modules
from integrations.kubernetes import MirroredKind, MirroredTable, Right
from observer.kinds.applications import APPLICATIONS
from observer.kinds.declared import ServiceKind
from observer.kinds.deployments import DEPLOYMENTS
from observer.kinds.events import EVENTS
from observer.kinds.pods import PODS
from observer.kinds.quotas import QUOTAS

# Where several kinds can say the same thing of a service, the first one that does is believed.
SERVICE_KINDS: tuple[ServiceKind[Any], ...] = (APPLICATIONS, DEPLOYMENTS, PODS)
BUILT_IN: tuple[MirroredKind[Any], ...] = (*SERVICE_KINDS, QUOTAS, EVENTS)
OWN_COLUMNS = {"namespace", "name", "tenant", "service", "observed_at"}


def mirrored_kinds() -> tuple[MirroredKind[Any], ...]:
    """The built-in kinds, then those of `mirrored.py` in each app. Raises ImproperlyConfigured for a wrong one."""
    tables: list[MirroredTable] = [table for module in app_modules("mirrored") for table in module.MIRRORED]
    for table in tables:
        check_model(table)
    found = (*BUILT_IN, *tables)
    twice = [source for source, number in Counter(kind.source for kind in found).items() if number > 1]
    if twice:
        raise ImproperlyConfigured(f"Two mirrored kinds have the source {twice[0]!r}.")
    check_tables_differ(tables)
    return found


def check_tables_differ(tables: Iterable[MirroredTable]) -> None:
    """Each kind would delete the rows of the other."""
    sources: dict[str, str] = {}
    for table in tables:
        meta = table.model._meta
        other = sources.setdefault(meta.db_table, table.source)
        if other != table.source:
            raise ImproperlyConfigured(f"{meta.label} is the model of two kinds: {other!r} and {table.source!r}.")


def check_model(table: MirroredTable) -> None:
    """The observer writes rows with `ON CONFLICT`, which databases refuse without the constraint."""
    meta = table.model._meta
    missing = OWN_COLUMNS - {field.name for field in meta.concrete_fields}
    if missing:
        raise ImproperlyConfigured(f"{meta.label} of the kind {table.source!r} has no column {min(missing)!r}.")
    unique = {tuple(sorted(constraint.fields)) for constraint in meta.total_unique_constraints}
    unique |= {tuple(sorted(fields)) for fields in meta.unique_together}
    if ("name", "namespace") not in unique:
        raise ImproperlyConfigured(f"{meta.label} of the kind {table.source!r} needs `namespace` and `name` unique.")


def rights() -> tuple[Right, ...]:
    """What the observer needs in the cluster."""
    return tuple(kind.right for kind in mirrored_kinds())
