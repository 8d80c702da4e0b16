"""What programs of the cluster write costs the diagnosis and its bundle no more than its length."""

import pytest
from hypothesis import example, given, settings

from diagnosis.queries.bundle import bundle
from diagnosis.queries.live import FOREIGN
from diagnosis.rules import Snapshot, Target, diagnose_snapshot
from diagnosis.rules.checks.access import REQUEST
from diagnosis.rules.checks.configuration import EXPRESSIONS
from diagnosis.rules.checks.crashes import MORE_NAMES, NAMES_ERROR
from diagnosis.rules.engine import BROKEN
from diagnosis.rules.facts.container_logs import JOINED
from diagnosis.rules.facts.environment import HOSTS
from diagnosis.rules.facts.listeners import listeners
from diagnosis.rules.facts.network import port_behind
from diagnosis.rules.facts.node_fit import reasons
from diagnosis.rules.facts.postgres import HOST_WORD, WORD
from diagnosis.rules.patterns.acme_messages import acme_cause
from diagnosis.rules.patterns.admission_messages import admission_cause
from diagnosis.rules.patterns.argocd_messages import comparison_cause, sync_cause
from diagnosis.rules.patterns.image_messages import image_cause
from diagnosis.rules.patterns.log_lines import LOG_PATTERNS
from diagnosis.rules.patterns.secret_messages import secret_cause
from diagnosis.rules.wording import shown
from tests.diagnosis.builders import App, container, crashing, event, http_probe, namespace
from tests.diagnosis.parts import NOW, NS
from tests.hostile import Scan, as_cases, superlinear, texts


def bundled(text: str) -> bytes:
    """The bundle of a crashing service that says the same everywhere: log, last words, events, labels."""
    app = App(containers=[container(readinessProbe=http_probe())])
    app.state(crashing(app.spec["containers"][0], message=text)).log(text)
    app.pod["metadata"]["annotations"] = {"note": text}
    told = [("BackOff", ""), ("FailedScheduling", ""), ("FailedMount", ""), ("Unhealthy", "Readiness probe failed: ")]
    events = [event(app.pod, reason, words + text) for reason, words in told]
    snapshot = Snapshot([*app.objects, *events, namespace(NS)], app.logs)
    found = diagnose_snapshot(snapshot, Target("Deployment", NS, app.name), NOW)
    assert [check["cause"] for check in found.as_dict()["checked"] if check["symptom"] == BROKEN] == []
    return bundle(found, snapshot)


SCANNERS: dict[str, Scan] = {
    "every row about logs": lambda text: [row.search(text) for _, _, row in LOG_PATTERNS],
    "lines that are joined": lambda text: [row.sub(joined, text) for row, joined in JOINED],
    "admission": admission_cause,
    "images": image_cause,
    "certificates": acme_cause,
    "secrets": secret_cause,
    "Argo CD": lambda text: (comparison_cause(text), sync_cause(text)),
    "configuration": lambda text: [row.search(text) for row, _ in EXPRESSIONS],
    "names in a line": lambda text: (MORE_NAMES.findall(text), NAMES_ERROR.search(text), REQUEST.search(text)),
    "words": lambda text: (WORD.findall(text), HOST_WORD.findall(text), FOREIGN.findall(text)),
    "hosts": HOSTS.findall,
    "ports": lambda text: (port_behind("a", text), listeners((text,))),
    "the scheduler": reasons,
    "evidence": shown,
}


@pytest.mark.parametrize("scan", as_cases(SCANNERS))
def test_twice_the_text_is_twice_the_work(scan: Scan) -> None:
    assert superlinear(scan) == {}


@pytest.mark.parametrize("unit", ["secret", "token: ", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVph", '\\"', "\0"])
def test_a_bundle_costs_no_more_than_what_goes_into_it(unit: str) -> None:
    assert superlinear(bundled, (unit,)) == {}


@settings(max_examples=100, deadline=None)
@given(texts())
@example("secret" * 400)
@example("\ud800\0\x1b[31m")
@example("1" * 5_000 + " node(s) had untolerated taint")
@example("0/3 nodes are available: " + "9" * 5_000 + " Insufficient cpu.")
def test_no_check_falls_over_a_text(text: str) -> None:
    bundled(text)


@pytest.mark.faults
@settings(max_examples=3_000, deadline=None)
@given(texts())
def test_no_check_is_slow_on_a_repeated_text(text: str) -> None:
    if text:
        assert {name: slow for name, scan in SCANNERS.items() if (slow := superlinear(scan, (text,)))} == {}


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), ({"default": {"cpu": "500m"}}, '{"default": {"cpu": "500m"}}'), ("True", "True"), (8080, "8080")],
)
def test_a_value_is_written_as_manifests_write_it(value: object, text: str) -> None:
    assert shown(value) == text
