"""The page on which a runbook is written."""

from collections.abc import Mapping
from typing import Any

from core.actor import Actor
from operations.forms import OperationPage
from services.models import Service
from services.queries import access_service, service_head
from tests.joining.runbooks.policies import may_write_runbook
from tests.joining.runbooks.queries import runbook_in_git


def text_now(service: Service, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"text": runbook_in_git(service.tenant, service.name) or "", **asked}


def frame(actor: Actor, service: Service) -> dict[str, Any]:
    return {"service": service_head(actor, service)}


PAGES = (
    OperationPage(
        operation="write-runbook",
        route="runbooks:write",
        verb="runbooks.write",
        place={"tenant": "team_name", "name": "component_name"},
        subject=access_service,
        may=lambda actor, service: may_write_runbook(actor, tenant=service.tenant),
        title=lambda service: f"Runbook of {service.name}",
        fields=("text",),
        initial=text_now,
        labels={"text": "What to do"},
        frame=frame,
    ),
)
