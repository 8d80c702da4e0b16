"""Deployments and their kin, jobs and cron jobs."""

import zoneinfo
from typing import Any

from sandbox.kubeapi.entries import Object
from sandbox.kubeapi.errors import Cause, forbidden_field, invalid_value, required, unsupported_value
from sandbox.kubeapi.rules import names
from sandbox.kubeapi.rules.metadata import check_selector
from sandbox.kubeapi.rules.names import refuse
from sandbox.kubeapi.rules.numbers import as_number, check_at_most_all, check_count_or_share, check_not_negative
from sandbox.kubeapi.rules.pods import check_template
from sandbox.kubeapi.rules.schedules import check_schedule
from sandbox.kubeapi.rules.stored import check_claim_spec
from sandbox.kubeapi.selectors import matches_labels

Spec = dict[str, Any]
_LONGEST_CRON_NAME = 52
_JOB_RESTARTS = ("OnFailure", "Never")


def check_deployment(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = check_not_negative(spec, ("replicas",), "spec") + _check_pods(spec, "deployment")
    causes += _check_strategy(spec.get("strategy") or {})
    causes += check_not_negative(spec, ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"), "spec")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        why = "must be greater than minReadySeconds"
        causes.append(invalid_value("spec.progressDeadlineSeconds", deadline, why))
    return causes


def _check_strategy(strategy: Spec) -> list[Cause]:
    field, rolling = "spec.strategy", strategy.get("rollingUpdate")
    if strategy.get("type") == "Recreate":
        why = "may not be specified when strategy `type` is 'Recreate'"
        return [forbidden_field(f"{field}.rollingUpdate", why)] if rolling is not None else []
    if strategy.get("type") != "RollingUpdate":
        return [unsupported_value(field, strategy, ["Recreate", "RollingUpdate"])]
    return _check_rolling(rolling or {}, f"{field}.rollingUpdate", "may not be 0 when `maxSurge` is 0")


def _check_rolling(rolling: Spec, field: str, both_zero: str) -> list[Cause]:
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    causes = check_count_or_share(unavailable, f"{field}.maxUnavailable")
    causes += check_count_or_share(surge, f"{field}.maxSurge")
    if as_number(unavailable) == 0 and as_number(surge) == 0:
        causes.append(invalid_value(f"{field}.maxUnavailable", unavailable, both_zero))
    return causes + check_at_most_all(unavailable, f"{field}.maxUnavailable")


def check_replica_set(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    return check_not_negative(spec, ("replicas", "minReadySeconds"), "spec") + _check_pods(spec, "replicaset")


def check_stateful_set(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = []
    management = spec.get("podManagementPolicy", "OrderedReady")
    if management not in ("OrderedReady", "Parallel"):
        why = "must be 'OrderedReady' or 'Parallel'"
        causes.append(invalid_value("spec.podManagementPolicy", management, why))
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") not in ("RollingUpdate", "OnDelete"):
        why = "must be 'RollingUpdate' or 'OnDelete'"
        causes.append(invalid_value("spec.updateStrategy", strategy, why))
    rolling = strategy.get("rollingUpdate") or {}
    causes += check_not_negative(rolling, ("partition",), "spec.updateStrategy.rollingUpdate")
    causes += check_not_negative(spec, ("replicas", "minReadySeconds"), "spec")
    if spec.get("serviceName"):
        causes += refuse("spec.serviceName", spec["serviceName"], names.label)
    templates = spec.get("volumeClaimTemplates") or []
    for index, template in enumerate(templates):
        causes += check_claim_spec(template.get("spec") or {}, f"spec.volumeClaimTemplates[{index}].spec")
    names_of_claims = dict.fromkeys((one.get("metadata") or {}).get("name", "") for one in templates)
    claims = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names_of_claims]
    causes += _check_pods(spec, "statefulset", claims)
    return causes + check_not_negative(spec, ("revisionHistoryLimit",), "spec")


def check_daemon_set(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = _check_pods(spec, "daemonset") + check_not_negative(spec, ("minReadySeconds",), "spec")
    strategy = spec.get("updateStrategy") or {}
    rolling, field = strategy.get("rollingUpdate"), "spec.updateStrategy.rollingUpdate"
    if strategy.get("type") not in ("RollingUpdate", "OnDelete"):
        causes.append(unsupported_value("spec.updateStrategy", strategy, ["RollingUpdate", "OnDelete"]))
    if strategy.get("type") == "RollingUpdate" and rolling is not None:
        surge, unavailable = as_number(rolling.get("maxSurge", 0)), as_number(rolling.get("maxUnavailable", 0))
        if surge and unavailable:
            why = "may not be set when maxUnavailable is non-zero"
            causes.append(invalid_value(f"{field}.maxSurge", rolling["maxSurge"], why))
        if not surge and not unavailable:
            causes.append(required(f"{field}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return causes + check_not_negative(spec, ("revisionHistoryLimit",), "spec")


def _check_pods(spec: Spec, kind: str, claims: list[Spec] | None = None) -> list[Cause]:
    """The selector, and the template that must carry its labels."""
    selector, template = spec.get("selector"), spec.get("template") or {}
    causes = [required("spec.selector")] if selector is None else check_selector(selector, "spec.selector")
    if causes and selector:
        return [*causes, invalid_value("spec.selector", selector, "invalid label selector")]
    if selector is not None and not selector.get("matchLabels") and not selector.get("matchExpressions"):
        causes.append(invalid_value("spec.selector", selector, f"empty selector is invalid for {kind}"))
    labels = (template.get("metadata") or {}).get("labels")
    if selector is None or not matches_labels(selector, labels or {}):
        why = "`selector` does not match template `labels`"
        causes.append(invalid_value("spec.template.metadata.labels", labels, why))
    if claims:
        own = {claim["name"] for claim in claims}
        pod = template.get("spec") or {}
        others = [one for one in pod.get("volumes") or () if one.get("name") not in own]
        template = {**template, "spec": {**pod, "volumes": [*claims, *others]}}
    causes += check_template(template, "spec.template")
    restart = (template.get("spec") or {}).get("restartPolicy", "Always")
    if restart != "Always":
        causes.append(unsupported_value("spec.template.spec.restartPolicy", restart, ["Always"]))
    return causes


def check_job(obj: Object) -> list[Cause]:
    return _check_job_spec(obj.get("spec") or {}, "spec")


def _check_job_spec(spec: Spec, field: str) -> list[Cause]:
    counts = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished")
    causes = check_not_negative(spec, counts, field)
    template = spec.get("template") or {}
    causes += check_template(template, f"{field}.template")
    restart = (template.get("spec") or {}).get("restartPolicy", "Always")
    if restart == "Always":
        why = 'valid values: "OnFailure", "Never"'
        causes.append(required(f"{field}.template.spec.restartPolicy", why))
    elif restart not in _JOB_RESTARTS:
        causes.append(unsupported_value(f"{field}.template.spec.restartPolicy", restart, _JOB_RESTARTS))
    return causes


def check_cron_job(obj: Object) -> list[Cause]:
    spec, name = obj.get("spec") or {}, obj["metadata"]["name"]
    schedule = spec.get("schedule", "")
    causes = check_schedule(schedule, "spec.schedule") if schedule else [required("spec.schedule")]
    causes += check_not_negative(spec, ("startingDeadlineSeconds",), "spec")
    zone = spec.get("timeZone")
    if zone is not None and zone not in zoneinfo.available_timezones():
        causes.append(invalid_value("spec.timeZone", zone, f"unknown time zone {zone}"))
    policy = spec.get("concurrencyPolicy", "Allow")
    if policy not in ("Allow", "Forbid", "Replace"):
        causes.append(unsupported_value("spec.concurrencyPolicy", policy, ["Allow", "Forbid", "Replace"]))
    causes += _check_job_spec((spec.get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec")
    causes += check_not_negative(spec, ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"), "spec")
    if len(name) > _LONGEST_CRON_NAME:
        causes.append(invalid_value("metadata.name", name, f"must be no more than {_LONGEST_CRON_NAME} characters"))
    return causes
