"""The steps of a change to a service. Each may be run again after a worker died: it looks before it acts."""

from django.conf import settings

from core.resource_names import application_name, workload_name
from core.text import counted
from integrations.gitops import FileEdit, gitops
from operations.registry import Done, StepContext, StepDefinition, Wait
from operations.runners import rollout, sync
from operations.runners.commit import commit_files
from operations.runners.planning import blobs_seen
from services.runners.changes import subject
from services.runners.checks import refuse_limits_below_requests
from services.runners.effects import refuse_without_effect
from services.runners.hosts import claim_hosts
from services.runners.parameters import ServiceParameters
from services.runners.plan import change_of, planned_file, rendered_file
from services.runners.targets import target, with_target
from tenants.runners.quota import quota_fit

RIGHTS = (*sync.RIGHTS, *rollout.RIGHTS)


def steps_of(parameters: ServiceParameters) -> tuple[StepDefinition, ...]:
    return (
        StepDefinition("check", "Check the request", check),
        StepDefinition("commit", "Commit to git", commit),
        StepDefinition("sync", "Argo CD syncs this commit", sync_service),
        StepDefinition("healthy", "Wait until healthy", roll_out_service),
    )


def check(step: StepContext) -> Done:
    """Git, chart and quota once more, just before the commit: the world may have changed since the plan. What a
    rollback returns to is settled here, once."""
    gitops().fetch()
    aim = dict(step.plan.get("target") or target(step.parameters))
    parameters = with_target(step.parameters, aim)
    file = planned_file(parameters)
    claim_hosts(step, file.before, file.after or "")
    old, new, warnings = rendered_file(parameters, file)
    refuse_limits_below_requests(parameters, new)
    refuse_without_effect(parameters, new)
    tight = [row for row in quota_fit(step.tenant, old, new) if not row["fits"]]
    for row in tight:
        step.log(f"quota {row['resource']}: {row['peak']} needed at the peak of {row['hard']}")
    for warning in warnings:
        step.log(warning)
    value = {"target": aim}
    if tight:
        row = tight[0]
        return Done(f"the quota is tight: {row['resource']} would reach {row['peak']} of {row['hard']}", value)
    return Done(f"{file.path}: the chart renders {counted(len(new), 'object')}" if new else file.path, value)


def commit(step: StepContext) -> Done:
    parameters = with_target(step.parameters, step.results["check"].get("target") or {})
    path = gitops().service_path(step.tenant, step.service)
    changed = change_of(parameters)

    def change(text: str | None) -> str:
        after = changed(text)
        # Again: this text may be newer than the one that was checked.
        claim_hosts(step, text, after)
        return after

    return commit_files(step, [FileEdit(path, change)], subject=subject(parameters), expected=blobs_seen(step.plan))


def sync_service(step: StepContext) -> Done | Wait:
    name = application_name(step.tenant, step.service)
    return sync.sync_commit(step, application=name, application_set=settings.ARGOCD_APPLICATION_SET)


def roll_out_service(step: StepContext) -> Done | Wait:
    return rollout.roll_out(step, namespace=step.tenant, deployment=workload_name(step.tenant, step.service))
