"""An app makes its own objects diagnosable by its file alone: doors, reads, checks and causes follow from it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.actor import Actor
from core.clock import now
from core.diagnosis import DeclaredCause, DiagnosisTarget, Target
from core.errors import Unavailable
from core.words import Severity
from diagnosis import registry
from diagnosis.choices import CAUSES, add_cause
from diagnosis.queries.asked import find_declared
from diagnosis.queries.guide_page import guide_page
from diagnosis.rules.engine import diagnose_snapshot
from diagnosis.rules.facts.snapshot import Snapshot
from integrations.errors import Unreachable
from tests import builders

ROOT = Path(__file__).resolve().parents[2]
APP = """
from core.diagnosis import Advice, DeclaredCause, DiagnosisTarget, Fact, Target, Trouble
from core.words import Severity
from integrations.kubernetes.kinds import Kind

QUEUES = Kind("queues", "example.dev", "v1", "Queue")


def find_queue(actor, tenant, value):
    return Target("Queue", tenant, value)


def check_paused(objects, target, now):
    queue = objects.get("Queue", target.namespace, target.name)
    if queue and queue["spec"]["paused"]:
        fact = Fact(queue, "spec.paused", True, "paused")
        yield Trouble("queue-paused", "The queue is paused", facts=(fact,), advice=(Advice("Resume it"),))


def check_broken(objects, target, now):
    raise KeyError("spec")
    yield


DIAGNOSIS_TARGETS = (
    DiagnosisTarget(
        "queue", "a queue by its name", find_queue, {"Queue": (QUEUES,)},
        causes=(DeclaredCause("queue-paused", "A queue is paused", Severity.PROBLEM, "degraded"),),
        checks=(check_paused, check_broken),
    ),
)
"""
SETTINGS = """
from tests.settings import *
INSTALLED_APPS = [*INSTALLED_APPS, "queues"]
"""
PROGRAM = """
import io, json, sys
from pathlib import Path
import django
django.setup()
from django.core.management import call_command
from core.diagnosis import Target
from diagnosis.queries.live_kinds import reads_of
from diagnosis.tools import AskedAbout
from mctl.api_v1 import api

said = io.StringIO()
call_command("diagnose", source=Path(sys.argv[1]), kind="Queue", namespace="labs", name="mail", json=True, stdout=said)
asked = api.get_openapi_schema(path_prefix="")["paths"]["/diagnosis"]["get"]["parameters"]
print(json.dumps({
    "rest": [one["name"] for one in asked], "tool": list(AskedAbout.model_fields),
    "reads": [read.kind for read in reads_of(Target("Queue", "labs", "mail"))], "answer": json.loads(said.getvalue()),
}))
"""
QUEUE = {
    "apiVersion": "example.dev/v1",
    "kind": "Queue",
    "metadata": {"name": "mail", "namespace": "labs"},
    "spec": {"paused": True},
}


def run_with_app(folder: Path) -> dict:
    (folder / "queues").mkdir()
    (folder / "queues" / "__init__.py").touch()
    (folder / "queues" / "diagnosis_targets.py").write_text(APP)
    (folder / "settings_with_queues.py").write_text(SETTINGS)
    (folder / "dump.json").write_text(json.dumps(QUEUE))
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
        "DJANGO_SETTINGS_MODULE": "settings_with_queues",
    }
    command = [sys.executable, "-c", PROGRAM, str(folder / "dump.json")]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_new_app_is_diagnosed_at_every_door_by_its_own_file(tmp_path: Path):
    found = run_with_app(tmp_path)

    assert found["rest"] == ["team", *registry.targets(), "queue", "operation"]
    assert found["tool"] == ["team", "service", *registry.targets(), "queue", "operation_id"]
    assert found["reads"] == ["Queue"]
    (finding,) = found["answer"]["findings"]
    assert (finding["cause"], finding["severity"], finding["guide"]) == ("queue-paused", "problem", "degraded")
    assert finding["evidence"][0]["object"] == {"kind": "Queue", "namespace": "labs", "name": "mail"}
    assert finding["remedies"][0]["label"] == "Resume it"
    # A check of an app that breaks costs its own answer, as any check does.
    assert [one["cause"] for one in found["answer"]["checked"]] == ["broken"]


def find_nothing(actor, tenant: str, value: str) -> Target:
    return Target("Parcel", tenant, value)


@pytest.mark.parametrize(
    ("name", "said"), [("service", "the doors use the word themselves"), ("job", "declared twice")]
)
def test_a_name_is_declared_once_and_is_no_word_of_the_doors(name: str, said: str):
    before = dict(registry.targets())
    with pytest.raises(ValueError, match=said):
        registry.register(DiagnosisTarget(name, "", find_nothing, {"Parcel": ()}))

    assert registry.targets() == before


def check_seal(objects, target, now):
    return []


def check_weight(objects, target, now):
    return []


@pytest.fixture
def two_of_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_targets", {})
    registry.register(DiagnosisTarget("letter", "", find_nothing, {"Parcel": ("seals",)}, checks=(check_seal,)))
    registry.register(DiagnosisTarget("box", "", find_nothing, {"Parcel": ("scales",)}, checks=(check_weight,)))


@pytest.mark.parametrize(
    ("asked", "reads", "checks"),
    [
        ("letter", ("seals",), (check_seal,)),
        ("box", ("scales",), (check_weight,)),
        ("", ("seals", "scales"), (check_seal, check_weight)),
    ],
)
def test_two_apps_may_diagnose_the_same_kind(two_of_a_kind: None, asked: str, reads: tuple, checks: tuple):
    target = Target("Parcel", "labs", "p-1", declared=asked)

    assert (registry.reads_of(target), registry.checks_of(target)) == (reads, checks)


@pytest.mark.django_db
def test_what_a_finder_found_is_judged_by_its_declaration(two_of_a_kind: None, ada: Actor):
    builders.tenant("labs")

    assert find_declared(ada, "box", "labs", "p-1") == Target("Parcel", "labs", "p-1", declared="box")


class Odd:
    """A check without a name, as a partial is, that fails."""

    def __call__(self, objects, target, now):
        raise KeyError("spec")


def test_where_the_checks_of_an_app_fail_nothing_is_called_healthy(monkeypatch: pytest.MonkeyPatch):
    declared = DiagnosisTarget("parcel", "", find_nothing, {"Parcel": ()}, checks=(Odd(),))
    monkeypatch.setattr(registry, "_targets", {"parcel": declared})
    parcel = {"kind": "Parcel", "metadata": {"name": "p-1", "namespace": "labs"}}

    found = diagnose_snapshot(Snapshot([parcel], {}, []), Target("Parcel", "labs", "p-1", declared="parcel"), now())

    assert not found.healthy
    assert found.sentence.startswith("How Parcel labs/p-1 is cannot be told. The check of Odd failed")


class Finder:
    """Finds what it is told to find, or raises it, and remembers the names it was asked for."""

    def __init__(self, error: Exception) -> None:
        self.error, self.asked = error, []

    def __call__(self, actor: Actor, tenant: str, value: str) -> Target:
        self.asked.append(value)
        raise self.error


def declare(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Finder:
    finder = Finder(error)
    monkeypatch.setattr(registry, "_targets", {"parcel": DiagnosisTarget("parcel", "", finder, {"Parcel": ()})})
    builders.tenant("labs")
    return finder


@pytest.mark.django_db
def test_a_finder_with_a_mistake_is_told_as_something_that_cannot_be_read_now(
    monkeypatch: pytest.MonkeyPatch, ada: Actor
):
    declare(monkeypatch, KeyError("spec"))

    with pytest.raises(Unavailable, match="Looking up the parcel ended in an error inside MCTL"):
        find_declared(ada, "parcel", "labs", "p-1")


@pytest.mark.django_db
@pytest.mark.parametrize("error", [Unreachable("kubernetes", "Nobody answers."), KeyError("spec")])
def test_the_guide_stays_the_guide_where_a_finder_cannot_look(
    monkeypatch: pytest.MonkeyPatch, ada: Actor, error: Exception
):
    finder = declare(monkeypatch, error)
    host = f"{'a' * 60}.{'b' * 60}.{'c' * 60}.example.dev"

    page = guide_page(ada, q="", about=f"parcel labs/{host}")

    assert page.sections
    assert page.sentence in ("Nobody answers.", "Looking up the parcel ended in an error inside MCTL.")
    assert finder.asked == [host]


@pytest.mark.parametrize(
    "cause",
    [
        DeclaredCause("oom-killed", "Ours", Severity.PROBLEM, "degraded"),
        DeclaredCause("parcel-lost", "Lost", Severity.PROBLEM, "nowhere"),
    ],
)
def test_a_cause_is_declared_once_and_stands_in_the_guide(cause: DeclaredCause):
    before = dict(CAUSES)

    with pytest.raises(ValueError, match=cause.id):
        add_cause(cause)

    assert before == CAUSES
