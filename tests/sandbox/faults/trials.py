"""Faults put to the test: each on a service of its own, broken, diagnosed and mended, all at the same time.

`faults.py` of the benchmarks prints the same trials as a matrix. Mending goes the product's way: the edits that
deploy-service makes, committed to the GitOps repository. Where no deploy helps in life, the fault is removed instead.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from core import clock
from diagnosis.choices import Severity
from diagnosis.queries import Diagnosis, Target, diagnose_live
from integrations.errors import Missing
from integrations.gitops import Change, Edit, FileEdit, Gitops
from integrations.kubernetes import cluster
from sandbox import faults
from services.runners.changes import edits_for
from services.runners.parameters import DeployServiceParameters

QUOTAS = {"requests.cpu": "40", "requests.memory": "100Gi", "limits.cpu": "60", "limits.memory": "120Gi"}
FEW = {"requests.memory": "2Gi", "limits.memory": "4Gi"}
IMAGE, TAG, NEXT_TAG = "ghcr.io/acme/hello", "1.0.0", "1.1.0"
SMALL = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "100m", "memory": "64Mi"}}
LOAD = "batch-import"
LONGEST_S = 150.0
AT_ONCE = 8


@dataclass(frozen=True)
class Trial:
    """`mend` are parameters of deploy-service; empty: the fault is removed. `start` are the service's first values,
    `then` edits committed once the fault shows, `looked_at` how much later the diagnosis's clock stands. `alone`:
    another trial's commit or pods would hide it, or suffer from it."""

    fault: str
    cause: str
    mend: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    start: Mapping[str, Any] = field(default_factory=dict)
    then: tuple[Edit, ...] = ()
    tenant: str = "trials"
    alone: bool = False
    thorough: bool = False
    looked_at: timedelta = timedelta(0)

    @property
    def mended_by(self) -> str:
        if not self.mend:
            return "the fault is removed"
        return "deploy-service " + ", ".join(f"{key}={value}" for key, value in self.mend.items())

    @property
    def target(self) -> Target:
        return Target("Deployment", self.tenant, self.fault)


@dataclass
class Outcome:
    """Seconds are real ones, with the sandbox's own durations divided by its speed."""

    trial: Trial
    found: str = ""
    found_s: float | None = None
    healed_s: float | None = None
    last: Diagnosis | None = None


def until(done: Callable[[], bool], what: Callable[[], str], within_s: float = LONGEST_S) -> None:
    end = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end, f"After {within_s:.0f} s: {what()}"
        time.sleep(0.5)


class Trials:
    """The services of the trials in one GitOps repository and cluster."""

    def __init__(self, git: Gitops, kubeconfig: Path, trials: Iterable[Trial]) -> None:
        self.git, self.kubeconfig, self.commits = git, kubeconfig, 0
        self.outcomes = {trial.fault: Outcome(trial) for trial in trials}
        self.tenants = sorted({outcome.trial.tenant for outcome in self.outcomes.values()})

    def run(self) -> dict[str, Outcome]:
        """All begin healthy; all are broken at once, and mended when all have been diagnosed; then the lonely ones."""
        self.begin()
        self.go([one for one in self.outcomes.values() if not one.trial.alone])
        for lonely in [one for one in self.outcomes.values() if one.trial.alone]:
            self._refresh([lonely.trial])
            self.go([lonely])
        return self.outcomes

    def go(self, outcomes: list[Outcome]) -> None:
        trials = [outcome.trial for outcome in outcomes]
        self.break_all(trials)
        self._until_found(outcomes)
        self.mend_all(trials)
        self._until_well(outcomes)

    def begin(self) -> None:
        files = [FileEdit.create(self._tenant_path(name), self._tenant(name)) for name in self.tenants]
        for one in self._trials():
            values = {"image": {"repository": IMAGE, "tag": TAG}, "resources": SMALL, **one.start}
            files.append(FileEdit.create(self.git.service_path(one.tenant, one.fault), yaml.safe_dump(values)))
        self._commit(files, "Begin the trials")
        self._look_at_folders()
        until(lambda: not self._unwell(self._trials()), lambda: f"not healthy: {self._unwell(self._trials())}")

    def break_all(self, trials: list[Trial]) -> None:
        self.began = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._break, trials))
        late = [one for one in trials if one.then]
        if late:
            until(lambda: all(_is_crowded(one.tenant) for one in late), lambda: "the quota is not used up")
            self._edit([(one, list(one.then)) for one in late])

    def _break(self, one: Trial) -> None:
        faults.add(self.kubeconfig, one.fault, one.tenant, one.fault, git=self.git, **one.settings)

    def mend_all(self, trials: list[Trial]) -> None:
        self.began = time.monotonic()
        mended = [one for one in trials if one.mend]
        self._edit([(one, edits_for(_parameters(one), self._values(one))) for one in mended])
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._remove, [one for one in trials if not one.mend]))

    def _remove(self, one: Trial) -> None:
        faults.remove(self.kubeconfig, one.fault, one.tenant, one.fault, git=self.git)

    def end(self) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._remove, self._trials()))
        gone = [FileEdit.delete(self.git.service_folder(one.tenant, one.fault)) for one in self._trials()]
        self._commit([*gone, *[FileEdit.delete(self._tenant_path(name)) for name in self.tenants]], "End the trials")
        self._look_at_folders()
        until(lambda: not self._deployments(), lambda: "the trials are still there")

    def _tenant_path(self, name: str) -> str:
        return f"{self.git.base_path}/tenants/{name}/values.yaml"

    def _tenant(self, name: str) -> str:
        few = FEW if any(one.then for one in self._trials() if one.tenant == name) else {}
        tenant = {
            "name": name,
            "quotas": {**QUOTAS, **few, "pods": "200", "services": "100", "persistentvolumeclaims": "10"},
            "limitRange": {"max": {"cpu": "16", "memory": "64Gi"}},
            "ghcrCredentials": {"enabled": False},
            "preview": {"enabled": False},
        }
        return yaml.safe_dump({"tenant": tenant})

    def _values(self, one: Trial) -> Mapping[str, Any]:
        return self.git.service(one.tenant, one.fault).values

    def _edit(self, edits: list[tuple[Trial, list[Edit]]]) -> None:
        files = [FileEdit.of_yaml(self.git.service_path(one.tenant, one.fault), wanted) for one, wanted in edits]
        self._commit(files, "Change the trials")
        self._refresh([one for one, _ in edits])

    def _refresh(self, trials: list[Trial]) -> None:
        for one in trials:
            cluster().refresh_application(f"{one.tenant}-{one.fault}")

    def _commit(self, files: list[FileEdit], subject: str) -> None:
        self.commits += 1
        self.git.commit(Change(tuple(files), subject, "dev"), key=f"trials-{self.commits}-{time.time_ns()}")

    def _look_at_folders(self) -> None:
        """What a webhook of the git host does: Argo CD looks at once."""
        until(lambda: all(map(_refreshed, ("tenants", "apps"))), lambda: "Argo CD has no ApplicationSets")

    def _until_found(self, outcomes: list[Outcome]) -> None:
        waiting = list(outcomes)

        def look() -> bool:
            for outcome in list(waiting):
                with looking(outcome.trial.looked_at):
                    outcome.last = diagnose_live(outcome.trial.target, thorough=outcome.trial.thorough)
                outcome.found = outcome.last.findings[0].cause if outcome.last.findings else ""
                if outcome.found == outcome.trial.cause:
                    outcome.found_s = round(time.monotonic() - self.began, 2)
                    waiting.remove(outcome)
            return not waiting

        self._look_on(look)

    def _until_well(self, outcomes: list[Outcome]) -> None:
        """Diagnosed is only what stands as git wants it: what does not is not well, without asking."""
        waiting = list(outcomes)

        def look() -> bool:
            unwell = self._unwell([outcome.trial for outcome in waiting])
            for outcome in [one for one in waiting if one.trial.fault not in unwell]:
                outcome.last = diagnose_live(outcome.trial.target)
                if is_well(outcome.last):
                    outcome.healed_s = round(time.monotonic() - self.began, 2)
                    waiting.remove(outcome)
            return not waiting

        self._look_on(look)

    def _unwell(self, trials: Iterable[Trial]) -> set[str]:
        """Services without their pods, or whose Application is not synced and healthy; two lists for all of them."""
        ready = {
            one["metadata"]["labels"]["app.kubernetes.io/instance"] for one in self._deployments() if _is_ready(one)
        }
        synced = {
            one["metadata"]["name"] for one in cluster().list("applications", namespace="argocd") if _is_good(one)
        }
        return {one.fault for one in trials if f"{one.tenant}-{one.fault}" not in ready & synced}

    def _deployments(self) -> list[dict[str, Any]]:
        found = [one for one in cluster().list("deployments") if one["metadata"]["namespace"] in self.tenants]
        return [one for one in found if one["metadata"]["name"] != LOAD]

    def _look_on(self, look: Callable[[], bool]) -> None:
        """Until it is done or time is up; what was not reached stays empty in the outcome."""
        end = time.monotonic() + LONGEST_S
        while not look() and time.monotonic() < end:
            time.sleep(0.5)

    def _trials(self) -> list[Trial]:
        return [outcome.trial for outcome in self.outcomes.values()]


@contextmanager
def looking(later: timedelta) -> Iterator[None]:
    now = clock.now
    with mock.patch.object(clock, "now", side_effect=lambda: now() + later):
        yield


def _parameters(one: Trial) -> DeployServiceParameters:
    action = "deploy" if "image_tag" in one.mend else "update-config"
    return DeployServiceParameters(action=action, team_name=one.tenant, component_name=one.fault, **one.mend)


def _is_ready(deployment: dict[str, Any]) -> bool:
    status, wanted = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    counts = {status.get(one, 0) for one in ("replicas", "updatedReplicas", "readyReplicas")}
    return counts == {wanted} and status.get("observedGeneration") == deployment["metadata"]["generation"]


def _is_good(application: dict[str, Any]) -> bool:
    status = application.get("status") or {}
    found = [(status.get(one) or {}).get("status") for one in ("sync", "health")]
    return found == ["Synced", "Healthy"]


def _is_crowded(tenant: str) -> bool:
    loads = [one for one in cluster().list("deployments", namespace=tenant) if one["metadata"]["name"] == LOAD]
    return bool(loads) and _is_ready(loads[0])


def _refreshed(name: str) -> bool:
    try:
        cluster().refresh_application_set(name)
    except Missing:
        return False
    return True


def is_well(found: Diagnosis) -> bool:
    """Nothing to tell, but that it restarted in the past: a container mended without a new pod remembers that."""
    told = {finding.cause for finding in found.findings}
    settled = all(finding.severity == Severity.NOTICE for finding in found.findings) and told <= {"past-restarts"}
    return found.healthy and settled
