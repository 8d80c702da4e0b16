"""The support bundle: enough to find the cause again, and not one of the canaries."""

import io
import json
import zipfile
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command

from diagnosis.queries import read_dump
from diagnosis.queries.bundle import bundle
from diagnosis.queries.redaction import scrubbed_object, scrubbed_text
from diagnosis.rules import Snapshot, Target, diagnose_snapshot
from tests.diagnosis.builders import App, config_map, container, crashing, event, namespace, secret
from tests.diagnosis.parts import NOW, NS

CANARY = "canary4711zwitscher"
JWT = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.{CANARY}"
PEM = f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----"
SPOKEN = (
    f"connecting to postgres://app:{CANARY}@db:5432/app",
    f'{{"level":"info","password":"{CANARY}","user":"app"}}',
    f"DB_PASSWORD={CANARY}",
    f"PGPASSWORD: '{CANARY}'",
    f"Authorization: Bearer {CANARY}",
    f"authorization: Basic {CANARY}",
    f"using ghp_{CANARY} for git",
    f"X-Vault-Token: hvs.{CANARY}",
    f"aws_secret_access_key = {CANARY}",
    f"session {JWT} opened",
    f"clientSecret={CANARY}&grant=1",
    f"api-key: {CANARY}",
    f"SENTRY_DSN=https://{CANARY}@sentry.example/1",
    PEM,
    f"using password {CANARY} for app",
    f'env: [{{"name": "DB_PASSWORD", "value": "{CANARY} and more {CANARY}"}}]',
    f'body={{\\"user\\":\\"app\\",\\"password\\":\\"{CANARY}\\"}}',
    f"asked with mctl_rt_{CANARY}",
    f"exec app --db-password {CANARY} --port 8080",
)


def leaking() -> tuple[App, list]:
    """A crashing service with a canary in every place where people and programs leave secrets."""
    spec = container(env=[{"name": "DB_PASSWORD", "value": CANARY}, {"name": "LOG_LEVEL", "value": CANARY}],
                     args=[f"--license-value={CANARY}", f"--token={CANARY}", "--password", CANARY])  # fmt: skip
    app = App(containers=[spec])
    app.workload["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = CANARY
    app.state(crashing(app.spec["containers"][0], message=f"fatal: password={CANARY}"))
    app.log("\n".join([*SPOKEN, "KeyError: 'API_KEY'"]))
    hidden = secret("api-secrets", "password")
    hidden["data"]["password"] = CANARY
    told = event(app.pod, "BackOff", f"probe failed: http://app:{CANARY}@10.42.0.10/readyz")
    return app, [hidden, config_map("api", note=CANARY), told, namespace(NS)]


def test_values_of_a_chart_do_not_leave_with_its_application():
    helm = {"values": CANARY, "valuesObject": {"a": CANARY}, "parameters": [{"name": "a", "value": CANARY}]}
    kept = scrubbed_object({"kind": "Application", "spec": {"sources": [{"chart": "base-service", "helm": helm}]}})

    assert CANARY not in str(kept)
    assert kept["spec"]["sources"][0]["helm"]["parameters"][0]["name"] == "a"


def bundle_of(app: App, others: list) -> dict[str, str]:
    snapshot = Snapshot([*app.objects, *others], app.logs)
    made = bundle(diagnose_snapshot(snapshot, Target("Deployment", NS, app.name), NOW), snapshot)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        return {path: archive.read(path).decode() for path in archive.namelist()}


def test_no_canary_leaves_with_it():
    files = bundle_of(*leaking())

    assert [path for path, text in files.items() if CANARY in text] == []
    assert "DB_PASSWORD" in files["objects.yaml"]


@pytest.mark.parametrize("line", SPOKEN, ids=lambda line: line[:24].replace(CANARY, ""))
def test_a_credential_in_a_log_line_is_taken_out(line: str):
    assert CANARY not in scrubbed_text(line)


@pytest.mark.parametrize(
    "line",
    [
        "GET /orders 200 in 12 ms",
        "the tag 1.4.0 of ghcr.io/acme/api",
        "KeyError: 'API_KEY'",
        "ask mctl_get_service_logs",
    ],
)
def test_a_plain_line_stays_as_it_is(line: str):
    assert scrubbed_text(line) == line


def test_it_is_enough_to_find_the_cause_again(tmp_path: Path):
    for path, text in bundle_of(*leaking()).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    found = diagnose_snapshot(
        read_dump(tmp_path / "objects.yaml", tmp_path / "logs"), Target("Deployment", NS, "api"), NOW
    )

    assert found.findings[0].cause == "env-var-missing"


def test_the_neighbours_objects_stay_at_home():
    app, others = leaking()

    assert "neighbour" not in str(bundle_of(app, [*others, *App("neighbour").objects]))


def test_the_command_writes_it_beside_the_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    app = App()
    (tmp_path / "cluster.yaml").write_text(yaml.safe_dump_all([namespace(NS), *app.objects]))
    where = ["--namespace", NS, "--name", "api", "--at", "2026-08-20T09:30:00Z"]
    call_command(
        "diagnose", "--from", str(tmp_path / "cluster.yaml"), *where, "--json", "--bundle", str(tmp_path / "b.zip")
    )

    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert json.loads(archive.read("diagnosis.json")) == json.loads(capsys.readouterr().out)
