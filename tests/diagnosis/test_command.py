"""`manage.py diagnose` over a dump: files, folders and Lists, JSON and text, and inputs that cannot be read."""

import json
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command

from tests.diagnosis.builders import App, crashing, namespace

AT = "2026-08-20T09:30:00Z"


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    app = App()
    app.state(crashing(app.spec["containers"][0])).log("KeyError: 'API_KEY'")
    pods = {"apiVersion": "v1", "kind": "PodList", "items": [{**pod, "kind": None} for pod in app.pods]}
    for pod in pods["items"]:
        del pod["kind"]
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects" / "a.yaml").write_text(yaml.safe_dump_all([namespace(), app.workload]))
    (tmp_path / "objects" / "b.json").write_text(json.dumps({"kind": "List", "items": app.replica_sets}))
    (tmp_path / "objects" / "c.yml").write_text(yaml.safe_dump(pods))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / f"{app.pod_name}__api.txt").write_text("KeyError: 'API_KEY'\n")
    return tmp_path


def run(dump: Path, *more: str) -> str:
    out = StringIO()
    where = ["--from", str(dump / "objects"), "--logs", str(dump / "logs"), "--at", AT]
    call_command("diagnose", *where, "--namespace", "labs", *more, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("option", ["--service", "--name"])
def test_a_folder_of_documents_and_lists_as_json(dump: Path, option: str):
    answer = json.loads(run(dump, option, "api", "--json"))

    assert answer["target"] == {"kind": "Deployment", "namespace": "labs", "name": "api"}
    assert answer["findings"][0]["cause"] == "env-var-missing"
    assert answer["observed_at"] == "2026-08-20T09:30:00+00:00"


def test_the_text_says_cause_evidence_and_what_to_do(dump: Path):
    text = run(dump, "--service", "api")

    assert "the environment variable API_KEY is not set" in text
    assert "deploy-service" in text
    assert "ruled out" in text


def test_without_a_time_the_clock_stands_at_the_newest_time_in_the_dump(dump: Path):
    out = StringIO()
    beat = {"kind": "Node", "metadata": {"name": "worker-1"}, "status": {"conditions": [{"lastHeartbeatTime": AT}]}}
    renewed = {"kind": "Certificate", "metadata": {"name": "web"}, "status": {"notAfter": "2099-01-01T00:00:00Z"}}
    (dump / "objects" / "d.json").write_text(json.dumps({"kind": "List", "items": [beat, renewed]}))

    where = ["--from", str(dump / "objects"), "--namespace", "labs", "--service", "api"]
    call_command("diagnose", *where, "--json", stdout=out)

    assert json.loads(out.getvalue())["observed_at"] == "2026-08-20T09:30:00+00:00"


def test_another_kind_can_be_asked_about(dump: Path):
    assert (
        json.loads(run(dump, "--kind", "ReplicaSet", "--name", "api-5d9c", "--json"))["target"]["kind"] == "ReplicaSet"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "/nowhere/cluster.yaml", "--service", "api"], "cannot be read"),
        (["payments"], "TENANT/SERVICE"),
        ([], "Say which"),
        (["--from", "/nowhere", "--kind", "job", "--name", "nightly"], "name a kind of Kubernetes"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments: list[str], said: str):
    with pytest.raises(CommandError, match=said):
        call_command("diagnose", *arguments)


def test_a_time_that_is_none_is_refused_with_an_example(dump: Path):
    with pytest.raises(CommandError, match="2026-08-20T09:30:00Z"):
        call_command("diagnose", "--from", str(dump / "objects"), "--service", "api", "--at", "yesterday")
