"""The whole picture in memory: what git wants, what the cluster has, what was diagnosed. Owned by one thread."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrations.kubernetes import Key, PodRow
from observer.changes import Change, Deleted, Diagnosed, GitRead, Replaced, Upserted
from observer.git_rows import GitPicture, GitService, GitTenant
from observer.rows import ApplicationRow, EventRow, QuotaRow, ServiceKey, WorkloadRow, service_of_pod
from observer.shelf import Shelf
from observer.status import SYNC_GRACE, Observed
from tenants.queries import QUOTA_SOURCE

WORKLOAD_PARTS = {"ReplicaSet": 1, "Pod": 2}


class Picture:
    """`touched` and `tenants_touched` are what changed since they were last taken; `suspects` are services to be
    diagnosed again although no row of theirs changed; `diagnosed` those of which only the finding changed.
    `shared_hosts` has a host of each service that another service has too. `without_applications`: the cluster does not
    have the kind, so that no service has one."""

    def __init__(self) -> None:
        self.applications: Shelf[ApplicationRow] = Shelf(lambda row: row.service)
        self.deployments: Shelf[WorkloadRow] = Shelf(lambda row: row.service)
        self.pods: Shelf[PodRow] = Shelf(service_of_pod)
        self.quotas: dict[str, QuotaRow] = {}
        self.quotas_known = False
        self.without_applications = False
        self.events: set[Key] = set()
        self.git = GitPicture()
        self.findings: dict[ServiceKey, Mapping[str, Any]] = {}
        self.shared_hosts: dict[ServiceKey, str] = {}
        self.touched: set[ServiceKey] = set()
        self.tenants_touched: set[str] = set()
        self.suspects: set[ServiceKey] = set()
        self.diagnosed: set[ServiceKey] = set()

    def applications_known(self) -> bool:
        return self.applications.is_known or self.without_applications

    def anything_known(self) -> bool:
        """Whether the cluster said anything yet. Before that nothing observed is written."""
        return self.applications_known() or self.deployments.is_known or self.pods.is_known

    def absence_known(self) -> bool:
        """Whether a service that is not seen is not there."""
        return self.applications_known() and self.deployments.is_known

    def known_sources(self) -> frozenset[str]:
        """What of a service's row was read whole at least once."""
        shelves = {"applications": self.applications_known(), "deployments": self.deployments.is_known}
        shelves |= {"pods": self.pods.is_known, "git": self.git.is_known}
        return frozenset(name for name, is_known in shelves.items() if is_known)

    def counts(self) -> dict[str, int]:
        return {
            "gitops": len(self.git.services),
            "kubernetes:applications": len(self.applications),
            "kubernetes:deployments": len(self.deployments),
            "kubernetes:pods": len(self.pods),
            QUOTA_SOURCE: len(self.quotas),
            "kubernetes:events": len(self.events),
        }

    # --- what readers said

    def apply(self, change: Change) -> None:
        match change:
            case GitRead(world):
                services, tenants = self.git.replace(world)
                self.touched |= services
                self.tenants_touched |= tenants
            case Diagnosed(service, diagnosis):
                self._diagnosed(service, diagnosis)
            case Replaced("resourcequotas", rows):
                self.quotas_known = True
                self._replace_quotas(rows)
            case Replaced("events", rows):
                # The services they are about look unhealthy by their own rows, and are looked at anyway.
                self.events = set(rows)
            case Replaced(source, rows):
                self.touched |= self._shelf(source).replace(rows)
            case Upserted("resourcequotas", (namespace, _), row):
                self._put_quota(namespace, row)
            case Deleted("resourcequotas", (namespace, _)):
                self._put_quota(namespace, None)
            case Upserted("events", key, row):
                self.events.add(key)
                self._suspect(row)
            case Deleted("events", key):
                self.events.discard(key)
            case Upserted(source, key, row):
                self.touched |= self._shelf(source).put(key, row)
            case Deleted(source, key):
                self.touched |= self._shelf(source).drop(key)

    def _shelf(self, source: str) -> Shelf[Any]:
        shelves: dict[str, Shelf[Any]] = {
            "applications": self.applications,
            "deployments": self.deployments,
            "pods": self.pods,
        }
        return shelves[source]

    def _diagnosed(self, service: ServiceKey, diagnosis: Mapping[str, Any]) -> None:
        if diagnosis:
            self.findings[service] = diagnosis
        else:
            self.findings.pop(service, None)
        self.diagnosed.add(service)

    def _replace_quotas(self, rows: dict[Key, QuotaRow]) -> None:
        fresh = {namespace: row for (namespace, _), row in rows.items()}
        for namespace in self.quotas.keys() | fresh.keys():
            self._put_quota(namespace, fresh.get(namespace))

    def _put_quota(self, namespace: str, row: QuotaRow | None) -> None:
        if self.quotas.get(namespace) == row:
            return
        if row is None:
            self.quotas.pop(namespace, None)
        else:
            self.quotas[namespace] = row
        self.tenants_touched.add(namespace)

    def _suspect(self, event: EventRow) -> None:
        """The service an event is about. Pods and ReplicaSets that are gone are found by their Deployment's name."""
        pod = self.pods.get((event.namespace, event.name))
        if pod is not None and (service := service_of_pod(pod)):
            self.suspects.add(service)
            return
        parts = WORKLOAD_PARTS.get(event.kind, 0)
        deployment = event.name.rsplit("-", parts)[0] if parts else event.name
        for shelf in (self.deployments, self.applications):
            row = shelf.get((event.namespace, deployment))
            if row is not None:
                self.suspects.add(row.service)

    # --- what the mirror asks

    def services(self) -> set[ServiceKey]:
        """Every service there is a reason to show: in git, as an Application, or as a workload of a known tenant."""
        workloads = {key for key in self.deployments.services() if key[0] in self.git.tenants}
        return set(self.git.services) | set(self.applications.services()) | workloads

    def exists(self, service: ServiceKey) -> bool:
        if service in self.git.services or self.applications.of(service):
            return True
        return service[0] in self.git.tenants and bool(self.deployments.of(service))

    def git_service(self, service: ServiceKey) -> GitService | None:
        return self.git.services.get(service)

    def git_tenant(self, tenant: str) -> GitTenant | None:
        return self.git.tenants.get(tenant)

    def observed(self, service: ServiceKey) -> Observed:
        wanted = self.git.services.get(service)
        return Observed(
            in_git=wanted is not None or not self.git.is_known,
            wanted_by_git=wanted.replicas if wanted else 0 if self.git.is_known else None,
            changed_at=wanted.changed_at if wanted else None,
            problem=wanted.problem if wanted else "",
            application=next(iter(self.applications.of(service)), None),
            workload=next(iter(self.deployments.of(service)), None),
            pods=self.pods.of(service) if self.pods.is_known else None,
            finding=self.findings.get(service, {}),
            shared_host=self.shared_hosts.get(service, ""),
            applications_known=self.applications_known(),
            workloads_known=self.deployments.is_known,
        )

    def leaving_grace(self, since: datetime, until: datetime) -> set[ServiceKey]:
        """Services whose last commit stops excusing a difference within this span of time."""
        return {
            key
            for key, wanted in self.git.services.items()
            if wanted.changed_at is not None and since < wanted.changed_at + SYNC_GRACE <= until
        }
