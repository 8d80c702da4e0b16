"""The plan of a change to a service: what would become of its values file and of its objects."""

from collections.abc import Callable
from functools import partial
from typing import Any

from core.actor import Actor
from core.errors import Busy, NotFound
from core.resource_names import application_name
from integrations.gitops import FileEdit, FilePlan, edit_yaml, editable_values, gitops, new_service_values
from operations.runners.planning import hash_of, plan_of
from operations.runners.rendering import Release, Rendering, chart_id, rendered, rendered_once
from services.runners.changes import edits_for, host_name, host_warnings, subject, summary
from services.runners.chart_refusals import chart_refusal
from services.runners.checks import refuse_limits_below_requests, warnings_for
from services.runners.effects import refuse_without_effect
from services.runners.hosts import refuse_hosts
from services.runners.parameters import DeployServiceParameters, RollbackServiceParameters, ServiceParameters
from services.runners.targets import commit_of_history, target, with_target
from tenants.runners.quota import quota_fit

CHART = "base-service"


def plan_change(actor: Actor, asked: ServiceParameters) -> dict[str, Any]:
    """JSON for every door. Its `target` is what a rollback that names nothing returns to."""
    gitops().fetch()
    aim = target(asked)
    parameters = with_target(asked, aim)
    file = planned_file(parameters)
    refuse_hosts(actor, parameters, file.before, file.after or "")
    plan_hash = hash_of(parameters.operation, [file], chart_id(CHART))
    release, refusal = release_of(parameters), partial(chart_refusal, parameters)
    rendering = rendered_once(release, file.before, file.after, refusal=refusal, key=plan_hash)
    refuse_limits_below_requests(parameters, rendering.after)
    refuse_without_effect(parameters, rendering.after)
    quota = quota_fit(parameters.team_name, rendering.before, rendering.after)
    return plan_of(
        parameters.operation,
        [file],
        rendering,
        plan_hash=plan_hash,
        summary=summary(parameters),
        subject=subject(parameters),
        quota=quota,
        warnings=[*warnings_for(parameters, quota), *host_warnings(parameters, file.before, file.after or "")],
        target=aim,
    )


def planned_file(parameters: ServiceParameters) -> FilePlan:
    """The values file before and after, by git as last fetched."""
    path = gitops().service_path(parameters.team_name, parameters.component_name)
    (file,) = gitops().plan([FileEdit(path, change_of(parameters))])
    return file


def rendered_file(parameters: ServiceParameters, file: FilePlan) -> Rendering:
    return rendered(release_of(parameters), file.before, file.after, refusal=partial(chart_refusal, parameters))


def release_of(parameters: ServiceParameters) -> Release:
    name = application_name(parameters.team_name, parameters.component_name)
    return Release(CHART, name, parameters.team_name)


def change_of(parameters: ServiceParameters) -> Callable[[str | None], str]:
    """What turns the text of the values file into the one the operation leaves; it reads nothing more from git, since
    a push holds the lock of the clone while it calls this.
    """
    if isinstance(parameters, RollbackServiceParameters) and parameters.revision:
        restored = commit_of_history(parameters).text
        return lambda before: restored if before is not None else text_after(parameters, before)
    return partial(text_after, parameters)


def text_after(parameters: ServiceParameters, before: str | None) -> str:
    """The values file as the operation leaves it. Raises Busy or NotFound where its action does not fit the file."""
    name = f"{parameters.team_name}/{parameters.component_name}"
    if isinstance(parameters, DeployServiceParameters) and parameters.action == "onboard":
        if before is not None:
            raise Busy(f"{name} is in git already.", remedy="Deploy a new version of it, or choose another name.")
        return new_file(parameters)
    if before is None:
        raise NotFound(
            f"{name} has no values file in git, so there is nothing to change.",
            remedy="Add it first with the action onboard.",
        )
    path = gitops().service_path(parameters.team_name, parameters.component_name)
    edits = edits_for(parameters, editable_values(path, before))
    return edit_yaml(before, edits, path) if edits else before


def new_file(parameters: DeployServiceParameters) -> str:
    is_worker = parameters.component_type == "worker-service"
    text = new_service_values(
        tenant=parameters.team_name,
        service=parameters.component_name,
        image=parameters.image_repository or "",
        tag=parameters.image_tag or "",
        port=parameters.port or 8080,
        host="" if is_worker else host_name(parameters),
        replicas=1 if parameters.replicas is None else parameters.replicas,
        component_type=parameters.component_type,
    )
    leftover = parameters.model_copy(update={"host": None, "image_tag": None, "port": None, "replicas": None})
    edits = edits_for(leftover, editable_values("values.yaml", text))
    return edit_yaml(text, edits) if edits else text
