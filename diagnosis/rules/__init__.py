"""The rule engine: a snapshot goes in, ranked findings with evidence and remedies come out.

It knows neither Django nor a gateway. From bottom to top: `patterns` read words from outside, `facts` are derived from
the snapshot, `report` shapes what is said, `checks` find causes, the walk answers the guide, `engine` runs all of them.
"""

from core.diagnosis import Target
from diagnosis.rules.engine import diagnose_snapshot
from diagnosis.rules.facts.snapshot import Snapshot, Source
from diagnosis.rules.report.findings import Checked, Diagnosis, Evidence, Finding, Remedy

__all__ = [
    "Checked",
    "Diagnosis",
    "Evidence",
    "Finding",
    "Remedy",
    "Snapshot",
    "Source",
    "Target",
    "diagnose_snapshot",
]
