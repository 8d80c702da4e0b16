"""A runbook can be diagnosed: one without text helps nobody."""

from collections.abc import Iterable
from datetime import datetime

from core.actor import Actor
from core.diagnosis import DeclaredCause, DiagnosisTarget, Fact, Objects, Target, Trouble
from core.errors import NotFound
from core.words import Severity
from integrations.kubernetes import kinds
from integrations.kubernetes.kinds import Kind
from tests.joining.runbooks.mirrored import TEXT
from tests.joining.runbooks.queries import runbook_of

EMPTY = DeclaredCause("runbook-empty", "The runbook is empty", Severity.WARNING, "overview")


def find_runbook(actor: Actor, tenant: str, service: str) -> Target:
    if row := runbook_of(tenant, service):
        return Target("ConfigMap", row.namespace, row.name)
    raise NotFound(f"{service} has no runbook.", remedy="Write one.")


def empty_runbook(objects: Objects, target: Target, moment: datetime) -> Iterable[Trouble]:
    found = objects.get("ConfigMap", target.namespace, target.name)
    if found and not (found.get("data") or {}).get(TEXT, "").strip():
        yield Trouble(EMPTY.id, EMPTY.title, facts=(Fact(found, f"data.{TEXT}", "", "It has no text."),))


DIAGNOSIS_TARGETS: tuple[DiagnosisTarget[Kind], ...] = (
    DiagnosisTarget(
        "runbook",
        "the service that the runbook was written for",
        find_runbook,
        reads={"ConfigMap": (kinds.CONFIG_MAPS,)},
        longest=63,
        causes=(EMPTY,),
        checks=(empty_runbook,),
    ),
)
