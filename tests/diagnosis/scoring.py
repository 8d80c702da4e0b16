"""The scoring rules of the shared cases, as its README tells them."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from diagnosis.queries import read_dump
from diagnosis.rules import Target, diagnose_snapshot
from diagnosis.rules.engine import BROKEN
from diagnosis.rules.facts.objects import when

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases" / "diagnosis"
ALARMS = {"problem", "warning"}


@dataclass(frozen=True)
class Score:
    case: str
    faults: list[str]
    answer: dict[str, Any]


def case_folders() -> list[Path]:
    return sorted(path.parent for path in CASES.glob("*/expected.yaml")) if CASES.is_dir() else []


def score(folder: Path) -> Score:
    expected = yaml.safe_load((folder / "expected.yaml").read_text())
    target = expected["target"]
    snapshot = read_dump(folder / "cluster.yaml", folder / "logs")
    now = when(expected["observed_at"])
    assert now is not None
    found = diagnose_snapshot(snapshot, Target(target["kind"], target["namespace"], target["name"]), now)
    answer = json.loads(json.dumps(found.as_dict()))
    return Score(folder.name, faults_of(expected, answer), answer)


def faults_of(expected: dict[str, Any], answer: dict[str, Any]) -> list[str]:
    """Everything that keeps the case from passing; empty when it passes."""
    findings = answer["findings"]
    alarms = [entry for entry in findings if entry["severity"] in ALARMS]
    wanted = [expected["cause"], *expected.get("acceptable_causes", [])]
    faults = [f"check broken: {entry['cause']}" for entry in answer["checked"] if entry["symptom"] == BROKEN]
    if expected["verdict"] in {"healthy", "notice"}:
        faults += [f"alarm: {entry['cause']}" for entry in alarms]
        if expected["verdict"] == "notice":
            faults += _named(findings, wanted, expected["must_mention"], first=False)
        return faults
    faults += _named(alarms, wanted, expected["must_mention"], first=True)
    for also in expected.get("also_causes", []):
        faults += _named(alarms, [also["cause"]], also.get("must_mention", []), first=False)
    allowed = {
        *wanted,
        *(also["cause"] for also in expected.get("also_causes", [])),
        *expected.get("allowed_extra", []),
    }
    return faults + [f"false claim: {entry['cause']}" for entry in alarms if entry["cause"] not in allowed]


def _named(findings: list[dict[str, Any]], wanted: list[str], mentions: list[str], *, first: bool) -> list[str]:
    looked = findings[:1] if first else findings
    chosen = next((entry for entry in looked if entry["cause"] in wanted), None)
    if chosen is None:
        return [f"{wanted[0]} not {'first' if first else 'found'}; said {[entry['cause'] for entry in findings]}"]
    text = " ".join([chosen["title"], chosen["detail"], json.dumps(chosen["evidence"], ensure_ascii=False)])
    return [f"not mentioned: {mention}" for mention in mentions if not _mentions(text, mention)]


def _mentions(text: str, mention: str) -> bool:
    if mention.startswith("re:"):
        return re.search(mention.removeprefix("re:"), text, re.IGNORECASE) is not None
    return mention in text
