"""What runbooks add to the pages of a service and of a tenant."""

from core.actor import Actor
from core.page import Button, Column, Panel, Subject, Tab, in_tenant
from tests.joining.runbooks.models import Runbook
from tests.joining.runbooks.policies import may_write_runbook
from tests.joining.runbooks.queries import runbook_of


def runbook(actor: Actor, subject: Subject) -> Runbook | None:
    return runbook_of(subject.tenant, subject.service)


SERVICE_PIECES = (
    Panel("runbook", "runbooks/_panel.html", runbook, Column.SIDE, order=90, changes=("runbook.changed",)),
    Button("write-runbook", "Write a runbook", "runbooks:write", order=90, may=in_tenant(may_write_runbook)),
)
TENANT_PIECES = (Tab("runbooks", "Runbooks", "runbooks:list", order=90, changes=("runbook.changed",)),)
