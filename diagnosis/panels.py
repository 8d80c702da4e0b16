"""What diagnosis adds to the pages of services and tenants."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.actor import Actor
from core.page import Button, Panel, Subject
from diagnosis.queries import diagnose_service
from services.policies import may_configure


@dataclass(frozen=True, slots=True)
class DiagnosisShown:
    """`diagnosis` is empty where none was ever made. `is_live`: made just now, not kept by the observer."""

    diagnosis: Mapping[str, Any]
    is_live: bool
    may_change: bool


def diagnosis_now(actor: Actor, subject: Subject) -> DiagnosisShown:
    return DiagnosisShown(diagnose_service(subject.tenant, subject.service), True, may_change(actor, subject))


def diagnosis_kept(actor: Actor, subject: Subject) -> DiagnosisShown:
    """The one that the observer kept, where the cluster cannot be asked."""
    return DiagnosisShown(subject.row.diagnosis, False, may_change(actor, subject))


def may_change(actor: Actor, subject: Subject) -> bool:
    return may_configure(actor, tenant=subject.tenant).allowed


SERVICE_PIECES = (
    Panel(
        "diagnosis", "diagnosis/_diagnosis.html", diagnosis_now, order=10,
        changes=("service.changed", "operation.changed"), is_slow=True, kept=diagnosis_kept,
    ),
)  # fmt: skip
TENANT_PIECES = (Button("wrong-now", "Wrong now", "diagnosis:tenant_wrong_now", order=10),)
