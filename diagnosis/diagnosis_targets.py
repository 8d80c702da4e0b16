"""What can be asked about besides services and operations. An app of its own takes its row and its finder with it."""

from core.diagnosis import DiagnosisTarget
from diagnosis.queries.asked import find_database, find_domain, find_job
from integrations.kubernetes import kinds
from integrations.kubernetes.kinds import Kind

DIAGNOSIS_TARGETS: tuple[DiagnosisTarget[Kind], ...] = (
    DiagnosisTarget(
        "job",
        "a Job or CronJob",
        find_job,
        reads={"Job": (kinds.JOBS,), "CronJob": (kinds.JOBS, kinds.CRON_JOBS)},
    ),
    DiagnosisTarget(
        "domain",
        "a host name",
        find_domain,
        reads={"Ingress": (), "Certificate": ()},
    ),
    DiagnosisTarget(
        "database",
        "the service it was made for",
        find_database,
        reads={"Database": (kinds.POSTGRES_DATABASES, kinds.POSTGRES_CLUSTERS)},
        longest=63,
    ),
)
