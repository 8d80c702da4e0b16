"""What operations add to pages of others."""

from core.actor import Actor
from core.page import Column, Panel, Subject
from operations.queries import OperationRow, running_operations


def running_now(actor: Actor, subject: Subject) -> list[OperationRow]:
    """Of the tenant the page is about, or of all that the actor sees."""
    return running_operations(actor, tenant=subject.tenant or None)


RUNNING = Panel(
    "running", "operations/_running.html", running_now, Column.SIDE, order=20, changes=("operation.changed",)
)
