"""Diagnosis: a snapshot goes in, ranked findings with evidence and remedies come out."""

from diagnosis.queries.dump import read_dump
from diagnosis.queries.engine import diagnose_snapshot
from diagnosis.queries.findings import Checked, Diagnosis, Evidence, Finding, Remedy
from diagnosis.queries.live import diagnose_live, diagnose_service
from diagnosis.queries.snapshot import Snapshot, Source, Target

__all__ = [
    "Checked",
    "Diagnosis",
    "Evidence",
    "Finding",
    "Remedy",
    "Snapshot",
    "Source",
    "Target",
    "diagnose_live",
    "diagnose_service",
    "diagnose_snapshot",
    "read_dump",
]
