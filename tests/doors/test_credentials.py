"""A password that another system prints is shown at no door: not on a page, not by REST, not to an agent."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from accounts.models import Person
from core import audit
from core.actor import Actor, Door
from core.clock import now
from core.credentials import MASK
from core.errors import Problem
from core.parse import parse_parameters
from diagnosis.rules.wording import shown
from integrations.errors import Missing, Refused, foreign_text
from integrations.gitops import Gitops, gitops
from integrations.kubernetes.failures import failure as refusal_of
from integrations.kubernetes.kinds import kind_named
from mcp_server.catalogue import tool_named
from mcp_server.results import failure, result_of
from observer.kinds.applications import application_row
from observer.kinds.deployments import workload_row
from observer.status import columns
from operations.choices import OperationState
from operations.engine.advance import checked
from operations.engine.context import Context
from operations.engine.ending import end
from operations.models import Operation, OperationLogLine, Step
from operations.registry import Wait
from operations.runners.sync import sync_failure
from tenants.queries import actor_for
from tests import builders
from tests.diagnosis.builders import App, crashing, event, obj
from tests.doors.test_rest_reads import script
from tests.observer.test_status import NOW, application, seen

SECRET = "hunter22"
LEAKS = [
    f"could not start: password={SECRET}",
    f"PGPASSWORD={SECRET} psql failed",
    f"sent Authorization: Bearer {SECRET}{SECRET}",
    f"cannot reach https://app:{SECRET}@registry.example.dev/v2/",
    f'{{"level":"error","body":"{{\\"api_key\\":\\"{SECRET}\\"}}"}}',
]
SERVICE = "webhook-relay"
PAGE = f"/tenants/payments/services/{SERVICE}/"
OPERATION = "deploy-service-x7k2p"
ABOUT = {"team": "payments", "service": SERVICE}


@dataclass
class FakeCluster:
    """Answers with these objects, and with this log for every container."""

    objects: list[dict[str, Any]] = field(default_factory=list)
    log: str = ""
    argocd_namespace: str = "argocd"

    def list(self, kind: Any, **_: Any) -> list[dict[str, Any]]:
        return [copy.deepcopy(one) for one in self.objects if one["kind"] == kind_named(kind).kind]

    def get(self, kind: Any, name: str, namespace: str | None = None) -> dict[str, Any]:
        found = [one for one in self.list(kind) if one["metadata"]["name"] == name]
        if not found:
            raise Missing("kubernetes", f"There is no {name}.")
        return found[0]

    def logs(self, *_: Any, **__: Any) -> str:
        return self.log


def crashed(leak: str) -> list[dict[str, Any]]:
    """A pod that says it in its termination message, its waiting message and an event; an Application and an
    ExternalSecret that say it too."""
    app = App(f"payments-{SERVICE}-base-service", namespace="payments")
    state = crashing(app.spec["containers"][0], message=leak)
    state["state"] = {"waiting": {"reason": "CreateContainerError", "message": leak}}
    app.state(state)
    failed = {"type": "SyncError", "message": leak}
    health = {"status": "Degraded", "message": leak}
    argo = obj(
        "argoproj.io/v1alpha1", "Application", f"payments-{SERVICE}", "argocd", spec={"source": {}},
        status={"health": health, "sync": {"status": "OutOfSync"}, "conditions": [failed],
                "operationState": {"phase": "Failed", "message": leak}},
    )  # fmt: skip
    secret = obj(
        "external-secrets.io/v1", "ExternalSecret", f"{SERVICE}-secrets", "payments", spec={},
        status={"conditions": [{"type": "Ready", "status": "False", "reason": "SecretSyncedError", "message": leak}]},
    )  # fmt: skip
    told = event(app.pod, "Failed", leak)
    told["involvedObject"]["name"] = app.pod["metadata"]["name"]
    return [*app.objects, argo, secret, told]


def ended(leak: str) -> None:
    """A step that logs it, waits with it, and fails with it."""
    operation, row = running()
    Context(operation, row, None, "us").log(f"said {leak}")
    outcome = checked(Wait(1, f"waits: {leak}"))
    row.says = outcome.says
    row.save()
    problem: Problem = sync_failure({"message": leak})
    assert end(operation, OperationState.FAILED, reason=problem.sentence, problem=problem.as_dict())


def running() -> tuple[Operation, Step]:
    """An operation that we run, and its step."""
    operation: Operation = builders.operation(service=SERVICE)
    row: Step = operation.steps.create(position=0, name="sync", title="Sync", state="running", started_at=now())
    operation.lease_owner = "us"
    operation.lease_until = now().replace(year=now().year + 1)
    operation.save()
    return operation, row


@pytest.fixture(params=LEAKS, ids=["password", "variable", "bearer", "address", "nested"])
def leak(
    request: pytest.FixtureRequest,
    repository: Gitops,
    valkey: None,
    db: None,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """The leak in everything that another system may have written about one service."""
    text: str = request.param
    builders.the_cast()
    cluster = FakeCluster(crashed(text), f"starting\n{text}\n")
    for module in ("services.queries.live", "diagnosis.queries.live"):
        monkeypatch.setattr(f"{module}.cluster", lambda: cluster)
    path = gitops().service_path("payments", SERVICE)
    subject = text.replace("\n", " ")
    gitops().commit_file(path=path, change=lambda now: f"{now}\n# x\n", message=subject, author="ada", key="")
    message = columns(seen(application=application("Degraded", message=text)), NOW)["app_message"]
    builders.service(SERVICE, values_path=path, app_message=message, health="Degraded", urgency=1)
    ended(text)
    audit.record(Actor("dev", Door.WEB), "tokens.create", result=audit.REFUSED, tenant="payments", reason=text)
    return text


async def whole(answer: Any) -> bytes:
    return b"".join([piece async for piece in answer.streaming_content])


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    body = async_to_sync(whole)(answer) if answer.streaming else answer.content
    assert answer.status_code == 200, address
    return body.decode()


def shows(text: str) -> list[str]:
    """Where the secret stands, with what is before it."""
    return [text[max(0, at - 80) : at + 12] for at in range(len(text)) if text.startswith(SECRET, at)]


# Each with whether the leak is there, masked.
PAGES = {
    "/": False,
    "/services/": False,
    "/operations/": True,
    f"/operations/{OPERATION}/": True,
    "/tenants/payments/": False,
    PAGE: True,
    f"{PAGE}events/": True,
    f"{PAGE}logs/": True,
    f"{PAGE}history/": True,
    "/audit/": True,
    "/audit/export.csv": True,
    "/audit/export.jsonl": True,
}


@pytest.mark.django_db
def test_no_page_shows_it(leak: str) -> None:
    browser = Client()
    browser.force_login(Person.objects.signed_in("olga"))
    found = {address: read(browser, address) for address in PAGES}

    assert {address: where for address, text in found.items() if (where := shows(text))} == {}
    assert {address for address, text in found.items() if MASK in text} >= {one for one in PAGES if PAGES[one]}


ENDPOINTS = {
    "/api/v1/services": False,
    f"/api/v1/services/payments/{SERVICE}": False,
    f"/api/v1/status/payments/{SERVICE}": True,
    f"/api/v1/logs/payments/{SERVICE}": True,
    f"/api/v1/diagnosis/payments/{SERVICE}": True,
    "/api/v1/operations/runs": True,
    f"/api/v1/operations/runs/{OPERATION}": True,
    "/api/v1/audit": True,
}


@pytest.mark.django_db
def test_no_endpoint_answers_it(leak: str) -> None:
    client = script("olga")
    found = {address: read(client, address) for address in ENDPOINTS}

    assert {address: where for address, text in found.items() if (where := shows(text))} == {}
    assert {address for address, text in found.items() if MASK in text} >= {one for one in ENDPOINTS if ENDPOINTS[one]}


TOOLS: dict[str, dict[str, Any]] = {
    "mctl_get_service_status": ABOUT,
    "mctl_get_service_logs": ABOUT,
    "mctl_diagnose": ABOUT,
    "mctl_get_workflow_status": {"workflow_name": OPERATION},
    "mctl_get_workflow_logs": {"workflow_name": OPERATION},
    "mctl_list_recent_operations": {},
}


@pytest.mark.django_db
def test_no_tool_returns_it(leak: str) -> None:
    actor = actor_for("olga", door=Door.MCP)
    for name, asked in TOOLS.items():
        tool = tool_named(name)
        result = result_of(tool.run(actor, parse_parameters(tool.parameters, asked)))
        assert shows(result.model_dump_json()) == [], name
        assert MASK in result.model_dump_json(), name


@pytest.mark.parametrize("leak", LEAKS)
def test_an_error_of_another_system_quotes_no_credential(leak: str) -> None:
    problem = Refused("github", f"GitHub said {leak}", detail=leak, key=leak)

    assert shows(failure(problem).model_dump_json()) == []


@pytest.mark.parametrize("leak", LEAKS)
def test_masking_twice_changes_nothing(leak: str) -> None:
    assert foreign_text(foreign_text(leak)) == foreign_text(leak)


def cut_at(longest: int) -> str:
    """A text whose address loses its @, and so its shape, where the text is cut at so many characters."""
    address = f"postgres://app:{SECRET}longer@db.payments:5432/app"
    return "x x ".ljust(longest - len(address) + 26, "-") + address + " refused"


def said_by_argocd(said: dict[str, Any]) -> str:
    row = application_row({"metadata": {"name": "payments-api", "labels": {"team": "payments"}}, "status": said})
    assert row is not None
    return row.message


def said_by_a_workload(text: str) -> str:
    metadata = {"namespace": "payments", "labels": {"app.kubernetes.io/instance": "payments-api"}}
    failing = {"type": "ReplicaFailure", "status": "True", "message": text}
    row = workload_row({"metadata": metadata, "status": {"conditions": [failing]}})
    assert row is not None
    return row.message


# What shows the beginning of a text, with how many characters of it.
BEGINNINGS: dict[str, tuple[int, Callable[[str], str]]] = {
    "evidence": (240, lambda text: shown(text, 240)),
    "a condition": (500, lambda text: said_by_argocd({"conditions": [{"type": "SyncError", "message": text}]})),
    "a sync": (500, lambda text: said_by_argocd({"operationState": {"phase": "Failed", "message": text}})),
    "health": (500, lambda text: said_by_argocd({"health": {"message": text}})),
    "a workload": (500, said_by_a_workload),
    "a failed sync": (256, lambda text: sync_failure({"message": text}).sentence),
    "a detail": (256, foreign_text),
}


@pytest.mark.parametrize(("longest", "beginning"), BEGINNINGS.values(), ids=BEGINNINGS)
def test_an_address_that_is_cut_in_its_password_does_not_show_it(longest: int, beginning: Callable[[str], str]) -> None:
    said = beginning(cut_at(longest))

    assert "x x" in said
    assert shows(said) == []


def test_a_proxys_answer_is_searched_as_far_as_it_is_shown() -> None:
    """Its first credential is so long that what is shown reaches behind the five hundredth character."""
    body = f"Bearer {'a' * 430} " + cut_at(500 - 438)

    assert shows(str(refusal_of(502, body.encode(), "list pods").as_dict())) == []


@pytest.mark.parametrize("hidden", ["\n", "\x1b[1m", "\u202e"])
def test_a_control_character_before_a_password_does_not_unmask_it(hidden: str) -> None:
    said = shown(f"could not start: password={hidden}{SECRET}")

    assert (MASK in said, shows(said)) == (True, [])


@pytest.mark.django_db
def test_a_control_character_inside_a_password_does_not_unmask_its_end(valkey: None) -> None:
    operation, row = running()
    Context(operation, row, None, "us").log(f"could not start: password=abcd\x1b[1m{SECRET}")

    assert [line.text for line in OperationLogLine.objects.filter(operation=operation)] == [
        f"could not start: password={MASK}"
    ]


def test_what_is_shown_whole_after_masking_is_not_called_cut() -> None:
    assert shown(f"{'x ' * 110}password={'a' * 40}", 240) == f"{'x ' * 110}password={MASK}"
