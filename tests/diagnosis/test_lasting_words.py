"""The observer keeps findings, and they are read later: what they say must still be true then."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.diagnosis import Target
from diagnosis.rules.engine import diagnose_snapshot
from diagnosis.rules.facts.snapshot import Snapshot
from tests.diagnosis.builders import App, application
from tests.diagnosis.parts import NOW, Obj, ago, namespace, node, running, terminated


def restarted() -> tuple[App, list[Obj]]:
    app = App()
    last = terminated(1, minutes=31, lived_s=10)
    app.state(running(app.spec["containers"][0], ago(minutes=30), restarts=4, last=last), ready=True)
    return app, []


def on_a_lost_node() -> tuple[App, list[Obj]]:
    app = App(replicas=2)
    app.pods[0]["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    return app.settle(), [node("worker-1", ready="Unknown"), node("worker-2")]


def killed_for_memory() -> tuple[App, list[Obj]]:
    app = App()
    last = terminated(137, "OOMKilled", minutes=2, lived_s=600)
    app.state(running(app.spec["containers"][0], ago(minutes=1), restarts=5, last=last), ready=False)
    return app, []


def changed_by_hand() -> tuple[App, list[Obj]]:
    app = App()
    return app, [application(app, sync="OutOfSync", automated={"prune": True})]


@pytest.mark.parametrize("trouble", [restarted, on_a_lost_node, killed_for_memory, changed_by_hand])
def test_a_finding_says_the_same_when_it_is_made_a_little_later(trouble: Callable[[], tuple[App, list[Obj]]]) -> None:
    app, others = trouble()
    snapshot = Snapshot([namespace(app.namespace), *app.objects, *others], app.logs, [])
    target = Target(app.workload["kind"], app.namespace, app.name)

    now, later = (diagnose_snapshot(snapshot, target, NOW + timedelta(minutes=minutes)) for minutes in (0, 3))

    said = [(one.cause, one.title, one.detail) for one in now.findings]
    assert said
    assert [(one.cause, one.title, one.detail) for one in later.findings] == said
