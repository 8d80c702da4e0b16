"""The reads of the diagnosis: the live cluster, a dump, what is wrong now, the guide's page."""

from diagnosis.queries.dump import read_dump
from diagnosis.queries.live import diagnose_live, diagnose_service
from diagnosis.rules import Diagnosis, Target

__all__ = ["Diagnosis", "Target", "diagnose_live", "diagnose_service", "read_dump"]
