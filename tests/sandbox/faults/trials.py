"""Faults put to the test: each on a service of its own, broken, diagnosed and mended, all at the same time.

`faults.py` of the benchmarks prints the same trials as a matrix. Mending goes the product's way: the edits that
deploy-service makes, committed to the GitOps repository. Where no deploy helps in life, the fault is removed instead.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from diagnosis.choices import Severity
from diagnosis.queries import Diagnosis, Target, diagnose_live
from integrations.errors import Missing
from integrations.gitops import Change, Edit, FileEdit, Gitops, Remove, Set
from integrations.kubernetes import cluster
from sandbox import faults
from services.runners.changes import edits_for
from services.runners.parameters import DeployServiceParameters

TENANT = "trials"
IMAGE, TAG, NEXT_TAG = "ghcr.io/acme/hello", "1.0.0", "1.1.0"
SMALL = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "100m", "memory": "64Mi"}}
ROOMY = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "100m", "memory": "30Gi"}}
LONGEST_S = 60.0
NEW_TAG = {"image_tag": NEXT_TAG}


@dataclass(frozen=True)
class Trial:
    """`fault` is one of the sandbox, or "" for a mistake that `broken` commits to the values file. `mend` are
    parameters of deploy-service; empty: a mistake is taken back, a fault is removed."""

    name: str
    cause: str
    fault: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    broken: tuple[Edit, ...] = ()
    mend: Mapping[str, Any] = field(default_factory=dict)
    start: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mended_by(self) -> str:
        if not self.mend:
            return "the fault is removed" if self.fault else "the commit is reverted"
        return "deploy-service " + ", ".join(f"{key}={value}" for key, value in self.mend.items())


@dataclass
class Outcome:
    """Seconds are real ones, with the sandbox's own durations divided by its speed."""

    trial: Trial
    found: str = ""
    found_s: float | None = None
    healed_s: float | None = None
    last: Diagnosis | None = None


def of_fault(fault: str, cause: str, mend: Mapping[str, Any] | None = None, **more: Any) -> Trial:
    return Trial(fault, cause, fault, mend=mend or {}, **more)


TRIALS = (
    of_fault("bad-image-tag", "image-tag-not-found", NEW_TAG),
    of_fault("registry-unauthorized", "image-pull-unauthorized"),
    of_fault("registry-down", "image-registry-unreachable"),
    of_fault("registry-rate-limit", "image-pull-rate-limited"),
    of_fault("crash-loop", "app-exception", NEW_TAG),
    of_fault("missing-variable", "env-var-missing", {"env_vars": {"SESSION_SECRET_KEY": "rotated"}}),
    of_fault("oom", "oom-killed", {"memory_limit": "256Mi"}, settings={"needs_mib": 128}),
    of_fault("moved-health-check", "probe-wrong-path", {"health_check_path": "/status"}),
    of_fault("failing-liveness", "liveness-probe-failing", NEW_TAG),
    of_fault("slow-start", "startup-too-slow", NEW_TAG, settings={"image_tag": TAG}),
    of_fault("wrong-port", "app-listens-on-other-port", {"port": 8090}, settings={"port": 8090}),
    of_fault("localhost-only", "app-listens-on-localhost", {"env_vars": {"HOST": "0.0.0.0"}}),
    of_fault("missing-command", "command-not-found", NEW_TAG),
    of_fault("broken-start-script", "script-syntax-error", NEW_TAG),
    of_fault("wrong-architecture", "exec-format-error", NEW_TAG),
    of_fault("missing-config-file", "config-file-missing", NEW_TAG),
    of_fault("port-in-use", "port-already-in-use", NEW_TAG),
    of_fault("refuses-root", "container-user-not-permitted", NEW_TAG),
    of_fault("expired-certificate", "app-certificate-expired", NEW_TAG),
    of_fault("wrong-host", "hostname-unresolvable", {"env_vars": {"RATES_HOST": "rates.partner.example"}}),
    of_fault("database-down", "db-connection-failed"),
    of_fault("database-password", "db-auth-failed", {"env_vars": {"DB_PASSWORD_FILE": "/run/secrets/db"}}),
    of_fault("database-crowded", "db-too-many-connections"),
    of_fault("cluster-permission", "rbac-forbidden"),
    of_fault(
        "narrow-limit-range",
        "limitrange-violation",
        {"memory_limit": "128Mi"},
        start={"resources": ROOMY},
        settings={"max_mib": 24 * 1024},
    ),
    Trial(
        "typo-in-repository",
        "image-repository-not-found",
        broken=(Set(("image", "repository"), "docker.io/acme/helo"),),
        mend={"image_repository": IMAGE, "image_tag": TAG},
    ),
    Trial("typo-in-tag", "image-tag-not-found", broken=(Set(("image", "tag"), "1.1.O"),), mend=NEW_TAG),
    Trial(
        "too-much-cpu",
        "insufficient-cpu",
        broken=(Set(("resources", "requests", "cpu"), "5"), Set(("resources", "limits", "cpu"), "5")),
        mend={"cpu_request": "20m", "cpu_limit": "100m"},
    ),
    Trial(
        "too-much-memory",
        "insufficient-memory",
        broken=(Set(("resources", "requests", "memory"), "20Gi"), Set(("resources", "limits", "memory"), "20Gi")),
        mend={"memory_request": "32Mi", "memory_limit": "64Mi"},
    ),
    Trial("no-secret", "secret-missing", broken=(Set(("envFrom",), [{"secretRef": {"name": "partner-keys"}}]),)),
    Trial("no-configmap", "configmap-missing", broken=(Set(("envFrom",), [{"configMapRef": {"name": "limits"}}]),)),
    Trial("no-such-node", "node-selector-mismatch", broken=(Set(("nodeSelector",), {"disk": "nvme"}),)),
)


def until(done: Callable[[], bool], what: Callable[[], str], within_s: float = LONGEST_S) -> None:
    end = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end, f"After {within_s:.0f} s: {what()}"
        time.sleep(0.05)


class Trials:
    """The services of the trials in one GitOps repository and cluster."""

    def __init__(self, git: Gitops, kubeconfig: Path, trials: Iterable[Trial]) -> None:
        self.git, self.kubeconfig, self.commits = git, kubeconfig, 0
        self.outcomes = {trial.name: Outcome(trial) for trial in trials}

    def run(self) -> dict[str, Outcome]:
        """Everything at once: all begin healthy, all are broken, each is mended when all have been diagnosed."""
        self.begin()
        self._until_healthy(self._note_nothing)
        self.break_all()
        self._until_found()
        self.mend_all()
        self._until_healthy(self._note_healed)
        return self.outcomes

    def begin(self) -> None:
        quotas = {"requests.cpu": "40", "requests.memory": "100Gi", "limits.cpu": "60", "limits.memory": "120Gi"}
        limits = {"max": {"cpu": "16", "memory": "64Gi"}}
        tenant = {
            "name": TENANT,
            "quotas": {**quotas, "pods": "200", "services": "100"},
            "limitRange": limits,
            "ghcrCredentials": {"enabled": False},
            "secretStore": {"enabled": False},
            "preview": {"enabled": False},
        }
        files = [FileEdit.create(self._tenant_path, yaml.safe_dump({"tenant": tenant}))]
        for one in self._trials():
            values = {"image": {"repository": IMAGE, "tag": TAG}, "resources": SMALL, **one.start}
            files.append(FileEdit.create(self.git.service_path(TENANT, one.name), yaml.safe_dump(values)))
        self._commit(files, "Begin the trials")
        self._look_at_folders()

    def break_all(self) -> None:
        self.began = time.monotonic()
        for one in self._trials():
            if one.fault:
                faults.add(self.kubeconfig, one.fault, TENANT, one.name, **one.settings)
        self._edit({one.name: list(one.broken) for one in self._trials() if one.broken})

    def mend_all(self) -> None:
        self.began = time.monotonic()
        edits: dict[str, list[Edit]] = {}
        for one in self._trials():
            if one.mend:
                edits[one.name] = edits_for(self._parameters(one), self.git.service(TENANT, one.name).values)
            elif one.fault:
                faults.remove(self.kubeconfig, one.fault, TENANT, one.name)
            else:
                edits[one.name] = [Remove(edit.path) for edit in one.broken]
        self._edit(edits)

    def end(self) -> None:
        for one in self._trials():
            if one.fault:
                faults.remove(self.kubeconfig, one.fault, TENANT, one.name)
        gone = [FileEdit.delete(self.git.service_folder(TENANT, one.name)) for one in self._trials()]
        self._commit([*gone, FileEdit.delete(self._tenant_path)], "End the trials")
        self._look_at_folders()
        until(lambda: not cluster().list("deployments", namespace=TENANT), lambda: "the trials are still there")

    @property
    def _tenant_path(self) -> str:
        return f"{self.git.base_path}/tenants/{TENANT}/values.yaml"

    def _parameters(self, one: Trial) -> DeployServiceParameters:
        action = "deploy" if "image_tag" in one.mend else "update-config"
        return DeployServiceParameters(action=action, team_name=TENANT, component_name=one.name, **one.mend)

    def _edit(self, edits: Mapping[str, list[Edit]]) -> None:
        paths = {name: self.git.service_path(TENANT, name) for name in edits}
        self._commit([FileEdit.of_yaml(paths[name], wanted) for name, wanted in edits.items()], "Change the trials")
        for name in edits:
            cluster().refresh_application(f"{TENANT}-{name}")

    def _commit(self, files: list[FileEdit], subject: str) -> None:
        self.commits += 1
        self.git.commit(Change(tuple(files), subject, "dev"), key=f"trials-{self.commits}-{time.time_ns()}")

    def _look_at_folders(self) -> None:
        """What a webhook of the git host does: Argo CD looks at once."""
        until(lambda: all(map(_refreshed, ("tenants", "apps"))), lambda: "Argo CD has no ApplicationSets")

    def _until_found(self) -> None:
        def look() -> bool:
            for outcome in self._open("found_s"):
                outcome.last = diagnose_live(Target("Deployment", TENANT, outcome.trial.name))
                outcome.found = outcome.last.findings[0].cause if outcome.last.findings else ""
                if outcome.found == outcome.trial.cause:
                    outcome.found_s = round(time.monotonic() - self.began, 2)
            return not self._open("found_s")

        self._look_on(look)

    def _until_healthy(self, note: Callable[[Outcome], None]) -> None:
        waiting = list(self.outcomes.values())

        def look() -> bool:
            for outcome in list(waiting):
                outcome.last = diagnose_live(Target("Deployment", TENANT, outcome.trial.name))
                if is_well(outcome.last):
                    note(outcome)
                    waiting.remove(outcome)
            return not waiting

        self._look_on(look)

    def _look_on(self, look: Callable[[], bool]) -> None:
        """Until it is done or time is up; what was not reached stays empty in the outcome."""
        end = time.monotonic() + LONGEST_S
        while not look() and time.monotonic() < end:
            time.sleep(0.3)

    def _note_nothing(self, outcome: Outcome) -> None:
        return

    def _note_healed(self, outcome: Outcome) -> None:
        outcome.healed_s = round(time.monotonic() - self.began, 2)

    def _open(self, what: str) -> list[Outcome]:
        return [outcome for outcome in self.outcomes.values() if getattr(outcome, what) is None]

    def _trials(self) -> list[Trial]:
        return [outcome.trial for outcome in self.outcomes.values()]


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
