"""The checks of a level run over one pod or over the template of a workload."""

from collections.abc import Callable

from sandbox.kubeapi.entries import Object, at_path
from sandbox.kubeapi.pod_security import baseline, restricted
from sandbox.kubeapi.pod_security.levels import BASELINE, PRIVILEGED, Level
from sandbox.kubeapi.pod_security.pods import Finding, Pod

Check = Callable[[Pod], Finding | None]
_TEMPLATES = {"Pod": "", "CronJob": "spec.jobTemplate.spec.template"}
_WITH_TEMPLATE = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController")

# (since which minor version, until which one, the check), in the order of the names upstream.
_BASELINE: list[tuple[int, int, Check]] = [
    (0, 10**6, baseline.app_armor),
    (0, 10**6, baseline.capabilities),
    (0, 10**6, baseline.host_namespaces),
    (0, 10**6, baseline.host_paths),
    (0, 10**6, baseline.host_ports),
    (34, 10**6, baseline.probe_hosts),
    (0, 10**6, baseline.privileged_containers),
    (0, 34, baseline.proc_mount),
    (35, 10**6, baseline.proc_mount_relaxed),
    (0, 10**6, baseline.selinux),
    (19, 10**6, baseline.seccomp),
    (0, 10**6, baseline.sysctls),
    (0, 10**6, baseline.windows_host_process),
]
_RESTRICTED: list[tuple[int, int, Check]] = [
    (8, 10**6, restricted.privilege_escalation),
    (22, 10**6, restricted.capabilities),
    (35, 10**6, baseline.proc_mount),
    (0, 10**6, restricted.volumes),
    (0, 34, restricted.run_as_non_root),
    (35, 10**6, restricted.run_as_non_root_relaxed),
    (23, 34, restricted.run_as_user),
    (35, 10**6, restricted.run_as_user_relaxed),
    (19, 10**6, restricted.seccomp),
]
# A stricter check of the restricted level stands for one of the baseline, from a version on.
_REPLACED = {baseline.capabilities: 22, baseline.proc_mount_relaxed: 35, baseline.host_paths: 0, baseline.seccomp: 19}


def template_of(obj: Object) -> Pod | None:
    """What is judged of an object; None for a kind that makes no pods."""
    kind = obj.get("kind", "")
    if kind not in _TEMPLATES and kind not in _WITH_TEMPLATE:
        return None
    path = _TEMPLATES.get(kind, "spec.template")
    template = at_path(obj, path) if path else obj
    return Pod.of(template) if isinstance(template, dict) else None


def _findings(level: Level, pod: Pod) -> list[Finding]:
    if level.name == PRIVILEGED:
        return []
    chosen = [check for since, until, check in _BASELINE if since <= level.minor <= until]
    if level.name != BASELINE:
        chosen = [check for check in chosen if level.minor < _REPLACED.get(check, 10**6)]
        chosen += [check for since, until, check in _RESTRICTED if since <= level.minor <= until]
    return [finding for check in chosen if (finding := check(pod))]


def detail(level: Level, pod: Pod) -> str:
    """What the pod does that the level forbids, with names and values; empty when nothing."""
    found = _findings(level, pod)
    return ", ".join(f"{one.reason} ({one.detail})" if one.detail else one.reason for one in found)


def reasons(level: Level, pod: Pod) -> str:
    return ", ".join(one.reason for one in _findings(level, pod))
